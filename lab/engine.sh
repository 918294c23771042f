# shellcheck shell=bash
# The lab's own Docker engine: a current release from Debian packages, unpacked, on a private
# socket. It shares nothing with an engine the machine may already run.

# The engine comes from sid, because older releases lack the API Steward is built for. runc and
# the registry come from bookworm: sid's runc wants a newer libc than the oldest host we support.
ENGINE_SUITE=sid
ENGINE_PACKAGES="docker.io docker-cli docker-compose docker-buildx containerd tini-static"
RUNTIME_SUITE=bookworm
RUNTIME_PACKAGES="runc docker-registry"

ENGINE_EXEC="$LAB_RUN/exec"

# Only what is unpacked decides whether to unpack again.
engine_key() { echo "$ENGINE_SUITE: $ENGINE_PACKAGES; $RUNTIME_SUITE: $RUNTIME_PACKAGES"; }
engine_installed() { [ "$(cat "$LAB/engine.key" 2>/dev/null)" = "$(engine_key)" ]; }

unpack_suite() { # SUITE PACKAGE...
  local suite=$1 package
  shift
  suite_download "$suite" "$@"
  rm -rf "$LAB/root/$suite"
  mkdir -p "$LAB/root/$suite"
  for package; do deb_unpack "$suite" "$package" "$LAB/root/$suite"; done
  rm -rf "$LAB/deb/$suite"
}

engine_install() {
  engine_installed && return
  say "unpacking the engine from Debian packages"
  local runtime
  # shellcheck disable=SC2086 # the lists are words
  unpack_suite "$RUNTIME_SUITE" $RUNTIME_PACKAGES &
  runtime=$!
  # shellcheck disable=SC2086
  unpack_suite "$ENGINE_SUITE" $ENGINE_PACKAGES
  wait "$runtime"

  local engine="$LAB/root/$ENGINE_SUITE/usr" other="$LAB/root/$RUNTIME_SUITE/usr"
  rm -rf "$LAB_BIN" "$LAB_DOCKER_CONFIG"
  mkdir -p "$LAB_BIN" "$LAB_DOCKER_CONFIG/cli-plugins"
  ln -s "$engine"/bin/{docker,containerd,containerd-shim-runc-v2,ctr} "$engine"/sbin/{dockerd,docker-proxy} \
    "$other/sbin/runc" "$other/bin/docker-registry" "$LAB_BIN/"
  # `init: true` in a Compose file asks for a program of this name.
  ln -s "$engine/bin/tini-static" "$LAB_BIN/docker-init"
  ln -s "$engine"/libexec/docker/cli-plugins/docker-{compose,buildx} "$LAB_DOCKER_CONFIG/cli-plugins/"
  local program
  for program in "$LAB_BIN"/* "$LAB_DOCKER_CONFIG"/cli-plugins/*; do
    [ -x "$program" ] || die "the packages do not hold $(readlink "$program")"
  done
  engine_key >"$LAB/engine.key"
}

lab_docker() { DOCKER_HOST="unix://$LAB_SOCKET" DOCKER_CONFIG="$LAB_DOCKER_CONFIG" "$LAB_BIN/docker" "$@"; }

engine_answers() { curl -fsS -m 10 --unix-socket "$LAB_SOCKET" http://docker/_ping >/dev/null 2>&1; }

# The host's /etc/docker/daemon.json must not reach this engine, so it gets a file of its own.
engine_config() {
  cat <<JSON
{
  "data-root": "$LAB_RUN/data",
  "exec-root": "$ENGINE_EXEC",
  "pidfile": "$LAB_RUN/engine-own.pid",
  "hosts": ["unix://$LAB_SOCKET"],
  "bridge": "$LAB_BRIDGE",
  "default-address-pools": [{ "base": "10.68.0.0/14", "size": 24 }],
  "storage-driver": "overlay2",
  "ip6tables": false,
  "insecure-registries": ["$REGISTRY_IP"]
}
JSON
}

# The engine's store is a disk image of its own: removing a store file by file takes minutes on
# some disks, removing one sparse file takes none. Mounted for the whole host to see, because
# volumes and their sizes are read there.
engine_disk() {
  mkdir -p "$LAB_RUN/data"
  mountpoint -q "$LAB_RUN/data" && return
  truncate -s 16G "$LAB_RUN/data.img"
  mkfs.ext4 -q -m 0 -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -O ^has_journal "$LAB_RUN/data.img"
  mount -o loop,noatime "$LAB_RUN/data.img" "$LAB_RUN/data" || say "no loop devices here, using the disk itself"
}

engine_start() {
  daemon_runs engine && engine_answers && return
  mkdir -p "$LAB_RUN"
  engine_disk
  network_prepare
  registry_ca
  { cat /etc/hosts; registry_hosts; } >"$LAB_RUN/hosts"
  engine_config >"$LAB_RUN/daemon.json"
  # A proxy of the host would carry pulls past the lab's registry, to an internet that may not be there.
  start_daemon engine env -u HTTP_PROXY -u HTTPS_PROXY -u http_proxy -u https_proxy \
    "PATH=$LAB_BIN:$PATH" "SSL_CERT_FILE=$LAB/ca/ca.crt" SSL_CERT_DIR=/nonexistent \
    unshare --mount --propagation slave "$LAB_SOURCE/engine-namespace" "$LAB_RUN/hosts" \
    "$LAB_BIN/dockerd" --config-file "$LAB_RUN/daemon.json"
  wait_for 60 engine engine_answers
}

# Containers first, through the engine: it alone knows what belongs to each. What a dead engine
# has left behind is ended by the pid files it kept.
engine_stop() {
  if [ -S "$LAB_SOCKET" ] && engine_answers; then
    local ids
    ids=$(lab_docker ps -aq)
    # shellcheck disable=SC2086 # ids are words
    [ -z "$ids" ] || timeout 60 env DOCKER_HOST="unix://$LAB_SOCKET" "$LAB_BIN/docker" rm -f $ids >/dev/null ||
      say "the engine could not remove every container"
    ids=$(lab_docker network ls -q --filter type=custom)
    # shellcheck disable=SC2086
    [ -z "$ids" ] || lab_docker network rm $ids >/dev/null || true
  fi
  stop_daemon engine 15
  # containerd outlives an engine that was killed, and so do the shims and the containers below it.
  [ ! -e "$ENGINE_EXEC/containerd/containerd.pid" ] || end_pid "$(cat "$ENGINE_EXEC/containerd/containerd.pid")" 10
  engine_stop_orphans
  rm -f "$LAB_SOCKET"
}

engine_stop_orphans() {
  local file pid
  for file in "$ENGINE_EXEC"/containerd/daemon/io.containerd.runtime.v2.task/moby/*/init.pid; do
    [ -e "$file" ] || continue
    pid=$(cat "$file")
    # The container's id is in its cgroup, which tells it from a reused number.
    grep -qs "$(basename "$(dirname "$file")")" "/proc/$pid/cgroup" && kill -KILL "$pid" 2>/dev/null
  done
  # A shim writes no pid file; the address of our own containerd on its command line marks it.
  for file in /proc/[0-9]*/cmdline; do
    # Processes end while this looks at them.
    { tr '\0' '\n' <"$file" | grep -xF "$ENGINE_EXEC/containerd/containerd.sock"; } >/dev/null 2>&1 || continue
    pid=${file#/proc/}
    end_pid "${pid%/cmdline}" 3
  done
}
