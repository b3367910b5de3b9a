#!/usr/bin/env bash
# Measures promptbed against baselines in the same program and prints one table: scripts/bench.sh [--json FILE] [OPTIONS]
# Options are Google Benchmark's, such as --benchmark_filter=coop. Takes some minutes; keep the machine idle.
set -euo pipefail
cd "$(dirname "$0")/.."

options=()
while [ $# -gt 0 ]; do
  case $1 in
    --json)
      [ $# -gt 1 ] || { echo "scripts/bench.sh: --json needs a file" >&2; exit 2; }
      options+=("--benchmark_out=$2" --benchmark_out_format=json)
      shift 2 ;;
    *) options+=("$1"); shift ;;
  esac
done

cmake --preset release > /dev/null
cmake --build --preset release --target promptbed_bench > /dev/null
exec build/release/promptbed_bench "${options[@]}"
