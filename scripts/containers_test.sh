#!/usr/bin/env bash
# Does what the recipes in containers/ do, in bare Debian roots instead of images: scripts/containers_test.sh [DISTRIBUTION [PACKAGE.deb]],
# by default bookworm. Builds the package in one root, unless one is given, installs it in another, uses it there, builds the example plugin,
# and follows the docs, command by command. Needs root, debootstrap, 8 GB of disk, and the time of a build unless a package is given.
# What it made stays in build/containers.
set -euo pipefail
distribution=${1:-bookworm} package=${2:-}
case $distribution in
  -*) echo "scripts/containers_test.sh: $distribution: give a distribution, such as bookworm" >&2; exit 2 ;;
esac
if [ -n "$package" ]; then
  [ -f "$package" ] || { echo "scripts/containers_test.sh: $package: is not there; cpack makes the package" >&2; exit 2; }
  package=$(realpath "$package")
fi
cd "$(dirname "$0")/.."

[ "$(id -u)" -eq 0 ] || { echo "scripts/containers_test.sh: needs root, for chroot" >&2; exit 2; }
command -v debootstrap > /dev/null || { echo "scripts/containers_test.sh: needs debootstrap; install it" >&2; exit 2; }
mirror=$(cat /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2> /dev/null |
  sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\).*/\2/p' | head -1 || true)
[ -n "$mirror" ] || { echo "scripts/containers_test.sh: this machine's sources of packages name no mirror" >&2; exit 2; }
folder=$PWD/build/containers/$distribution
mkdir -p "$folder"

bare_root() {
  mountpoint -q "$1/proc" && umount "$1/proc"
  rm -rf --one-file-system "$1"
  debootstrap --variant=minbase "$distribution" "$1" "$mirror" > "$folder/debootstrap.log" 2>&1 ||
    { tail -5 "$folder/debootstrap.log" >&2; exit 1; }
  cp /etc/apt/apt.conf.d/* "$1/etc/apt/apt.conf.d/" # a proxy, if this machine has one
  cp /etc/resolv.conf /etc/hosts "$1/etc/" 2> /dev/null || true
  mount -t proc proc "$1/proc"
}
leave() {
  umount "$folder"/*/proc 2> /dev/null || true
}
trap leave EXIT
inside() {
  local root=$1
  shift
  chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"
}

copy_sources() {
  mkdir "$1/src"
  git ls-files -z | xargs -0 tar -c | tar -x -C "$1/src"
}

if [ -n "$package" ]; then
  cp "$package" "$folder/promptbed.deb"
else
  echo "building in a bare $distribution"
  bare_root "$folder/build"
  copy_sources "$folder/build"
  inside "$folder/build" /src/containers/build.sh /promptbed.deb > "$folder/build.log" 2>&1 ||
    { tail -20 "$folder/build.log"; exit 1; }
  cp "$folder/build/promptbed.deb" "$folder"
fi

echo "installing in a bare $distribution"
bare_root "$folder/final"
cp "$folder/promptbed.deb" containers/install.sh "$folder/final/tmp/"
inside "$folder/final" /tmp/install.sh /tmp/promptbed.deb > "$folder/install.log" 2>&1 ||
  { tail -20 "$folder/install.log"; exit 1; }
du -xsh "$folder/final" | sed "s#$folder/final#of files in that root#"

echo "using it"
inside "$folder/final" runner --version
inside "$folder/final" runner doctor
inside "$folder/final" runner sweep --methods clip_zeroshot,coop --datasets media --seeds 1 --epochs 2 --db /work/promptbed.db
inside "$folder/final" runner report --table base-new --db /work/promptbed.db
inside "$folder/final" runner report --format html --db /work/promptbed.db --output /work/report.html
inside "$folder/final" runner predict /usr/share/promptbed/datasets/pocket/data/media/images.zip --classes camera,microphone --top 1 \
  > "$folder/predictions.txt"
head -2 "$folder/predictions.txt"

echo "building a plugin there, and following the docs"
copy_sources "$folder/final" # for the test's own files
{
  inside "$folder/final" apt-get update
  inside "$folder/final" apt-get install -y --no-install-recommends g++ make cmake libtorch-dev libfmt-dev python3
  inside "$folder/final" cmake -S /usr/share/promptbed/examples/plugin -B /plugin
  inside "$folder/final" cmake --build /plugin
} > "$folder/docs.log" 2>&1 || { tail -20 "$folder/docs.log"; exit 1; }
inside "$folder/final" python3 /src/tests/docs/commands_test.py /usr/bin/runner /plugin/plugins /work/docs
echo "the $distribution package works"
