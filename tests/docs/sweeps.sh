#!/usr/bin/env bash
# Makes the ledger that docs/reports.md prints from: tests/docs/sweeps.sh RUNNER, in an empty folder; runs/promptbed.db is tests/docs/ledger.db.
# Afterwards commands_test.py --update writes what the page shows anew. Takes five minutes on two cores.
set -euo pipefail

runner=$1
"$runner" sweep --methods clip_zeroshot,coop,cocoop --datasets devices,media,objects
"$runner" sweep --methods coop_ctx60 --datasets devices,objects --seeds 1,2
"$runner" sweep --methods clip_zeroshot,coop --protocol few-shot --datasets devices,media --shots 1,4 --seeds 1,2
"$runner" sweep --methods clip_zeroshot,coop --protocol cross-dataset --source objects --targets devices,media --seeds 1,2
"$runner" sweep --methods clip_zeroshot,coop --protocol domain --source objects --seeds 1,2
