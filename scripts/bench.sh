#!/usr/bin/env bash
# Measures promptbed against baselines in the same program and prints one table: scripts/bench.sh [--json FILE] [OPTIONS]
# Or says what became slower than OLD by more than noise: scripts/bench.sh --compare OLD [--rounds N] [OPTIONS]. OLD is a file of --json, a
# folder of such (bench/baselines), or another promptbed_bench, which then runs in turns with this one (scripts/bench_compare.py).
# Options are Google Benchmark's, such as --benchmark_filter=coop. Takes some minutes; keep the machine idle.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."
# A path as it was given, from where this was called.
from_there() { (cd "$here" && realpath -m -- "$1"); }

options=()
old=
while [ $# -gt 0 ]; do
  case $1 in
    --json)
      [ $# -gt 1 ] || { echo "scripts/bench.sh: --json needs a file" >&2; exit 2; }
      options+=("--benchmark_out=$(from_there "$2")" --benchmark_out_format=json)
      shift 2 ;;
    --compare)
      [ $# -gt 1 ] || { echo "scripts/bench.sh: --compare needs a file, a folder or a program" >&2; exit 2; }
      old=$(from_there "$2")
      [ -e "$old" ] || { echo "scripts/bench.sh: $old: is not there; scripts/bench.sh --json FILE makes one" >&2; exit 2; }
      shift 2 ;;
    *) options+=("$1"); shift ;;
  esac
done
case $old/${options[*]:-} in
  ?*/*--benchmark_out=*) echo "scripts/bench.sh: --json beside --compare: give one of them" >&2; exit 2 ;;
esac

cmake --preset release > /dev/null
cmake --build --preset release --target promptbed_bench > /dev/null
if [ -n "$old" ]; then exec scripts/bench_compare.py "$old" build/release/promptbed_bench "${options[@]}"; fi
exec build/release/promptbed_bench "${options[@]}"
