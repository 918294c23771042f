# shellcheck shell=bash
# Lets every build of the workspace's own crates pass through clippy. The tests are built the same
# way, so that lint and test share one build: dependencies are built once.

driver=$(rustc --print sysroot)/bin/clippy-driver
if [ -x "$driver" ]; then
  export RUSTC_WORKSPACE_WRAPPER="$driver"
  # The separator is clippy-driver's own; a warning is an error.
  export CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"
fi

# Builds every test and the program, and prints cargo's messages as JSON. STEWARD_BUILD_UNTIL, in
# seconds since 1970, ends it with status 124: what is built stays built.
build_rust_tests() {
  local left=0
  if [ -n "${STEWARD_BUILD_UNTIL:-}" ]; then
    left=$((STEWARD_BUILD_UNTIL - $(date +%s)))
    [ "$left" -gt 0 ] || left=1
  fi
  timeout "$left" cargo test --workspace --locked --no-run --message-format=json-render-diagnostics
}
