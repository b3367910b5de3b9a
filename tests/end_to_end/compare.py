#!/usr/bin/env python3
"""Holds promptbed's accuracies against those of the reference's own models, trained on the same draws (reference.json says how).

usage: compare.py RUNNER [--work FOLDER]

Trains CoOp and CoCoOp on the datasets and seeds of reference.json, on the ten stored views of each image that are the default, and on
as many as CoOp has epochs, which is a fresh crop in every epoch. For each method and half of the classes, the mean difference from the
reference over datasets and seeds must be within its own 99 % interval. Takes a quarter of an hour on two cores; finished runs in FOLDER
are not repeated. Ends in `N passed, N failed`.
"""

import argparse
import csv
import io
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
VIEWS = (10, 200)
# Student's t, 99 %, two-sided, by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
T99 = {1: 63.657, 2: 9.925, 3: 5.841, 4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 9: 3.250, 10: 3.169, 11: 3.106}


def trained(runner, work, reference, views):
    """promptbed's accuracies: {(method, dataset, seed): {"base": %, "new": %}}."""
    options = {name: ",".join(sorted({str(run[key]) for run in reference["runs"]}))
               for name, key in (("--methods", "method"), ("--datasets", "dataset"), ("--seeds", "seed"))}
    words = [word for pair in options.items() for word in pair] + ["--db", str(work / "ledger.db")]
    subprocess.run([runner, "sweep", *words, "--suite", "pocket", "--views", str(views), "--crops", reference["crops"],
                    "--cache", str(work / "cache")], check=True, stdout=sys.stderr)
    listed = subprocess.run([runner, "runs", "list", *words, "--where", f"views={views}", "--format", "csv"], check=True,
                            capture_output=True, text=True).stdout
    return {(row["method"], row["dataset"], int(row["seed"])): {"base": float(row["base"]), "new": float(row["new"])}
            for row in csv.DictReader(io.StringIO(listed))}


def interval(differences):
    """Half the width of the mean's 99 % interval."""
    return T99[len(differences) - 1] * statistics.stdev(differences) / math.sqrt(len(differences))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner")
    parser.add_argument("--work", type=pathlib.Path)
    given = parser.parse_args()
    reference = json.loads((HERE / "reference.json").read_text())
    failed = passed = 0
    with tempfile.TemporaryDirectory() as scratch:
        work = given.work or pathlib.Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        for views in VIEWS:
            ours = trained(given.runner, work, reference, views)
            for method in sorted({run["method"] for run in reference["runs"]}):
                for half in ("base", "new"):
                    runs = [run for run in reference["runs"] if run["method"] == method]
                    theirs = statistics.mean(run[half] for run in runs)
                    differences = [ours[method, run["dataset"], run["seed"]][half] - run[half] for run in runs]
                    mean, width = statistics.mean(differences), interval(differences)
                    agrees = abs(mean) <= width
                    passed, failed = passed + agrees, failed + (not agrees)
                    print(f"{method:8} {half:4} {views:3} views: {theirs + mean:6.2f}, the reference {theirs:6.2f}: {mean:+5.2f} ± {width:.2f}"
                          f"{'' if agrees else '   beyond its interval'}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
