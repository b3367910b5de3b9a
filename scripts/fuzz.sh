#!/usr/bin/env bash
# Feeds the readers of strangers' files with what libFuzzer invents: scripts/fuzz.sh [MINUTES], by default 1, for each target.
# PROMPTBED_FUZZ_TARGETS chooses some: "picture pickle". What was learnt stays in build/fuzz/corpus; what was found is in
# build/fuzz/found, and the exit status is 1. Mend it, and put the input into tests/fuzz/corpus/TARGET, where a test replays it.
set -euo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-1}
[[ $minutes =~ ^[0-9]+$ ]] || { echo "scripts/fuzz.sh $minutes: give a number of minutes" >&2; exit 2; }
read -ra targets <<< "${PROMPTBED_FUZZ_TARGETS:-$(ls tests/fuzz/corpus | tr '\n' ' ')}"

cmake --preset records-asan > /dev/null
cmake --build --preset records-asan --target promptbed_fuzz
mkdir -p build/fuzz/found

fuzz() {
  local target=$1 seeds=(tests/fuzz/corpus/"$1")
  if [ "$target" = picture ]; then seeds+=(tests/golden/pixels tests/data/tiff); fi
  mkdir -p build/fuzz/corpus/"$target"
  local outcome=clean
  PROMPTBED_FUZZ_TARGET=$target build/records-asan/promptbed_fuzz build/fuzz/corpus/"$target" "${seeds[@]}" \
    -max_total_time=$((60 * minutes)) -timeout=20 -rss_limit_mb=3072 -max_len=100000 -print_final_stats=1 \
    -artifact_prefix=build/fuzz/found/"$target"- > build/fuzz/"$target".log 2>&1 || outcome="see build/fuzz/$target.log"
  echo "$target: $(sed -n 's/stat::number_of_executed_units: *//p' build/fuzz/"$target".log) inputs, $outcome"
  [ "$outcome" = clean ]
}
export -f fuzz
export minutes
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I TARGET bash -c 'fuzz TARGET' ||
  { echo "scripts/fuzz.sh: the inputs are in build/fuzz/found" >&2; exit 1; }
