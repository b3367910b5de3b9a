#!/usr/bin/env bash
# Builds promptbed and runs all its tests: scripts/test.sh [PRESET], by default release.
# PROMPTBED_GOLDEN names another folder of reference vectors than tests/golden. Where PROMPTBED_NO_SKIPS is set, tests fail, instead
# of being skipped, without the programs that they need.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
case $preset in
  -*) echo "scripts/test.sh: $preset: give a preset, such as ci; cmake --list-presets names them" >&2; exit 2 ;;
esac

scripts/deps.sh --tests
if [ -n "${PROMPTBED_GOLDEN:-}" ]; then
  PROMPTBED_GOLDEN=$(realpath "$PROMPTBED_GOLDEN")
  export PROMPTBED_GOLDEN
fi
cmake --preset "$preset"
cmake --build --preset "$preset"
ctest --preset "$preset" --parallel "$(nproc)"
