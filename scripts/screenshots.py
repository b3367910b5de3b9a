#!/usr/bin/env python3
"""Takes the pictures of the report page that the documentation shows: scripts/screenshots.py [LEDGER] [FOLDER] [METHODS]

LEDGER is runs/promptbed.db unless given, FOLDER docs/report; METHODS are all in the ledger, or those of a list such as
clip_zeroshot,coop. It needs a build, and the packages that scripts/deps.sh --tests installs."""

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
    ledger = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "runs/promptbed.db").resolve()
    folder = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/report")
    methods = ["--methods", sys.argv[3]] if len(sys.argv) > 3 else []
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, open_browser() as browser:
        page = pathlib.Path(scratch) / "report.html"
        subprocess.run([ROOT / "build/release/runner", "report", "--format", "html", "--suite", "pocket", "--db", ledger,
                        "--output", page, *methods], check=True)
        for name, width, height, dark in PICTURES:
            browser.show(page, width, height, dark)
            browser.screenshot(folder / f"{name}.png", height=height)
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main()
