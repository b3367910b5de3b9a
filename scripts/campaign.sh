#!/usr/bin/env bash
# Attacks the built program with kills, full disks, flipped bits and rival sweeps, and compares what is left with an undisturbed
# sweep (tests/campaign): scripts/campaign.sh [MINUTES [PRESET]], by default 60 minutes of the release build.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-60} preset=${2:-release}
[[ $minutes =~ ^[0-9]+$ ]] || { echo "scripts/campaign.sh: $minutes: give a number of minutes" >&2; exit 2; }
cmake --preset "$preset" > /dev/null
cmake --build --preset "$preset" --target runner plugins
python3 tests/campaign/campaign.py "build/$preset/runner" --minutes "$minutes"
