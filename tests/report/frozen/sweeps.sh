#!/usr/bin/env bash
# Makes runs/promptbed.db in the working folder, as README.md says. RUNNER: the program, "runner" by default.
set -euo pipefail
R="${RUNNER:-runner} sweep --views 0 --threads 1 --jobs 2"
# Base-new with seed 2 of coop missing on media, and a variant of coop on two datasets.
$R --epochs 1 --methods clip_zeroshot,coop,cocoop --datasets media,objects,devices --shots 4 --seeds 1
$R --epochs 1 --methods coop --datasets objects,devices --shots 4 --seeds 2
$R --epochs 1 --methods coop --set coop.n_ctx=16 --datasets media,objects --shots 4 --seeds 1
# Methods that refuse new classes, and one with many parameters.
$R --epochs 1 --methods linear_probe,tip_adapter --datasets media,objects --shots 4 --seeds 1,2
$R --epochs 1 --methods coop_ctx60 --datasets media,objects,devices --shots 4 --seeds 1
# Another number of shots, and failures: a loss that is no number, tried twice, and prompts that are too long.
$R --epochs 1 --methods coop --datasets objects --shots 16 --seeds 1
$R --epochs 4 --methods coop --datasets devices --shots 4 --seeds 3 --lr 1e30 --retries 1 || true
$R --epochs 1 --methods coop --set coop.n_ctx=72 --datasets objects --shots 4 --seeds 1 || true
# Few-shot at several shots, with a seed and a dataset missing.
$R --epochs 1 --protocol few-shot --methods clip_zeroshot,coop,tip_adapter --datasets media,objects --shots 1,4 --seeds 1
$R --epochs 1 --protocol few-shot --methods coop --datasets media --shots 1,4 --seeds 2
$R --epochs 1 --protocol few-shot --methods coop --datasets objects --shots 2 --seeds 1
# Transfers from objects; linear_probe refuses all targets, kgcoop has one.
$R --epochs 1 --protocol cross-dataset --methods clip_zeroshot,coop,linear_probe --source objects --targets media,devices --shots 4 --seeds 1
$R --epochs 1 --protocol cross-dataset --methods coop --source objects --targets media --shots 4 --seeds 2
$R --epochs 1 --protocol domain --methods clip_zeroshot,coop,kgcoop --source objects --targets objects_shift --shots 4 --seeds 1
