# shellcheck shell=bash
# One registry stands in for the public ones. The engine believes it talks to the real hosts, so
# pulls, progress and errors ("manifest unknown") are those of a real registry.

REGISTRY_IP=10.66.0.1
REGISTRY_NAMES="registry-1.docker.io ghcr.io lscr.io quay.io"

registry_hosts() {
  local name
  for name in $REGISTRY_NAMES; do echo "$REGISTRY_IP $name"; done
}

# The key never leaves this directory and only the lab's engine trusts the CA.
registry_ca() {
  local ca="$LAB/ca"
  # A year is left out of simplicity; a certificate about to expire is made anew.
  if [ "$(cat "$ca/names" 2>/dev/null)" = "$REGISTRY_NAMES" ] &&
    openssl x509 -checkend 86400 -noout -in "$ca/registry.crt" >/dev/null 2>&1; then
    return
  fi
  rm -rf "$ca"
  mkdir -m 700 "$ca"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Steward lab CA" \
    -addext basicConstraints=critical,CA:TRUE -keyout "$ca/ca.key" -out "$ca/ca.crt" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=Steward lab registry" \
    -keyout "$ca/registry.key" -out "$ca/registry.csr" 2>/dev/null
  # shellcheck disable=SC2086 # names are words
  openssl x509 -req -in "$ca/registry.csr" -CA "$ca/ca.crt" -CAkey "$ca/ca.key" -CAcreateserial -days 3650 \
    -extfile <(printf 'subjectAltName=IP:%s%s\n' "$REGISTRY_IP" "$(printf ',DNS:%s' $REGISTRY_NAMES)") \
    -out "$ca/registry.crt" 2>/dev/null
  echo "$REGISTRY_NAMES" >"$ca/names"
}

registry_config() { # PORT
  cat <<YAML
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: $LAB_RUN/registry }
  delete: { enabled: true }
http: { addr: "$REGISTRY_IP:$1" }
YAML
}

# One program binds one address: TLS for the public names, plain for `10.66.0.1/...` and for reading by hand.
registry_start() {
  mkdir -p "$LAB_RUN/registry"
  if ! daemon_runs registry-tls; then
    registry_config 443 >"$LAB_RUN/registry-tls.yml"
    start_daemon registry-tls env "REGISTRY_HTTP_TLS_CERTIFICATE=$LAB/ca/registry.crt" "REGISTRY_HTTP_TLS_KEY=$LAB/ca/registry.key" \
      "$LAB_BIN/docker-registry" serve "$LAB_RUN/registry-tls.yml"
  fi
  if ! daemon_runs registry-plain; then
    registry_config 80 >"$LAB_RUN/registry-plain.yml"
    start_daemon registry-plain "$LAB_BIN/docker-registry" serve "$LAB_RUN/registry-plain.yml"
  fi
  wait_for 30 registry-tls curl -fsS --noproxy '*' --cacert "$LAB/ca/ca.crt" "https://$REGISTRY_IP/v2/"
  wait_for 30 registry-plain curl -fsS --noproxy '*' "http://$REGISTRY_IP/v2/"
}

registry_stop() {
  stop_daemon registry-plain 5
  stop_daemon registry-tls 5
}
