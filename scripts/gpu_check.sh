#!/usr/bin/env bash
# Whether promptbed computes what it should on this machine's GPU, and how fast: scripts/gpu_check.sh [--output FOLDER] [BUNDLE | BUILD]
# BUNDLE is an archive of `scripts/bundle.sh --tests`, or the folder that it was unpacked to; BUILD a build tree. Without one it builds,
# against python3's PyTorch where that is one of 2.7 or later. Writes gpu_check.md and gpu_check.json, by default into build/gpu_check. Is
# meant to take ten minutes; no command of it takes more than five. Where there is no GPU it says so and does what can be done without: most
# runs on a device that stands in for one.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
# A path as it was given, from where this was called.
from_there() { (cd "$here" && realpath -m -- "$1"); }

command -v python3 > /dev/null || { echo "scripts/gpu_check.sh: there is no python3 in PATH; install it" >&2; exit 2; }
output=build/gpu_check
if [ "${1:-}" = --output ]; then
  [ -n "${2:-}" ] || { echo "scripts/gpu_check.sh: --output needs a folder" >&2; exit 2; }
  output=$(from_there "$2")
  shift 2
fi
case ${1:-} in
  -*) echo "scripts/gpu_check.sh: $1: known: --output FOLDER" >&2; exit 2 ;;
esac
[ $# -eq 0 ] || [ -n "$1" ] || { echo "scripts/gpu_check.sh: the bundle has no name; give one, or nothing to build here" >&2; exit 2; }
mkdir -p "$output" 2> /dev/null || { echo "scripts/gpu_check.sh: --output $output: cannot be made; give another folder" >&2; exit 2; }
given=${1:+$(from_there "$1")}
named=$given
golden=${PROMPTBED_GOLDEN:+$(from_there "$PROMPTBED_GOLDEN")}

pytorch=${PROMPTBED_PYTORCH:+$(from_there "$PROMPTBED_PYTORCH")}
pytorch=${pytorch:-$(python3 -c 'import importlib.util; print(importlib.util.find_spec("torch").submodule_search_locations[0])' 2> /dev/null || true)}
export PROMPTBED_PYTORCH=$pytorch
if [ -z "$given" ]; then
  # Debian's own python3-torch, for the CPU, is older.
  version=$(sed -n "s/^__version__ = '\([0-9.]*\).*/\1/p" "$pytorch/version.py" 2> /dev/null || true)
  printf '%s\n' 2.7 "$version" | sort -V -C || pytorch=
  given=$PWD/build/gpu
  cmake -S . -B "$given" -G Ninja -DCMAKE_BUILD_TYPE=Release -DPROMPTBED_PYTORCH="$pytorch" > /dev/null
  cmake --build "$given" --target runner plugins tensors_tests promptbed_bench
elif [ -f "$given" ]; then
  unpacked=$(mktemp -d)
  trap 'rm -rf "$unpacked"' EXIT
  tar -C "$unpacked" -xf "$given" 2> /dev/null ||
    { echo "scripts/gpu_check.sh: $named: cannot be unpacked; make it anew with scripts/bundle.sh --tests" >&2; exit 2; }
  given=$(find "$unpacked" -mindepth 1 -maxdepth 1 -type d | head -n 1)
fi

if [ -f "$given/CMakeCache.txt" ]; then
  programs=$given plugins=$given/plugins
elif [ -x "$given/bin/runner" ] && [ -x "$given/runner" ]; then
  "$given/runner" --version > /dev/null # which says so if it was made for another PyTorch
  programs=$given/bin plugins=$given/lib/promptbed/plugins
  export LD_LIBRARY_PATH=$pytorch/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} # the bundle has all else
else
  echo "scripts/gpu_check.sh: $named: is no bundle and no build tree; make one with scripts/bundle.sh --tests" >&2
  exit 2
fi
python3 scripts/gpu_check.py "$programs" "$plugins" "${golden:-tests/golden}" "$output"
