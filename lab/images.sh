# shellcheck shell=bash
# The images of the lab: real programs from Debian packages, under the names the catalog uses.
#
# A folder in lab/images makes one layer of the files of Debian packages, further ones of its
# `files*` folders (settings, start scripts), and images of these. The packages are unpacked, never
# configured: no engine takes part, nothing runs inside an image, and images are a tenth of the
# usual size.
#
#   packages   package names; the closure is written out, for that saves a minute of resolving
#   tags       NAME CONFIG FILES...: a name to publish, its config, its folders of files
#   *.json     the `config` object of an image: Cmd, Env, ExposedPorts, ...
#   inherits   layers of other folders to put below; absent when an image brings everything itself

IMAGE_SUITE=trixie
IMAGE_WORK="$LAB/build"
IMAGE_STORE="$LAB/images.new/docker/registry/v2"

# Documentation and translations are most of what a package holds and nothing that a test needs.
IMAGE_EXCLUDE=(--exclude './usr/share/doc/*' --exclude './usr/share/man/*' --exclude './usr/share/locale/*'
  --exclude './usr/share/info/*' --exclude './usr/share/lintian/*' --exclude './usr/share/bash-completion/*'
  --exclude './usr/lib/systemd/*' --exclude './etc/init.d/*')

images_key() { hash_of "$LAB_SOURCE/images" "$LAB_SOURCE/images.sh" "$LAB_SOURCE/debs.sh"; }
images_seed() { echo "$LAB/images-$(images_key)"; }
images_ready() { [ -d "$(images_seed)" ]; }

# The lines of a list without its comments.
entries() { grep -hvE '^(#|$)' "$@"; }

images_download() {
  local packages
  packages=$(entries "$LAB_SOURCE"/images/*/packages | sort -u)
  # shellcheck disable=SC2086 # package names are words
  suite_download "$IMAGE_SUITE" $packages
}

# layer_pack NAME FOLDER makes NAME.tar.gz and records both digests: a manifest names the packed
# file, a config the unpacked one.
layer_pack() {
  local name="$IMAGE_WORK/$1"
  tar -C "$2" --owner=0 --group=0 --numeric-owner --sort=name -c . |
    tee >(sha256sum | cut -d' ' -f1 >"$name.diff") | gzip -1 -n >"$name.tar.gz"
  sha256sum <"$name.tar.gz" | cut -d' ' -f1 >"$name.digest"
}

# BusyBox is the shell and the tools of every image; the program itself says which it has.
busybox_links() { # ROOT
  local applet
  [ -x "$1/usr/bin/busybox" ] || return 0
  for applet in $("$1/usr/bin/busybox" --list); do
    [ -e "$1/usr/bin/$applet" ] || ln -s busybox "$1/usr/bin/$applet"
  done
  [ -e "$1/bin" ] || ln -s usr/bin "$1/bin"
}

image_layers() { # FOLDER
  local name=$1 source="$LAB_SOURCE/images/$1" root="$IMAGE_WORK/$1.root" package files
  mkdir -p "$root"
  for package in $(entries "$source/packages"); do
    deb_unpack "$IMAGE_SUITE" "$package" "$root" "${IMAGE_EXCLUDE[@]}"
  done
  busybox_links "$root"
  layer_pack "$name" "$root"
  for files in "$source"/files*/; do
    [ -d "$files" ] && layer_pack "$name-$(basename "$files")" "$files"
  done
  rm -rf "$root"
}

# The registry's storage: every content once, by its digest, and below a repository small `link`
# files that name what belongs to it. Written here directly, for a push costs a minute of processor.
blob_put() { # FILE DIGEST
  local blob="$IMAGE_STORE/blobs/sha256/${2:0:2}/$2"
  [ -e "$blob/data" ] && return
  mkdir -p "$blob"
  cp "$1" "$blob/data"
}

link_put() { # REPOSITORY-PATH DIGEST
  mkdir -p "$IMAGE_STORE/repositories/$1"
  printf 'sha256:%s' "$2" >"$IMAGE_STORE/repositories/$1/link"
}

# The path of an image in its registry: docker.io hides its own name and `library/`.
image_repository() {
  local name=${1%:*}
  case "$name" in
  *.*/*) echo "${name#*/}" ;;
  */*) echo "$name" ;;
  *) echo "library/$name" ;;
  esac
}

image_publish() { # NAME CONFIG-FILE LAYER...
  local tag=${1##*:} repository config=$2 layer digest diffs=() layers=() file="$IMAGE_WORK/document.json"
  repository=$(image_repository "$1")
  shift 2
  for layer; do
    layer="$IMAGE_WORK/$layer"
    digest=$(cat "$layer.digest")
    blob_put "$layer.tar.gz" "$digest"
    link_put "$repository/_layers/sha256/$digest" "$digest"
    diffs+=("\"sha256:$(cat "$layer.diff")\"")
    layers+=("{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"size\":$(stat -c %s "$layer.tar.gz"),\"digest\":\"sha256:$digest\"}")
  done

  printf '{"architecture":"%s","os":"linux","created":"%s","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$(dpkg --print-architecture)" "$(date -u +%FT%TZ)" "$(cat "$config")" "$(IFS=,; echo "${diffs[*]}")" >"$file"
  digest=$(sha256sum <"$file" | cut -d' ' -f1)
  blob_put "$file" "$digest"
  link_put "$repository/_layers/sha256/$digest" "$digest"

  config="{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"size\":$(stat -c %s "$file"),\"digest\":\"sha256:$digest\"}"
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
    "$config" "$(IFS=,; echo "${layers[*]}")" >"$file"
  digest=$(sha256sum <"$file" | cut -d' ' -f1)
  blob_put "$file" "$digest"
  link_put "$repository/_manifests/revisions/sha256/$digest" "$digest"
  link_put "$repository/_manifests/tags/$tag/index/sha256/$digest" "$digest"
  link_put "$repository/_manifests/tags/$tag/current" "$digest"
}

image_names() { # FOLDER
  local name=$1 source="$LAB_SOURCE/images/$1" layers=("$1") tag config files
  [ -e "$source/tags" ] || return 0
  # shellcheck disable=SC2207 # layer names are words
  [ -e "$source/inherits" ] && layers=($(cat "$source/inherits") "$name")
  while read -r tag config files; do
    # shellcheck disable=SC2086 # folder names are words
    image_publish "$tag" "$source/$config" "${layers[@]}" ${files:+$(printf "$name-%s " $files)}
  done < <(entries "$source/tags")
}

# No engine takes part, so on a cold start this runs while the engine is being unpacked.
images_build() {
  say "collecting packages for the images"
  local folder
  rm -rf "$IMAGE_WORK" "$LAB/images.new"
  mkdir -p "$IMAGE_WORK"
  # Thousands of small files are made here only to be packed and deleted: memory is kinder than a disk.
  mount -t tmpfs -o size=1g,mode=700 lab "$IMAGE_WORK" || say "no memory file system here, using the disk"
  images_download
  say "making the images"
  for folder in "$LAB_SOURCE"/images/*/; do image_layers "$(basename "$folder")"; done
  for folder in "$LAB_SOURCE"/images/*/; do image_names "$(basename "$folder")"; done
  umount "$IMAGE_WORK" || true
  rm -rf "$IMAGE_WORK" "$LAB/deb/$IMAGE_SUITE" "$LAB"/images-*
  mv "$LAB/images.new" "$(images_seed)"
  say "the images are made"
}

# The registry works on a copy: the engine that tests use starts empty, so every pull in them is
# real, and what they push is gone at the next start.
images_publish() {
  [ -d "$LAB_RUN/registry" ] && return
  mkdir -p "$LAB_RUN"
  local seed store=docker/registry/v2
  seed=$(images_seed)
  mkdir -p "$LAB_RUN/registry.new/$store"
  # A blob is never written to once it is there, so the copy shares them; what points to them changes.
  cp -al "$seed/$store/blobs" "$LAB_RUN/registry.new/$store/"
  cp -a "$seed/$store/repositories" "$LAB_RUN/registry.new/$store/"
  mv "$LAB_RUN/registry.new" "$LAB_RUN/registry"
}
