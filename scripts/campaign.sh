#!/usr/bin/env bash
# Attacks the built program with kills, full disks, flipped bits and rival sweeps, and compares what is left with an undisturbed
# sweep (tests/campaign): scripts/campaign.sh [MINUTES [PRESET]], by default 60 minutes of the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${2:-release}
cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" --target runner plugins
python3 tests/campaign/campaign.py "build/$preset/runner" --minutes "${1:-60}"
