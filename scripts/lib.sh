# shellcheck shell=bash disable=SC2034
# Shared by the scripts: where things are, and how to say something.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/steward"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# Installs Debian or Ubuntu packages, with sudo when that is needed and there.
apt_install() {
  have apt-get || die "this system has no apt-get: install $* with its own package manager"
  local as=()
  [ "$(id -u)" = 0 ] || as=(sudo)
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2 && return
  "${as[@]}" apt-get update >&2
  "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >&2
}

target_dir() { printf '%s' "${CARGO_TARGET_DIR:-$root/target}"; }
