#!/usr/bin/env python3
"""Writes outputs/: what RUNNER prints for each line of commands.txt, from a copy of ledger.db. freeze.py RUNNER"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
ENVIRONMENT = {**os.environ, "COLUMNS": "100"}


def without_passing_things(page):
    """A page without its style sheet and script, which are files of the source, and without version and date."""
    page = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", page, flags=re.DOTALL)
    return re.sub(r"Made by promptbed .*? from (.*?) on \d{4}-\d\d-\d\d\.", r"Made by promptbed VERSION from \1 on DATE.", page)


def main():
    runner = pathlib.Path(sys.argv[1]).resolve()
    (HERE / "outputs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "runs").mkdir()
        shutil.copy(HERE / "ledger.db", folder / "runs/promptbed.db")
        for line in (HERE / "commands.txt").read_text().splitlines():
            if line.startswith("#"):
                continue
            output, *words = line.split()
            done = subprocess.run([runner, *words], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)
            text = (folder / "plot.svg").read_text() if "--plot" in words and done.returncode == 0 else done.stderr or done.stdout if done.returncode else done.stdout
            if output.startswith("error-") != (done.returncode != 0):
                print(f"exit code {done.returncode}: {line}: {text}", file=sys.stderr)
            (HERE / "outputs" / output).write_text(without_passing_things(text))


main()
