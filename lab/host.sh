# shellcheck shell=bash
# What the lab needs from the machine's own distribution.

# package:program it is wanted for
LAB_HOST_NEEDS="iproute2:ip iptables:iptables openssl:openssl curl:curl util-linux:unshare e2fsprogs:mkfs.ext4 tar:tar"

host_install() {
  local need missing=()
  for need in $LAB_HOST_NEEDS; do
    command -v "${need#*:}" >/dev/null || missing+=("${need%%:*}")
  done
  # The engine's runc links this one library dynamically.
  [[ "$(ldconfig -p)" == *libseccomp.so.2* ]] || missing+=(libseccomp2)
  [ -s "$(debian_keyring)" ] || missing+=(debian-archive-keyring)
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${missing[*]}"
  apt_install "${missing[@]}" >&2
}

# Fresh containers and cloud images come without package lists; updating them always would cost
# every start several seconds.
apt_install() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0)
  "${apt[@]}" install --no-install-recommends "$@" 2>/dev/null && return
  "${apt[@]}" update
  "${apt[@]}" install --no-install-recommends "$@"
}

debian_keyring() {
  local ring=/usr/share/keyrings/debian-archive-keyring
  [ -s "$ring.pgp" ] && ring=$ring.pgp || ring=$ring.gpg
  echo "$ring"
}

# debian_mirror prints the archive this machine is configured for, so that the lab works behind
# any mirror. Only an archive of Debian proper has sid; security and third-party ones do not.
debian_mirror() {
  local uri
  uri=$(
    {
      awk -v RS= '!/\nEnabled: *no/ {
        uri = ""; debian = 0
        n = split($0, line, "\n")
        for (i = 1; i <= n; i++) {
          if (line[i] ~ /^URIs:/) { split(line[i], word, /[ \t]+/); uri = word[2] }
          if (line[i] ~ /^Suites:.*(bookworm|trixie|forky|stable|testing|sid|unstable)/ && line[i] !~ /^Suites:[^ ]* *[^ ]*-security *$/) debian = 1
        }
        if (debian && uri != "") print uri
      }' /etc/apt/sources.list.d/*.sources 2>/dev/null
      awk '$1 == "deb" { sub(/\[[^]]*\]/, ""); if ($3 ~ /^(bookworm|trixie|forky|stable|testing|sid|unstable)$/) print $2 }' \
        /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null
    } | grep -E '/debian/?$' | head -n 1
  ) || true
  echo "${uri:-http://deb.debian.org/debian}"
}
