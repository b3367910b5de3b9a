#!/usr/bin/env python3
"""What a sweep of very many runs on Slurm costs the process that plans, submits and collects: slurm_scale.py RUNNER [RUNS], by default
100000. Programs of its own stand in for Slurm's. The outcomes of one run are real, and those of the others, copies under their ids, are
there all at once. The sweep has one core. Prints seconds, outcomes a second and peak memory."""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DATASETS = 11
SEEDS = 91

SBATCH = """#!/bin/sh
echo "$@" >> "$(dirname "$0")/submitted"
wc -l < "$(dirname "$0")/submitted"
"""
SQUEUE = """#!/bin/sh
[ -e "$(dirname "$0")/ended" ] || for task in $(seq 100); do echo "1_$task RUNNING"; done
"""
SCONTROL = "#!/bin/sh\necho 'MaxArraySize = 1001'\n"


def program(folder, name, text):
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def words(runner, ledger, *grid):
    return [runner, "sweep", "--methods", "coop", "--datasets", *grid, "--db", str(ledger), "--executor", "slurm", "--tasks", "100"]


def outcome_of_one(runner, folder, environment):
    """The files that a real task keeps of a real run: names with RUN in the place of its id, and contents."""
    ledger = folder / "one.db"
    subprocess.run([*words(runner, ledger, "media", "--seeds", "1", "--epochs", "1"), "--no-wait"], check=True, env=environment, capture_output=True)
    array = folder / "one.db.slurm" / "array-0001"
    task = {"SLURM_ARRAY_JOB_ID": "1", "SLURM_ARRAY_TASK_ID": "1"}
    subprocess.run([runner, "sweep", "--task", str(array)], check=True, env={**environment, **task}, capture_output=True)
    outcomes = folder / "one.db.slurm" / "outcomes"
    [run] = outcomes.iterdir()
    return {file.name.replace(run.name, "RUN"): file.read_bytes().replace(run.name.encode(), b"RUN") for file in run.iterdir()}


def write_outcomes(folder, runs, files):
    """Of each run as its task writes them, the end last."""
    for run in runs:
        place = folder / run
        place.mkdir(parents=True)
        for name in sorted(files, key=lambda name: name == "end"):
            temporary = place / (name.replace("RUN", run) + ".part")
            temporary.write_bytes(files[name].replace(b"RUN", run.encode()))
            temporary.rename(place / name.replace("RUN", run))


def wait_for(path, process):
    while not path.exists():
        if process.poll() is not None:
            sys.exit("slurm_scale.py: the sweep ended before it had submitted; start it by hand to see why")
        time.sleep(0.05)


def main():
    options = argparse.ArgumentParser(description=__doc__.split(":")[0])
    options.add_argument("runner", type=Path)
    options.add_argument("runs", type=int, nargs="?", default=100_000)
    given = options.parse_args()
    if not given.runner.is_file():
        options.error(f"{given.runner}: is not there; build it first")
    runner = str(given.runner.resolve())
    contexts = -(-given.runs // (DATASETS * SEEDS * 2))  # of one to so many vectors, per class and shared
    with tempfile.TemporaryDirectory(prefix="promptbed_scale_") as name:
        folder = Path(name)
        slurm = folder / "slurm"
        slurm.mkdir()
        for tool, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("scontrol", SCONTROL), ("scancel", "#!/bin/sh\n")):
            program(slurm, tool, text)
        environment = {**os.environ, "PATH": f"{slurm}:{os.environ['PATH']}"}
        files = outcome_of_one(runner, folder, environment)
        (slurm / "submitted").unlink()

        grid = ["all", "--seeds", f"1-{SEEDS}", "--set", "coop.csc=false,true", "--set", "coop.n_ctx=" + ",".join(str(n + 1) for n in range(contexts))]
        begin = time.monotonic()
        with open(folder / "output", "w") as out, open(folder / "errors", "w") as err:
            sweep = subprocess.Popen(["taskset", "-c", "0", *words(runner, folder / "many.db", *grid)], env=environment, stdout=out, stderr=err)
        array = folder / "many.db.slurm" / "array-0001"
        wait_for(array / "bench.json", sweep)
        wait_for(array / "array.json", sweep)
        submitted = time.monotonic()
        runs = re.findall(r'"([0-9a-f]{16})"', (array / "array.json").read_text())
        write_outcomes(folder / "written", runs, files)
        begin_collecting = time.monotonic()
        (folder / "written").rename(folder / "many.db.slurm" / "outcomes")  # in the place of an empty folder
        (slurm / "ended").touch()
        _, status, usage = os.wait4(sweep.pid, 0)
        end = time.monotonic()
        if status != 0:
            sys.exit(f"slurm_scale.py: the sweep failed: {(folder / 'errors').read_text()[-2000:]}")
        output = (folder / "output").read_text()
    print(output.strip())
    print(f"planned, claimed and submitted   {submitted - begin:8.1f} s")
    print(f"collected                        {len(runs) / (end - begin_collecting):8.0f} outcomes a second")
    print(f"peak memory                      {usage.ru_maxrss / 1024:8.0f} MB")


if __name__ == "__main__":
    main()
