#!/usr/bin/env python3
"""Attacks sweeps, and what they leave, and compares with an undisturbed sweep: campaign.py RUNNER [OPTIONS]

Runs, scores, epochs, prompts, features and the list of files must be equal; damaged files must give the same answer or an error.
Exit code 1 if anything was lost, wrong, crashed or left over. Kinds that a machine does not allow (no root, no strace) are named and
not tried."""

import argparse
import collections
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from trials import TRIALS, NotHere, Undisturbed, answers
from world import World, files_of, state_of

# How often each kind comes in a round of --minutes: a flip takes one start of the program, the others several.
ROUND = ["kill", "flip", "flip", "kill-at-call", "flip", "flip", "interrupt", "full-disk", "flip", "flip", "at-once", "flip", "flip", "namespaces"]


def wished_trials(text):
    """kill=2,flip=1 -> ["kill", "kill", "flip"]"""
    wished = []
    for wish in text.split(","):
        kind, _, count = wish.partition("=")
        if kind not in TRIALS or not count.isdigit():
            raise argparse.ArgumentTypeError(f"{wish}: give a kind and how many, such as kill=200; kinds: {', '.join(TRIALS)}")
        wished += [kind] * int(count)
    return wished


def read_options():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("runner", type=Path)
    options.add_argument("--minutes", type=float, default=5, help="how long, if --trials is not given")
    options.add_argument("--trials", type=wished_trials, help="how many of which kind, such as kill=200,flip=500; kinds: " + ", ".join(TRIALS))
    options.add_argument("--seed", type=int, default=1, help="of all random choices")
    options.add_argument("--first", type=int, default=0, help="number of the first trial of each kind, to repeat one")
    given = options.parse_args()
    if not given.runner.is_file():
        options.error(f"{given.runner}: is not there; build it first")
    return given


def undisturbed_sweep(world):
    runs = world.folder / "undisturbed"
    begin = time.monotonic()
    done = world.run(world.sweep(runs))
    if done.returncode != 0:
        sys.exit(f"campaign.py: the undisturbed sweep fails: {done.stderr}")
    undisturbed = Undisturbed(runs, state_of(runs), files_of(runs), time.monotonic() - begin)
    undisturbed.answers = answers(world, runs)
    for name, answer in undisturbed.answers.items():
        if answer.returncode != 0:
            sys.exit(f"campaign.py: {name} fails on an undisturbed sweep: {answer.stderr}")
    return undisturbed


def kinds(options):
    """The kind of each trial, in order."""
    if options.trials:
        yield from options.trials
        return
    end = time.monotonic() + 60 * options.minutes
    while True:
        for kind in ROUND:
            if time.monotonic() >= end:
                return
            yield kind


def main():
    options = read_options()
    counts = collections.defaultdict(collections.Counter)
    absent = {}
    with tempfile.TemporaryDirectory(prefix="promptbed_campaign_") as folder:
        world = World(options.runner, folder)
        undisturbed = undisturbed_sweep(world)
        for kind in kinds(options):
            if kind in absent:
                continue
            number = options.first + counts[kind]["trials"]
            trial = Path(folder) / f"{kind}_{number}"
            trial.mkdir()
            try:
                finding = TRIALS[kind](world, trial / "runs", random.Random(f"{options.seed} {kind} {number}"), undisturbed)
            except NotHere as reason:
                absent[kind] = str(reason)
                continue
            counts[kind]["trials"] += 1
            if finding.clean():
                shutil.rmtree(trial)
                counts[kind][finding.note] += 1
            else:
                kept = tempfile.mkdtemp(prefix=f"promptbed_{kind}_{number}_")
                shutil.move(trial, kept)
                print(f"{kind} {number}: what it left is kept in {kept}")
            for fault in ("lost", "wrong", "crashed", "leftovers"):
                if getattr(finding, fault):
                    counts[kind][fault] += 1
                for line in getattr(finding, fault)[:5]:
                    print(f"{kind} {number}: {fault}: {line}", flush=True)
    columns = ("trials", "equal", "refused", "lost", "wrong", "crashed", "leftovers")
    print(f"{'':<14}" + "".join(f"{column:>11}" for column in columns))
    for kind in TRIALS:
        if kind in counts and counts[kind]["trials"]:
            print(f"{kind:<14}" + "".join(f"{counts[kind][column]:>11}" for column in columns))
    for kind, reason in absent.items():
        print(f"{kind}: not tried: {reason}")
    faults = sum(counts[kind][fault] for kind in counts for fault in columns[3:])
    print(f"seed {options.seed}: {'nothing found' if faults == 0 else f'{faults} trials with findings'}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
