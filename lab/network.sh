# shellcheck shell=bash
# Bridges and firewall: what the lab adds to the host's network, and how all of it leaves again.

LAB_BRIDGE=labbr0 # of the engine itself; without one it would remove the docker0 of another engine
LAB_NETWORK_BRIDGE=lab0
LAB_NETWORK=10.66.0.0/24

network_prepare() {
  # The engine switches forwarding on and sets the FORWARD policy when it does; both are put back.
  if [ ! -e "$LAB_RUN/forwarding" ]; then
    {
      cat /proc/sys/net/ipv4/ip_forward
      iptables -S FORWARD | awk '$1 == "-P" { print $3 }'
    } >"$LAB_RUN/forwarding"
  fi
  if [ ! -e "/sys/class/net/$LAB_BRIDGE" ]; then
    ip link add "$LAB_BRIDGE" type bridge
    ip addr add 10.67.0.1/24 dev "$LAB_BRIDGE"
    ip link set "$LAB_BRIDGE" up
  fi
}

# The network that tests and registry share; its gateway is the address the registry listens on.
network_create() {
  lab_docker network inspect lab >/dev/null 2>&1 && return
  lab_docker network create --subnet "$LAB_NETWORK" --gateway "$REGISTRY_IP" \
    -o "com.docker.network.bridge.name=$LAB_NETWORK_BRIDGE" lab >/dev/null
}

# lab_bridges prints the bridges that are ours. A br-* belongs to us only if our engine's own
# database knows the network id in its name: another engine on this host names its bridges alike.
lab_bridges() {
  local path name
  for path in /sys/class/net/*; do
    name=${path##*/}
    case "$name" in
    "$LAB_BRIDGE" | "$LAB_NETWORK_BRIDGE") echo "$name" ;;
    br-*) grep -qsaF "${name#br-}" "$LAB_RUN/data/network/files/local-kv.db" && echo "$name" ;;
    esac
  done
  return 0
}

network_remove() {
  command -v iptables >/dev/null || return 0
  local bridges bridge pattern table rules rule
  bridges=$(lab_bridges)
  # shellcheck disable=SC2086 # names are words
  # A bridge that is already gone may still be named by rules, hence the two fixed names.
  pattern="(-[io] ($LAB_BRIDGE|$LAB_NETWORK_BRIDGE$(printf '|%s' $bridges))( |\$))|10\\.6[67]\\.0\\."
  for table in filter nat raw; do
    rules=$(iptables -t "$table" -S 2>/dev/null | grep -E '^-A' | grep -E -- "$pattern" | sed 's/^-A/-D/') || true
    while read -r rule; do
      # shellcheck disable=SC2086 # a saved rule is a list of arguments
      [ -z "$rule" ] || iptables -t "$table" $rule 2>/dev/null || true
    done <<<"$rules"
  done
  for bridge in $bridges; do ip link delete "$bridge" 2>/dev/null || true; done
  engine_chains_remove
  forwarding_restore
}

# The chains themselves are shared by every Docker engine of a host. They go only when none of
# their rules names an interface any more, that is, when nobody else uses them.
engine_chains_remove() {
  local table chain chains rules rule
  for table in filter nat raw; do
    rules=$(iptables -t "$table" -S 2>/dev/null | grep -E 'DOCKER' | grep -E -- '-[io] [^ ]*(docker|br-)') && return
  done
  for table in filter nat raw; do
    chains=$(iptables -t "$table" -S 2>/dev/null | awk '$1 == "-N" && $2 ~ /^DOCKER/ { print $2 }') || true
    [ -n "$chains" ] || continue
    rules=$(iptables -t "$table" -S | grep -E '^-A (INPUT|OUTPUT|FORWARD|PREROUTING|POSTROUTING) .*-j DOCKER' | sed 's/^-A/-D/') || true
    while read -r rule; do
      # shellcheck disable=SC2086
      [ -z "$rule" ] || iptables -t "$table" $rule || true
    done <<<"$rules"
    for chain in $chains; do iptables -t "$table" -F "$chain"; done
    for chain in $chains; do iptables -t "$table" -X "$chain" || true; done
  done
}

forwarding_restore() {
  [ -e "$LAB_RUN/forwarding" ] || return 0
  local forward policy
  { read -r forward; read -r policy; } <"$LAB_RUN/forwarding"
  iptables -P FORWARD "$policy"
  echo "$forward" >/proc/sys/net/ipv4/ip_forward
  rm -f "$LAB_RUN/forwarding"
}
