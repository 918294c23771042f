# shellcheck shell=bash disable=SC2034
# What every part of the lab shares: where things are, how it talks, how it ends a process.

LAB="${STEWARD_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/steward/lab}"
LAB_SOURCE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

# Kept between runs: downloads, the unpacked engine, the built images, the CA.
LAB_BIN="$LAB/bin"
LAB_DOCKER_CONFIG="$LAB/dockercfg"
LAB_SOCKET="$LAB/docker.sock"
# Gone after `lab/down`: the engine's store, pid files, the registry's working copy.
LAB_RUN="$LAB/run"
LAB_LOGS="$LAB/logs"

# stdout is reserved for the `export` lines, so that `eval "$(make -s lab-up)"` works.
say() { printf 'lab: %3ds %s\n' "$SECONDS" "$*" >&2; }
die() { say "$*"; exit 1; }

# Two `lab/up` at once would build the same files; the second waits and then finds everything done.
lab_lock() {
  [ "$(id -u)" -eq 0 ] || die "needs root: it makes bridges, mounts and an engine of its own"
  mkdir -p "$LAB"
  exec 9>"$LAB/lock"
  flock -w 900 9 || die "another lab/up or lab/down holds $LAB/lock for more than 15 minutes"
}

# hash_of PATH... prints one name for the content of these files: the key of a cached result.
hash_of() {
  find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sed "s#$LAB_SOURCE##" | sha256sum | cut -c1-16
}

# start_daemon NAME COMMAND... runs it in a session of its own. The lock must not be inherited:
# a daemon that keeps it open would keep the next lab/down waiting.
start_daemon() {
  local name=$1
  shift
  mkdir -p "$LAB_RUN" "$LAB_LOGS"
  setsid "$@" >"$LAB_LOGS/$name.log" 2>&1 </dev/null 9>&- &
  local pid=$!
  echo "$pid" >"$LAB_RUN/$name.pid"
  # Until it has become the program it is still this shell by its looks, which nobody would take for a daemon of ours.
  until pid_is_ours "$pid" || [ ! -e "/proc/$pid" ]; do sleep 0.01; done
}

# A pid file may be older than a reboot and its number long reused: a process is ours only when
# its command line or executable names the lab directory.
pid_is_ours() {
  [ -e "/proc/$1" ] || return 1
  local command
  command=$({ tr '\0' ' ' <"/proc/$1/cmdline"; readlink "/proc/$1/exe"; } 2>/dev/null) || true
  [[ "$command" == *"$LAB/"* ]]
}

daemon_runs() {
  local pid
  pid=$(cat "$LAB_RUN/$1.pid" 2>/dev/null) && [ -n "$pid" ] && pid_is_ours "$pid"
}

# end_pid PID SECONDS: asks, waits, then forces; returns when the process is really gone,
# because its ports, mounts and bridges are only then free again.
end_pid() {
  local pid=$1 deadline=$((SECONDS + $2))
  pid_is_ours "$pid" || return 0
  kill -TERM "$pid" 2>/dev/null || true
  while [ -e "/proc/$pid" ] && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.05; done
  if [ -e "/proc/$pid" ]; then
    say "process $pid did not end in $2 s, killing it"
    kill -KILL "$pid" 2>/dev/null || true
    while [ -e "/proc/$pid" ] && ! grep -q '^State:.Z' "/proc/$pid/status" 2>/dev/null; do sleep 0.05; done
  fi
}

stop_daemon() {
  local pid
  pid=$(cat "$LAB_RUN/$1.pid" 2>/dev/null) || return 0
  end_pid "$pid" "${2:-10}"
  rm -f "$LAB_RUN/$1.pid"
}

# wait_for SECONDS DAEMON COMMAND...: polls until the command succeeds; a daemon that has died
# is reported with the end of its log instead of a bare time-out.
wait_for() {
  local deadline=$((SECONDS + $1)) daemon=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! daemon_runs "$daemon" || [ "$SECONDS" -ge "$deadline" ]; then
      tail -n 20 "$LAB_LOGS/$daemon.log" >&2 || true
      die "$daemon is not ready (log: $LAB_LOGS/$daemon.log)"
    fi
    sleep 0.1
  done
}
