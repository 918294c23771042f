# shellcheck shell=bash
# Lets every build of the workspace's own crates pass through clippy. The tests are built the same
# way, so that lint and test share one build: dependencies are built once.

driver=$(rustc --print sysroot)/bin/clippy-driver
if [ -x "$driver" ]; then
  export RUSTC_WORKSPACE_WRAPPER="$driver"
  # The separator is clippy-driver's own; a warning is an error.
  export CLIPPY_ARGS="-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__"
fi
