#!/usr/bin/env python3
"""Takes the pictures of the report page that the documentation shows: scripts/screenshots.py [LEDGER] [FOLDER] [METHODS]

It needs a build, and the packages that scripts/deps.sh --tests installs."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests/report"))

from browser import open_browser  # noqa: E402

# Name, width and height in pixels, and whether it is night.
PICTURES = [("wide", 1280, 1600, False), ("wide-dark", 1280, 1600, True),
            ("narrow", 390, 1600, False), ("narrow-dark", 390, 1600, True)]


def main():
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("ledger", type=pathlib.Path, nargs="?", default=ROOT / "runs/promptbed.db")
    options.add_argument("folder", type=pathlib.Path, nargs="?", default=ROOT / "docs/report")
    options.add_argument("methods", nargs="?", help="a list such as clip_zeroshot,coop; default: all in the ledger")
    given = options.parse_args()
    if not given.ledger.is_file():
        options.error(f"{given.ledger}: is not there; run `runner sweep` first, or give a ledger")
    methods = ["--methods", given.methods] if given.methods else []
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        page = pathlib.Path(scratch) / "report.html"
        subprocess.run([ROOT / "build/release/runner", "report", "--format", "html", "--suite", "pocket", "--db", given.ledger,
                        "--output", page, *methods], check=True)
        for name, width, height, dark in PICTURES:
            browser.show(page, width, height, dark)
            browser.screenshot(given.folder / f"{name}.png", height=height)
            print(given.folder / f"{name}.png")


if __name__ == "__main__":
    main()
