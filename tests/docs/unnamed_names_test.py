#!/usr/bin/env python3
"""The sources of a folder are compiled as one (PROMPTBED_UNITY), which puts their unnamed namespaces together: a name in one of them is
found from all, and before that of a header. So unnamed_names_test.py SOURCE wants each to be there once, and in no header that a
source of the folder includes."""

import collections
import functools
import pathlib
import re
import sys

UNNAMED = re.compile(r"^namespace \{$(.*?)^\}  // namespace$", re.DOTALL | re.MULTILINE)
FUNCTION = re.compile(r"^(?!using |namespace |struct |class |enum |template|static_assert)(?:\[\[[\w:]+\]\] )?[A-Za-z][^\n(=;{]*?[ *&](\w+)\(", re.MULTILINE)
VARIABLE = re.compile(r"^(?!using |namespace |struct |class |enum |union |template|static_assert|typedef)[A-Za-z][^\n(;={]*?[ *&](\w+)(?:\[[^\]\n]*\])*(?: =|\{|;)", re.MULTILINE)
MORE_VARIABLES = re.compile(r"^(?:static |inline )*constexpr [^\n(;{]*?= [^\n;]*?, (k\w+) =", re.MULTILINE)
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union) (?:PROMPTBED_EXPORT )?(\w+)|^using (\w+) =", re.MULTILINE)
INCLUDE = re.compile(r'^#include [<"]([^>"]+)[>"]', re.MULTILINE)


def names_in(text: str) -> set[str]:
    types = {first or second for first, second in TYPE.findall(text)}
    return set(FUNCTION.findall(text)) | set(VARIABLE.findall(text)) | set(MORE_VARIABLES.findall(text)) | types


def unnamed(path: pathlib.Path) -> dict[str, str]:
    """Each name, with the line of an alias, which may be there twice."""
    text = "".join(UNNAMED.findall(path.read_text(encoding="utf-8")))
    aliases = dict(re.findall(r"^using (\w+) = (.*);", text, re.MULTILINE))
    return {name: aliases.get(name, "") for name in names_in(text)}


def main() -> int:
    core = pathlib.Path(sys.argv[1]) / "core"

    @functools.cache
    def headers_of(path: pathlib.Path) -> frozenset[pathlib.Path]:
        found = set()
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            for header in (core / name, core / "include" / name):
                if header.exists():
                    found |= {header, *headers_of(header)}
        return frozenset(found)

    declared = {path: names_in(path.read_text(encoding="utf-8")) for path in core.rglob("*.h")}
    folders = collections.defaultdict(list)
    for path in sorted(core.rglob("*.cpp")):
        folders[path.parent].append(path)
    faults, count = [], 0
    for folder, sources in folders.items():
        found = collections.defaultdict(list)
        for path in sources:
            for name, alias in unnamed(path).items():
                found[name].append((path.name, alias))
        count += len(found)
        headers = set().union(*(headers_of(path) for path in sources))
        for name, places in sorted(found.items()):
            where = f"{folder.relative_to(core.parent)}: {name} is in the unnamed namespace of {' and of '.join(place for place, _ in places)}"
            if len(places) > 1 and (not places[0][1] or len({alias for _, alias in places}) > 1):
                faults.append(where)
            faults += [f"{where} and in {header.relative_to(core)}" for header in sorted(headers) if name in declared[header]]
    for fault in faults:
        print(f"{fault}; rename one")
    if count == 0:
        print(f"{core}: no unnamed namespaces found; is this the repository?")
        return 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
