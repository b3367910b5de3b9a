#!/usr/bin/env bash
# How a step's time and memory grow with classes, context length and batch, on ViT-B/16's sizes, one thread:
# bench/growth.sh [FOLDER]. Writes FOLDER/growth.csv and, with gnuplot, FOLDER/growth.svg; FOLDER is docs unless given.
# Takes about ten minutes; keep the machine idle.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-docs}
mkdir -p "$out"
csv=$out/growth.csv

cmake --preset release > /dev/null
cmake --build --preset release --target runner plugins > /dev/null

# measure VARIED VALUE METHOD OPTIONS...: one line of the table.
measure() {
  local varied=$1 value=$2 method=$3
  shift 3
  build/release/runner bench --methods "$method" --arch ViT-B/16 --seconds 0.5 --format csv "$@" |
    awk -F, -v varied="$varied" -v value="$value" -v method="$method" \
      '$1 == method {print varied "," value "," method "," $4 "," $7}' | tee -a "$csv"
}

echo "varied,value,method,step_ms,peak_mb" | tee "$csv"
for classes in 10 50 200 1000; do
  for method in coop cocoop; do measure classes $classes $method --class-count $classes; done
done
for tokens in 4 16 60; do
  for method in coop cocoop; do measure context $tokens $method --class-count 50 --set $method.n_ctx=$tokens; done
done
for images in 1 4 16 32; do
  for method in coop cocoop; do measure batch $images $method --class-count 50 --batch-size $images; done
done

command -v gnuplot > /dev/null || { echo "gnuplot is missing, so there is no picture" >&2; exit 0; }
gnuplot -e "csv='$csv'; svg='$out/growth.svg'" bench/growth.gnuplot
