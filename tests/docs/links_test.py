#!/usr/bin/env python3
"""Follows every relative link of README.md, CHANGELOG.md, CONTRIBUTING.md and docs/, headings included.

usage: links_test.py FOLDER...

Each FOLDER holds these pages: the source tree, or an installation's share/doc/promptbed."""

import pathlib
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")


def without_code(text):
    """A page without its code, in which brackets are no links."""
    return re.sub(r"`[^`]*`", "", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def anchor_of(heading):
    """The name by which GitHub links to a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def anchors_of(page):
    return {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)}


def main():
    followed, faults = 0, []
    for folder in map(pathlib.Path, sys.argv[1:]):
        pages = [folder / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]
        for page in [*pages, *sorted((folder / "docs").glob("*.md"))]:
            for link in map("".join, LINK.findall(without_code(page.read_text()))):
                if re.match(r"[a-z]+:", link):
                    continue
                followed += 1
                name, _, anchor = link.partition("#")
                target = page.parent / name if name else page
                if not target.exists():
                    faults.append(f"{page}: {link}: leads nowhere")
                elif anchor and anchor not in anchors_of(target):
                    faults.append(f"{page}: {link}: has no such heading")
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{followed} links followed, {len(faults)} lead nowhere")
    sys.exit(1 if faults or followed == 0 else 0)


main()
