#!/usr/bin/env python3
"""What became slower by more than noise: `scripts/bench.sh --compare OLD [--rounds N] [OPTIONS]` calls bench_compare.py OLD NEW ...

NEW is promptbed_bench, and OLD
- another promptbed_bench, such as an earlier commit's: both run in turns, N times (8), and every round is a quotient. This is the sure
  way, since whatever else the machine does falls on both;
- a file of `scripts/bench.sh --json`, or a folder of such, of which that of this processor counts: NEW runs once, and each repetition is
  held against each of OLD's. A machine that is busier than it was then looks like a slower program.

Intervals are distribution-free: order statistics of the rounds' quotients (sign test), or of all quotients (Mann and Whitney). They cover
99 %, since dozens of benchmarks are looked at. Something changed if its interval lies on one side of 1 and its median is 3 % off. Exit
code 1 if something became slower, 2 if nothing can be compared.

Google Benchmark's compare.py has a U test, but no turns, no intervals and no exit code, and does not look at the processor."""

import argparse
import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from typing import NoReturn

LEAST = 0.03  # a smaller change is none
CONFIDENCE = 0.99
MOST_REPETITIONS = 50  # the distribution of more takes long to count, and tells nothing more
FEWEST_ROUNDS = 8  # with fewer, even the least and greatest quotient do not cover 99 %
PEAK = "peak_bytes"  # the counter of bench/peak_memory.h
NANOSECONDS = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}

Values = dict[str, list[float]]  # repetitions by benchmark: nanoseconds, or bytes where memory is measured


def fail(message: str) -> NoReturn:
    print(f"scripts/bench.sh: {message}", file=sys.stderr)
    raise SystemExit(2)


def read(path: pathlib.Path) -> tuple[str, Values]:
    """The processor, and what was measured."""
    if not path.is_file():
        fail(f"{path}: is no file; scripts/bench.sh --json FILE makes one")
    try:
        text = json.loads(path.read_text())
        values: Values = {}
        for run in text["benchmarks"]:
            if run["run_type"] == "iteration" and not run.get("error_occurred"):
                value = float(run[PEAK]) if PEAK in run else float(run["real_time"]) * NANOSECONDS[run["time_unit"]]
                if not 0 < value < math.inf:
                    raise ValueError
                repetitions = values.setdefault(run["name"].split("/iterations:")[0], [])
                if len(repetitions) < MOST_REPETITIONS:
                    repetitions.append(value)
        return str(text["context"].get("processor", "unknown")), values
    except OSError as fault:
        fail(f"{path}: {fault.strerror}; scripts/bench.sh --json FILE makes one")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fail(f"{path}: is not what scripts/bench.sh --json writes")


def measure(program: pathlib.Path, options: list[str], quiet: bool) -> tuple[str, Values]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        words = [program, *options, f"--benchmark_out={file.name}", "--benchmark_out_format=json"]
        output = subprocess.PIPE if quiet else None
        try:
            done = subprocess.run(words, stdout=output, stderr=output, text=True, errors="replace", check=False)
        except OSError as fault:
            fail(f"{program}: {fault.strerror}; give a promptbed_bench of this machine")
        if done.returncode != 0 or os.path.getsize(file.name) == 0:
            said = (done.stderr or "").strip().rpartition("\n")[2]
            fail(f"{program}: exit code {done.returncode}, and measured nothing{said and ': ' + said}")
        return read(pathlib.Path(file.name))


def interval(quotients: list[float], ways: list[int]) -> tuple[float, float] | None:
    """The narrowest order statistics that cover the true quotient; ways[k] of all equally likely orders have k quotients below it.
    None if there are too few."""
    ordered, covered = sorted(quotients), None
    for k in range(1, len(ordered) // 2 + 1):
        if 1 - 2 * sum(ways[:k]) / sum(ways) >= CONFIDENCE:
            covered = ordered[k - 1], ordered[-k]
    return covered


def sign_ways(rounds: int) -> list[int]:
    return [math.comb(rounds, k) for k in range(rounds + 1)]


def rank_ways(old: int, new: int) -> list[int]:
    """The distribution of Mann and Whitney's U: the coefficients of the Gaussian binomial of old + new over new."""
    ways = [1]
    for i in range(1, new + 1):
        ways = divided(times(ways, old + i), i)
    return ways


def times(polynomial: list[int], power: int) -> list[int]:
    """The polynomial times 1 - q^power."""
    product = polynomial + [0] * power
    for i, coefficient in enumerate(polynomial):
        product[i + power] -= coefficient
    return product


def divided(polynomial: list[int], power: int) -> list[int]:
    """The polynomial over 1 - q^power, which divides it."""
    quotient = polynomial[:]
    for i in range(power, len(quotient)):
        quotient[i] += quotient[i - power]
    return quotient[:len(quotient) - power]


def in_turns(old: pathlib.Path, new: pathlib.Path, rounds: int, options: list[str]) -> tuple[Values, Values]:
    """Each benchmark's median by round; who begins changes from round to round."""
    medians: tuple[Values, Values] = ({}, {})
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for side in ((0, 1), (1, 0))[number % 2]:
            for name, values in measure((old, new)[side], options, quiet=True)[1].items():
                medians[side].setdefault(name, []).append(statistics.median(values))
    return medians


def this_processor(program: pathlib.Path) -> str:
    """As the program names it, asked before it measures for minutes."""
    try:
        return subprocess.run([program, "--processor"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as fault:
        fail(f"{program}: does not name this processor ({fault}); build it with scripts/bench.sh")


def baseline(path: pathlib.Path, program: pathlib.Path) -> Values:
    processor = this_processor(program)
    found = [read(file) for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])]
    for of, values in found:
        if of == processor:
            return values
    others = ", ".join(sorted({of for of, _ in found})) or "no processor"
    remedy = "make a file here with scripts/bench.sh --json, or compare with another promptbed_bench"
    fail(f"{path}: measured on {others}, and this is {processor}; {remedy}")


def text(value: float, memory: bool) -> str:
    if memory:
        return f"{value / 1e6:.0f} MB"
    return f"{value / 1e6:.3g} ms" if value < 1e9 else f"{value / 1e9:.3g} s"


def print_changes(old: Values, new: Values, paired: bool) -> bool:
    """True if something became slower."""
    rows, same, few = [], 0, 0
    for name in sorted(old.keys() & new.keys()):
        a, b = old[name], new[name]
        quotients = [y / x for x, y in (zip(a, b) if paired else itertools.product(a, b))]
        ends = interval(quotients, sign_ways(len(quotients)) if paired else rank_ways(len(a), len(b)))
        ratio = statistics.median(quotients)
        if ends is None:
            few += 1
        elif ends[0] > 1 and ratio >= 1 + LEAST or ends[1] < 1 and ratio <= 1 - LEAST:
            medians = [text(statistics.median(values), name.startswith("memory_")) for values in (a, b)]
            rows.append((ratio, name, *medians, f"{ratio:.2f} ({ends[0]:.2f} to {ends[1]:.2f})"))
        else:
            same += 1
    width = max([len(row[1]) for row in rows] + [9])
    if rows:
        print(f"{'':6}  {'':{width}}  {'old':>8}  {'new':>8}  new/old (99 %)")
    for ratio, name, before, after, quotient in sorted(rows, reverse=True):
        print(f"{'slower' if ratio > 1 else 'faster'}  {name:{width}}  {before:>8}  {after:>8}  {quotient}")
    print(f"the same within noise or {LEAST:.0%}: {same}")
    if few:
        print(f"too few repetitions to tell: {few}")
    for what, names in (("old", old.keys() - new.keys()), ("new", new.keys() - old.keys())):
        if names:
            print(f"only in the {what} one: {', '.join(sorted(names))}")
    if not rows and not same:
        fail("nothing was compared; choose benchmarks that both have, with --benchmark_repetitions=5 or more")
    return any(row[0] > 1 for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench.sh --compare", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=FEWEST_ROUNDS)
    given, options = parser.parse_known_args()
    if given.rounds < FEWEST_ROUNDS:
        fail(f"--rounds {given.rounds}: fewer than {FEWEST_ROUNDS} tell nothing; give more")
    old, new = given.old.resolve(), given.new.resolve()
    paired = old.is_file() and old.suffix != ".json" and os.access(old, os.X_OK)
    if paired:
        slower = print_changes(*in_turns(old, new, given.rounds, options), paired)
    else:
        before = baseline(given.old, new)
        slower = print_changes(before, measure(new, options, quiet=False)[1], paired)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
