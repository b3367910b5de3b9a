#!/usr/bin/env bash
# Builds promptbed and compares the four methods on the pocket datasets: scripts/demo.sh MODEL DATA
# MODEL is a CLIP (a folder or a file), DATA holds the datasets' folders. Results stay in runs/.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -ne 2 ]; then
  echo "usage: scripts/demo.sh MODEL DATA" >&2
  exit 2
fi

scripts/deps.sh
cmake --preset release
cmake --build --preset release --target runner plugins
build/release/runner sweep --methods clip_zeroshot,coop,cocoop,coop_ctx60 --suite pocket --model "$1" --data "$2"
build/release/runner report --table base-new --suite pocket
