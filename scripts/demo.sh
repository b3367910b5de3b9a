#!/usr/bin/env bash
# From a clone to the first table: installs what is missing, builds promptbed, compares four methods on the embedded suite
# pocket with three seeds, prints the table and writes a page with all results. They stay in runs/; finished work is not repeated.
set -euo pipefail
[ $# -eq 0 ] || { echo "scripts/demo.sh: takes no arguments; runner sweep --help has the choices" >&2; exit 2; }
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

step "1 of 5: packages (nothing to do where they are installed; otherwise a few minutes of downloads)"
scripts/deps.sh

step "2 of 5: building runner and the plugins (4 minutes and more on 2 cores the first time, seconds after that)"
cmake --preset release > /dev/null
cmake --build --preset release --target runner plugins promptbed_described

step "3 of 5: the sweep: four methods, three seeds, all datasets (6 to 11 minutes on 2 cores the first time; Ctrl-C keeps what is finished)"
build/release/runner sweep --methods clip_zeroshot,coop,cocoop,coop_ctx60 --suite pocket --seeds 1,2,3

step "4 of 5: the table, and what the methods gain over zero-shot"
build/release/runner report --table base-new --suite pocket
echo
build/release/runner report --table base-new --suite pocket --versus clip_zeroshot

step "5 of 5: the same with plots, as a page for your browser"
build/release/runner report --format html --suite pocket --output runs/report.html
echo "$PWD/runs/report.html"
