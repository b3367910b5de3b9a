#!/usr/bin/env python3
"""Counts the instructions of small fixed works and fails where one takes 5 % more than it did: scripts/instructions.py [--record] [BUILD],
by default build/ci.

Callgrind counts, so that neither load nor the processor matters, and the commands run in a folder and environment of their own. Beside
the source, counts depend on the compiler, its options and Debian's libraries: compare those of preset ci on Debian 12. What a work did
before is in bench/instructions.json; --record writes that file anew. `callgrind_annotate BUILD/instructions/WORK.out` shows where the
instructions go. Takes a minute on two cores."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from typing import NoReturn

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECORDED = ROOT / "bench/instructions.json"
MORE = 0.05  # beyond that a work fails; counts differ by less than 0.1 % between environments, and by ten between runs in one

# What people wait for, the longest first. frozen.db is that of tests/report, large.db has 2000 runs.
WORKS = {
    "coop-steps": ["promptbed_counted_steps", "coop"],
    "cocoop-steps": ["promptbed_counted_steps", "cocoop"],
    "help": ["runner", "--help"],
    "datasets-list": ["runner", "datasets", "list"],
    "report": ["runner", "report", "--db", "frozen.db", "--shots", "4"],
    "report-page": ["runner", "report", "--db", "frozen.db", "--shots", "4", "--format", "html"],
    "report-2000": ["runner", "report", "--db", "large.db", "--shots", "16"],
    "runs-list-2000": ["runner", "runs", "list", "--db", "large.db"],
    "runs-export-2000": ["runner", "runs", "export", "--db", "large.db", "--format", "jsonl"],
}
# Programs in which counting begins when they say so.
BEGINS_LATER = {"promptbed_counted_steps"}


def fail(message: str) -> NoReturn:
    print(f"scripts/instructions.py: {message}", file=sys.stderr)
    raise SystemExit(2)


def run(words: list, folder: pathlib.Path) -> None:
    # Nothing of the caller's: libraries look for variables, and text is as wide as COLUMNS says.
    # Valgrind shows programs a processor with AVX2; the last two keep LibTorch to that, and from threads that wait.
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC", "COLUMNS": "100",
                   "OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2"}
    done = subprocess.run(words, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line and not line.startswith("==")] or ["nothing on standard error"]
        fail(f"{' '.join(map(str, words[-5:]))}: exit code {done.returncode}: {said[-1]}")


def counted(profile: pathlib.Path) -> int:
    """The instructions outside of OpenBLAS, which has kernels of its own for every maker of processors. Lines of a profile are costs,
    behind the object that they belong to; those behind a line of `calls` belong to whoever is called."""
    names: dict[str, str] = {}
    total, inside, is_call = 0, "", False
    for line in profile.read_text(errors="replace").splitlines():
        if of := re.match(r"c?ob=(\(\d+\))(?: (.*))?", line):
            names.setdefault(of[1], of[2] or "")
            inside = inside if line.startswith("c") else names[of[1]]
        elif line.startswith("calls="):
            is_call = True
        elif re.match(r"[\d+*-]", line):
            total += 0 if is_call or "openblas" in inside else int(line.split()[-1])
            is_call = False
    return total


def count(work: str, build: pathlib.Path, folder: pathlib.Path) -> int:
    program, *words = WORKS[work]
    profile = build / "instructions" / f"{work}.out"
    begins = "no" if program in BEGINS_LATER else "yes"
    run(["valgrind", "--tool=callgrind", f"--instr-atstart={begins}", f"--callgrind-out-file={profile}", build / program, *words], folder)
    total = counted(profile)
    if total == 0:
        fail(f"{profile}: Valgrind counted nothing; run {program} without it to see why")
    return total


def count_all(build: pathlib.Path) -> dict[str, int]:
    (build / "instructions").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="promptbed_") as name:
        folder = pathlib.Path(name)
        shutil.copy(ROOT / "tests/report/frozen/ledger.db", folder / "frozen.db")
        run([build / "promptbed_large_ledger", "large.db", "2000"], folder)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            return dict(zip(WORKS, pool.map(lambda work: count(work, build, folder), WORKS)))


def recorded() -> dict[str, int]:
    try:
        counts = {work: int(instructions) for work, instructions in json.loads(RECORDED.read_text()).items()}
        if min(counts.values(), default=0) < 1:
            raise ValueError
        return counts
    except OSError as fault:
        fail(f"{RECORDED}: {fault.strerror}; --record writes it")
    except (ValueError, TypeError, AttributeError):
        fail(f"{RECORDED}: holds no counts by work; --record writes it anew")


def compare(old: dict[str, int], new: dict[str, int]) -> int:
    failed = 0
    for work in {**new, **old}:
        if work not in old or work not in new:
            print(f"{work}: only in {'this script' if work in new else RECORDED.relative_to(ROOT)}; scripts/instructions.py --record")
            failed += 1
            continue
        change = new[work] / old[work] - 1
        line = f"{work}: {new[work]:,} instructions, {old[work]:,} recorded, {change:+.2%}"
        if change > MORE:
            line += ": MORE; if that is meant, scripts/instructions.py --record and commit bench/instructions.json"
            failed += 1
        elif change < -MORE:
            line += ": fewer; scripts/instructions.py --record keeps it so"
        print(line)
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write bench/instructions.json anew")
    parser.add_argument("build", nargs="?", type=pathlib.Path, default=ROOT / "build/ci", help="a build tree")
    given = parser.parse_args()
    build = given.build.resolve()
    if not shutil.which("valgrind"):
        fail("valgrind is missing: scripts/deps.sh --tests installs it")
    for program in ("runner", "promptbed_large_ledger", "promptbed_counted_steps"):
        if not (build / program).exists():
            fail(f"{build / program}: is not there; cmake --preset ci && cmake --build --preset ci")
    if given.record:
        RECORDED.write_text(json.dumps(count_all(build), indent=2) + "\n")
        return 0
    return 1 if compare(recorded(), count_all(build)) else 0


if __name__ == "__main__":
    sys.exit(main())
