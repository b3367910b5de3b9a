#!/usr/bin/env python3
"""Compares whole runs with those of the reference's own models: scripts/end_to_end.py [VIEWS...], by default 10 and 200.

Sweeps CoOp and CoCoOp over two datasets of the embedded suite, once for each number of stored views, and holds the mean accuracies of
the seeds against those in tests/end_to_end/reference.csv (see the README there). CoOp trains for 200 epochs, so 200 views are a fresh
crop for every image and epoch, as in the reference. Fails where a difference is larger than the seeds explain. Needs a release build
and some minutes; features and runs stay in build/end_to_end, and finished work is not repeated."""

import argparse
import collections
import csv
import math
import pathlib
import sqlite3
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNNER = ROOT / "build/release/runner"
WORK = ROOT / "build/end_to_end"

# The 99 % quantile of |t| by degrees of freedom; eight differences are looked at for each number of views, so 95 % would fail in
# every third run of a correct program.
T_99 = {1: 63.66, 2: 9.92, 3: 5.84, 4: 4.60, 5: 4.03, 6: 3.71, 7: 3.50, 8: 3.36, 9: 3.25, 10: 3.17}

Outcomes = dict[tuple[str, str, str], list[float]]  # (dataset, method, half): an accuracy in percent for each seed


def reference() -> tuple[Outcomes, list[str], list[str], list[str]]:
    outcomes = collections.defaultdict(list)
    datasets, methods, seeds = [], [], []
    with open(ROOT / "tests/end_to_end/reference.csv", newline="") as rows:
        for row in csv.DictReader(rows):
            for half in ("base", "new"):
                outcomes[row["dataset"], row["method"], half].append(float(row[half]))
            for seen, value in ((datasets, row["dataset"]), (methods, row["method"]), (seeds, row["seed"])):
                if value not in seen:
                    seen.append(value)
    return outcomes, datasets, methods, seeds


def sweep(views: int, datasets: list[str], methods: list[str], seeds: list[str]) -> Outcomes:
    ledger = WORK / f"views-{views}.db"
    subprocess.run([RUNNER, "sweep", "--suite", "pocket", "--methods", ",".join(methods), "--datasets", ",".join(datasets),
                    "--seeds", ",".join(seeds), "--views", str(views), "--db", ledger, "--cache", WORK / "cache"], check=True)
    outcomes = collections.defaultdict(list)
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as db:
        for dataset, method, half, accuracy in db.execute(
                "SELECT tested_on, method, class_set, accuracy FROM result WHERE tested_on = trained_on ORDER BY seed"):
            outcomes[dataset, method, half].append(accuracy)
    return outcomes


def interval(ours: list[float], theirs: list[float]) -> float:
    """How far two means of seeds may lie apart: a 99 % t interval, as if both scatter alike."""
    error = math.sqrt(statistics.variance(ours) / len(ours) + statistics.variance(theirs) / len(theirs))
    return T_99[min(max(T_99), len(ours) + len(theirs) - 2)] * error


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("views", type=int, nargs="*", default=[10, 200], help="how many views are stored of each image")
    given = options.parse_args()
    expected, datasets, methods, seeds = reference()
    WORK.mkdir(parents=True, exist_ok=True)
    failed = 0
    for views in given.views:
        found = sweep(views, datasets, methods, seeds)
        print(f"\n{views} views: means over {len(seeds)} seeds, in percent")
        for key, theirs in expected.items():
            ours = found[key]
            if len(ours) != len(theirs):
                raise SystemExit(f"{'/'.join(key)}: {len(ours)} runs in {WORK}/views-{views}.db, {len(theirs)} in reference.csv")
            difference, allowed = statistics.mean(ours) - statistics.mean(theirs), interval(ours, theirs)
            inside = abs(difference) <= allowed
            failed += not inside
            print(f"  {key[0]:<17} {key[1]:<7} {key[2]:<5} reference {statistics.mean(theirs):5.1f}   promptbed "
                  f"{statistics.mean(ours):5.1f}   difference {difference:+5.1f}, at most {allowed:4.1f}{'' if inside else '   FAILED'}")
    print(f"\n{failed} differences are larger than the seeds explain" if failed else "\nno difference is larger than the seeds explain")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
