# shellcheck shell=bash
# Debian packages of any suite, unpacked without installing them: an apt state of its own per
# suite, so that neither the host's sources nor its pins are touched.

suite_apt() { # SUITE ARGUMENT...
  local suite=$1 dir="$LAB/apt/$1"
  shift
  # The package cache is switched off in container images; without it every call parses the whole archive anew.
  apt-get -q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o "Dir::State::status=$dir/status" \
    -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
    -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 \
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# suite_download SUITE PACKAGE... leaves the packages in $LAB/deb/SUITE. The lists are refreshed
# first: sid deletes the old file of every package it updates.
suite_download() {
  local suite=$1 dir="$LAB/apt/$1"
  shift
  mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$LAB/deb/$suite" "$LAB_LOGS"
  : >"$dir/status"
  echo "deb [signed-by=$(debian_keyring)] $(debian_mirror) $suite main" >"$dir/sources.list"
  (
    suite_apt "$suite" update && cd "$LAB/deb/$suite" && rm -f -- *.deb && suite_apt "$suite" download "$@"
  ) >"$LAB_LOGS/apt-$suite.log" 2>&1 || die "apt could not fetch from $suite: $(tail -n 3 "$LAB_LOGS/apt-$suite.log")"
  # The lists of a suite are 60 MB that only the next download needs, and that one renews them.
  rm -rf "$dir"
}

# deb_unpack SUITE PACKAGE FOLDER [TAR-OPTION...]
deb_unpack() {
  local file="$LAB/deb/$1/$2" folder=$3
  shift 3
  dpkg-deb --fsys-tarfile "$file"_*.deb | tar -x --keep-directory-symlink -C "$folder" "$@"
}
