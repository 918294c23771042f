# shellcheck shell=bash
# The images of the lab: real programs from Debian packages, under the names the catalog uses.
#
# A folder in lab/images makes one layer of the files of Debian packages, further ones of its
# `files*` folders (settings, start scripts), and images of these. The packages are unpacked, never
# configured. Layers and manifests are handed to the registry as a push does it, so
# no engine takes part, nothing runs inside an image, and images are a tenth of the usual size.
#
#   packages   package names; the closure is written out, for that saves a minute of resolving
#   tags       NAME CONFIG FILES...: a name to publish, its config, its folders of files
#   *.json     the `config` object of an image: Cmd, Env, ExposedPorts, ...
#   inherits   layers of other folders to put below; absent when an image brings everything itself

IMAGE_SUITE=trixie
IMAGE_WORK="$LAB/build"
IMAGE_SOCKET="$IMAGE_WORK/registry.sock"

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

# images_prepare needs no engine, so on a cold start it runs while the engine is being unpacked.
images_prepare() {
  say "collecting packages for the images"
  rm -rf "$IMAGE_WORK"
  mkdir -p "$IMAGE_WORK"
  # Thousands of small files are made here only to be packed and deleted: memory is kinder than a disk.
  mount -t tmpfs -o size=1g,mode=700 lab "$IMAGE_WORK" || say "no memory file system here, using the disk"
  images_download
  local folder
  for folder in "$LAB_SOURCE"/images/*/; do image_layers "$(basename "$folder")"; done
}

image_api() { # METHOD PATH [CURL-OPTION...]
  local method=$1 path=$2
  shift 2
  curl -fsS --noproxy '*' --unix-socket "$IMAGE_SOCKET" -X "$method" "$@" "http://registry$path"
}

# blob_put REPOSITORY FILE DIGEST: one upload in two requests, as the registry protocol has it.
# A layer that another image brought is only linked.
blob_put() {
  local location known="$2.repository" query=
  [ "$(cat "$known" 2>/dev/null)" != "$1" ] || return 0
  [ -e "$known" ] && query="?mount=sha256:$3&from=$(cat "$known")"
  location=$(image_api POST "/v2/$1/blobs/uploads/$query" -D - -o /dev/null | tr -d '\r' | awk 'tolower($1) == "location:" { print $2 }')
  [ -e "$known" ] && return
  image_api PUT "${location#http://registry}&digest=sha256:$3" -H 'Content-Type: application/octet-stream' --data-binary "@$2"
  echo "$1" >"$known"
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
  local tag=${1##*:} repository config=$2 layer diffs=() layers=() digest file="$IMAGE_WORK/config.json"
  repository=$(image_repository "$1")
  shift 2
  for layer; do
    layer="$IMAGE_WORK/$layer"
    blob_put "$repository" "$layer.tar.gz" "$(cat "$layer.digest")"
    diffs+=("\"sha256:$(cat "$layer.diff")\"")
    layers+=("{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"size\":$(stat -c %s "$layer.tar.gz"),\"digest\":\"sha256:$(cat "$layer.digest")\"}")
  done
  printf '{"architecture":"%s","os":"linux","created":"%s","config":%s,"rootfs":{"type":"layers","diff_ids":[%s]}}' \
    "$(dpkg --print-architecture)" "$(date -u +%FT%TZ)" "$(cat "$config")" "$(IFS=,; echo "${diffs[*]}")" >"$file"
  digest=$(sha256sum <"$file" | cut -d' ' -f1)
  rm -f "$file.repository"
  blob_put "$repository" "$file" "$digest"
  printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":%s,"digest":"sha256:%s"},"layers":[%s]}' \
    "$(stat -c %s "$file")" "$digest" "$(IFS=,; echo "${layers[*]}")" >"$IMAGE_WORK/manifest.json"
  image_api PUT "/v2/$repository/manifests/$tag" --data-binary "@$IMAGE_WORK/manifest.json" \
    -H 'Content-Type: application/vnd.oci.image.manifest.v1+json'
}

# The registry's files are kept and each start works on a copy: the engine that tests use starts
# empty, so every pull in them is real, and tests may push.
images_build() {
  say "publishing the images"
  local folder name tag config files layers
  rm -rf "$LAB/images.new"
  registry_config "$LAB/images.new" "$IMAGE_SOCKET" unix >"$IMAGE_WORK/registry.yml"
  start_daemon images "$LAB_BIN/docker-registry" serve "$IMAGE_WORK/registry.yml"
  wait_for 30 images image_api GET /v2/
  for folder in "$LAB_SOURCE"/images/*/; do
    name=$(basename "$folder")
    [ -e "$folder/tags" ] || continue
    layers=("$name")
    # shellcheck disable=SC2207 # layer names are words
    [ -e "$folder/inherits" ] && layers=($(cat "$folder/inherits") "$name")
    while read -r tag config files; do
      # shellcheck disable=SC2086 # folder names are words
      image_publish "$tag" "$folder/$config" "${layers[@]}" ${files:+$(printf "$name-%s " $files)}
    done < <(entries "$folder/tags")
  done
  stop_daemon images
  rm -rf "$LAB"/images-*
  mv "$LAB/images.new" "$(images_seed)"
  umount "$IMAGE_WORK" || true
  rm -rf "$IMAGE_WORK" "$LAB/deb/$IMAGE_SUITE"
}

images_publish() {
  [ -d "$LAB_RUN/registry" ] && return
  mkdir -p "$LAB_RUN"
  cp -a "$(images_seed)" "$LAB_RUN/registry.new"
  mv "$LAB_RUN/registry.new" "$LAB_RUN/registry"
}
