#!/usr/bin/env python3
"""Sweeps on a real Slurm of this machine, disturbed in every way that clusters know, beside the same sweep made here:
slurm_test.py RUNNER [CASE...]

Runs, scores, epochs and prompts must be equal, bit by bit, and no file, task or process may be left. It needs Slurm's daemons and munge
(scripts/deps.sh --tests) and root. Exit code 1 if a case fails; where a machine can have no Slurm it says so and ends with 77."""

import argparse
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "campaign"))

from cluster import Cluster, missing_programs  # noqa: E402
from world import difference, files_of, state_of  # noqa: E402

GRID = ["--methods", "clip_zeroshot,coop", "--datasets", "media,symbols,editor,office", "--seeds", "1-9", "--epochs", "2"]  # 40 runs
LONG = ["--methods", "coop", "--datasets", "media", "--seeds", "1"]  # with --epochs


class Sweeps:
    """Sweeps in folders of their own, all of the same grid, and the one that nothing disturbs."""

    def __init__(self, runner, cluster, folder):
        self.runner, self.cluster, self.folder = str(Path(runner).resolve()), cluster, Path(folder)
        self.undisturbed = {}

    def words(self, runs, grid, *more):
        return [self.runner, "sweep", *grid, "--threads", "1", "--db", str(runs / "ledger.db"), *more]

    def on_cluster(self, runs, grid, *more):
        """Without --retries, so that a run which pays for another's accident shows."""
        return self.words(runs, grid, "--executor", "slurm", "--tasks", "4", *more)

    def start(self, words):
        return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.cluster.environment)

    def run(self, words, code=0):
        done = self.cluster.run(words, check=False, timeout=600)
        assert done.returncode == code, f"ends with {done.returncode}, not {code}: {done.stderr[-1500:]}"
        return done

    def local(self, grid):
        """The runs of the grid, made here."""
        key = tuple(grid)
        if key not in self.undisturbed:
            runs = self.folder / f"local-{len(self.undisturbed)}"
            self.run(self.words(runs, grid, "--jobs", "2"))
            self.undisturbed[key] = runs
        return self.undisturbed[key]

    def end(self, sweep, code=0):
        output, _ = sweep.communicate(timeout=600)
        assert sweep.returncode == code, f"ends with {sweep.returncode}, not {code}: {output[-1500:]}"
        return output

    def compare(self, runs, grid):
        lost, wrong = difference(state_of(self.local(grid)), state_of(runs))
        assert not lost and not wrong, f"lost: {lost[:3]}, wrong: {wrong[:3]}"
        left = set(files_of(runs)) - set(files_of(self.local(grid)))
        assert not left, f"left: {left}"
        for _ in range(100):
            if not self.cluster.tasks():
                return
            time.sleep(0.1)
        raise AssertionError(f"tasks are left: {self.cluster.tasks_in_full()}")


def processes_of(pattern):
    return [int(word) for word in subprocess.run(["pgrep", "-f", pattern], capture_output=True, text=True).stdout.split()]


def wait_until_one_began(runs):
    for _ in range(600):
        if list(runs.glob("ledger.db.slurm/array-*/began-*")):
            return
        time.sleep(0.1)
    raise TimeoutError("no task has begun for a minute")


def forty_runs(sweeps, runs):
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def submitted_and_collected_later(sweeps, runs):
    sweeps.run(sweeps.on_cluster(runs, GRID, "--no-wait"))
    while sweeps.cluster.tasks():
        time.sleep(0.2)
    done = sweeps.run(sweeps.on_cluster(runs, GRID))
    assert "submitted" not in done.stderr, "nothing was left to be submitted"
    sweeps.compare(runs, GRID)


def node_killed(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID))
    wait_until_one_began(runs)
    time.sleep(1)
    sweeps.cluster.kill_node("n1")
    time.sleep(15)  # longer than SlurmdTimeout: the node is down, and its tasks are put back
    sweeps.cluster.start_node("n1")
    sweeps.end(sweep)
    sweeps.compare(runs, GRID)


def runner_killed(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID, "--retries", "1"))
    wait_until_one_began(runs)
    for pid in processes_of("^[^ ]*runner[^ ]* sweep --task"):
        os.kill(pid, signal.SIGKILL)
    sweeps.end(sweep)
    sweeps.compare(runs, GRID)


def task_cancelled(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID, "--retries", "1"))
    sweeps.cluster.run(["scancel", sweeps.cluster.wait_for_task("RUNNING")])
    sweeps.end(sweep)
    sweeps.compare(runs, GRID)


def task_requeued(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID))
    task = sweeps.cluster.wait_for_task("RUNNING")
    time.sleep(1)
    sweeps.cluster.run(["scontrol", "requeue", task], check=False)  # it may have ended by itself
    sweeps.end(sweep)
    sweeps.compare(runs, GRID)


def task_put_back_when_all_is_made(sweeps, runs):
    """As of a node that dies after the last run of its task; Slurm would wait with it for as long as it likes."""
    sweeps.run(sweeps.on_cluster(runs, GRID, "--no-wait"))
    task = sweeps.cluster.tasks()[0]
    while sweeps.cluster.tasks():
        time.sleep(0.2)
    sweeps.cluster.run(["scontrol", "requeuehold", task])
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def controller_restarted(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID))
    wait_until_one_began(runs)
    sweeps.cluster.kill("slurmctld", signal.SIGTERM)
    time.sleep(12)  # longer than a sweep waits between two questions
    sweeps.cluster.start_controller()
    sweeps.end(sweep)
    sweeps.compare(runs, GRID)


def sweep_killed(sweeps, runs):
    for seconds in (0.3, 1, 2):
        sweep = sweeps.start(sweeps.on_cluster(runs, GRID))
        sweeps.cluster.wait_for_task("RUNNING")
        time.sleep(seconds)
        sweep.kill()
        sweep.wait()
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def sweep_interrupted(sweeps, runs):
    sweep = sweeps.start(sweeps.on_cluster(runs, GRID))
    sweeps.cluster.wait_for_task("RUNNING")
    sweep.send_signal(signal.SIGINT)
    said = sweeps.end(sweep, code=130)
    assert "with Slurm; the same command goes on" in said, said
    assert sweeps.cluster.tasks(), "the tasks go on"
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def two_sweeps_at_once(sweeps, runs):
    """The second has other runs, and a third the same as the first, which leaves it nothing to do."""
    first_grid, second_grid = [*GRID[:5], "1-5", *GRID[6:]], ["--methods", "coop", *GRID[2:5], "6-9", *GRID[6:]]
    first = sweeps.start(sweeps.on_cluster(runs, first_grid))
    sweeps.cluster.wait_for_task("RUNNING")
    second = sweeps.start(sweeps.on_cluster(runs, second_grid))
    sweeps.run(sweeps.on_cluster(runs, first_grid), code=1)  # its runs are the first one's
    sweeps.end(second)
    sweeps.end(first)
    sweeps.compare(runs, GRID)


def all_cancelled(sweeps, runs):
    sweeps.run(sweeps.on_cluster(runs, GRID, "--no-wait"))
    sweeps.cluster.wait_for_task("RUNNING")
    sweeps.run(sweeps.on_cluster(runs, GRID, "--cancel"))
    for _ in range(100):
        if not sweeps.cluster.tasks():
            break
        time.sleep(0.1)
    assert not sweeps.cluster.tasks(), "the tasks end"
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def run_longer_than_its_time(sweeps, runs):
    """A run of more than a minute in tasks of one: it goes on from its checkpoints, to the same bits."""
    with sqlite3.connect(sweeps.local([*LONG, "--epochs", "200"]) / "ledger.db") as ledger:
        seconds = ledger.execute("SELECT sum(seconds) FROM epoch").fetchone()[0] / 200
    for wanted in (100, 300):  # the machine may be busy while it is timed, and idle later
        folder = runs / str(wanted)
        grid = [*LONG, "--epochs", str(int(wanted / seconds))]
        sweep = sweeps.start(sweeps.on_cluster(folder, grid, "--slurm", "time=1,signal=USR1@10"))
        sweeps.local(grid)  # meanwhile
        sweeps.end(sweep)
        sweeps.compare(folder, grid)
        if "goes on" in next((folder / "logs").iterdir()).read_text():
            return
    raise AssertionError("no task was stopped by its time limit")


def features_extracted_by_tasks(sweeps, runs):
    """On a dataset for which the suite has no features of these views; the sweep is killed while tasks extract them."""
    grid = ["--methods", "coop", "--datasets", "editor,office", "--seeds", "1-2", "--epochs", "2", "--views", "1", "--crops", "0.5-1", "--cache"]
    here, there = [*grid, str(runs / "../cache-here")], [*grid, str(runs / "../cache-there")]
    sweep = sweeps.start(sweeps.on_cluster(runs, there))
    sweeps.cluster.wait_for_task("RUNNING")
    sweep.kill()
    sweep.wait()
    done = sweeps.run(sweeps.on_cluster(runs, there))
    assert "features of" not in done.stderr, f"they are extracted already: {done.stderr}"
    sweeps.compare(runs, here)


def refused_by_slurm(sweeps, runs):
    done = sweeps.run(sweeps.on_cluster(runs, GRID, "--slurm", "partition=nowhere"), code=2)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("runner: sbatch --partition=nowhere:") and "nvalid partition" in last, last
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def without_slurm(sweeps, runs):
    done = subprocess.run(sweeps.on_cluster(runs, GRID), capture_output=True, text=True, env={**os.environ, "PATH": "/nowhere"})
    assert done.returncode == 2 and "there is no sbatch on this machine" in done.stderr, done.stderr


def runner_that_nodes_do_not_see(sweeps, runs):
    """As on a cluster where the head has a folder that the nodes lack."""
    place = sweeps.folder / "hidden"
    shutil.copytree(Path(sweeps.runner).parent, place, symlinks=True, ignore=shutil.ignore_patterns("tests", "CMakeFiles", "*.o", "*.a"))
    words = [str(place / "runner"), *sweeps.on_cluster(runs, GRID)[1:]]
    sweeps.cluster.run(["scontrol", "update", "PartitionName=main", "State=DOWN"])
    sweep = sweeps.start(words)
    sweeps.cluster.wait_for_task("PENDING")
    shutil.rmtree(place)
    sweeps.cluster.run(["scontrol", "update", "PartitionName=main", "State=UP"])
    said = sweeps.end(sweep, code=2)
    assert "before runner began" in said and "hidden/runner" in said.splitlines()[-1], said
    while sweeps.cluster.tasks():
        time.sleep(0.2)
    sweeps.run(sweeps.on_cluster(runs, GRID))
    sweeps.compare(runs, GRID)


def small_suite(folder):
    """A folder of suites in which the embedded one has one dataset: what the docs' commands then mean by all of them."""
    pocket = folder / "pocket"
    pocket.mkdir(parents=True)
    for entry in (ROOT / "datasets" / "pocket").iterdir():
        (pocket / entry.name).symlink_to(entry)
    suite = json.loads((pocket / "suite.json").read_text())
    (pocket / "suite.json").unlink()
    (pocket / "suite.json").write_text(json.dumps({**suite, "datasets": ["media"]}))
    return folder


def what_the_docs_say(sweeps, runs):
    """The command and the array job of docs/clusters.md, word by word, each in a folder of its own."""
    page = (ROOT / "docs" / "clusters.md").read_text()
    command = re.search(r"^    (runner sweep .*--executor slurm.*)$", page, re.MULTILINE).group(1)
    script = next(block for block in re.findall(r"```bash\n(.*?)```", page, re.DOTALL) if "#SBATCH" in block)
    merge = re.search(r"`(runner ledger\s+merge\s+runs/promptbed.shard-\*.db --into runs/promptbed.db)`", page).group(1)
    environment = {**sweeps.cluster.environment, "PROMPTBED_DATASETS": str(small_suite(runs / "suites")), "SBATCH_PARTITION": "cpu",
                   "PATH": f"{Path(sweeps.runner).parent}:{sweeps.cluster.environment['PATH']}"}  # fmt: skip

    def at(folder, words):
        done = subprocess.run(["bash", "-c", words], cwd=runs / folder, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{words}: {done.stderr[-1500:]}"

    for folder in ("command", "script", "here"):
        (runs / folder).mkdir()
    at("command", command)
    (runs / "script" / "job.sh").write_text(script)
    at("script", f"sbatch --wait job.sh && {' '.join(merge.split())}")
    for folder, words in (("command", command.split(" --executor")[0] + " --threads 4"), ("script", script.split("srun ")[1])):
        own = re.search(r"runner sweep [^\n]*", words).group(0).replace("--shard slurm/8", "")
        at("here", f"{own} --db {folder}/promptbed.db")
        lost, wrong = difference(*(state_of(where, "promptbed.db") for where in (runs / "here" / folder, runs / folder / "runs")))
        assert not lost and not wrong, f"{folder}: lost: {lost[:3]}, wrong: {wrong[:3]}"


CASES = [forty_runs, submitted_and_collected_later, node_killed, runner_killed, task_cancelled, task_requeued,
         task_put_back_when_all_is_made, controller_restarted, sweep_killed, sweep_interrupted, two_sweeps_at_once,
         all_cancelled, run_longer_than_its_time, features_extracted_by_tasks, refused_by_slurm, without_slurm,
         runner_that_nodes_do_not_see, what_the_docs_say]  # fmt: skip


def main():
    options = argparse.ArgumentParser(description=__doc__.split(":")[0])
    options.add_argument("runner", type=Path)
    options.add_argument("cases", nargs="*", help="all unless given: " + ", ".join(case.__name__ for case in CASES))
    given = options.parse_args()
    if not given.runner.is_file():
        options.error(f"{given.runner}: is not there; build it first")
    if unknown := set(given.cases) - {case.__name__ for case in CASES}:
        options.error(f"{', '.join(sorted(unknown))}: is no case; --help lists them")
    if missing_programs():
        print(f"slurm_test.py: not tried: {', '.join(missing_programs())} are missing; run scripts/deps.sh --tests")
        return 77
    with tempfile.TemporaryDirectory(prefix="promptbed_slurm_") as folder:
        try:
            cluster = Cluster(Path(folder) / "cluster").start()
        except (OSError, subprocess.SubprocessError) as reason:
            print(f"slurm_test.py: not tried: no cluster can be started here ({reason})")
            return 77
        with cluster:
            failed = run_cases(given.cases, Sweeps(given.runner, cluster, folder))
    return 1 if failed else 0


def print_logs(folder):
    """The ends of what tasks have said, since the folder goes."""
    for log in sorted(folder.glob("**/task-*.log")):
        print(f"{log.relative_to(folder)}: {log.read_text(errors='replace')[-1500:].strip()}", flush=True)


def run_cases(chosen, sweeps):
    """How many have failed."""
    passed = failed = 0
    for case in CASES:
        if chosen and case.__name__ not in chosen:
            continue
        begin = time.monotonic()
        try:
            case(sweeps, sweeps.folder / case.__name__)
            passed += 1
            print(f"{case.__name__}: passed, {time.monotonic() - begin:.0f} s", flush=True)
        except Exception:  # noqa: BLE001
            failed += 1
            print(f"{case.__name__}: failed\n{traceback.format_exc()}", flush=True)
            print_logs(sweeps.folder / case.__name__)
            sweeps.cluster.end_tasks()
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
