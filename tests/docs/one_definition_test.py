#!/usr/bin/env python3
"""Two types of one name in namespace promptbed, each in a header or source of its own, are one to the linker, which then takes the
functions that templates make for either (of std::vector<Finding>, say) for both. The compiler cannot see it: one_definition_test.py
SOURCE looks for such names in core/ and in each plugin."""

import collections
import pathlib
import re
import sys

UNNAMED = re.compile(r"^namespace \{.*?^\}  // namespace$", re.DOTALL | re.MULTILINE)
TYPE = re.compile(r"^(?:struct|class|enum class|enum|union) (?:PROMPTBED_EXPORT )?(\w+)(?: final)?(?:\s*:(?!:)[^;{]*)?\s*\{", re.MULTILINE)


def types_of(folder: pathlib.Path) -> dict[str, set[pathlib.Path]]:
    found = collections.defaultdict(set)
    for path in sorted([*folder.rglob("*.h"), *folder.rglob("*.cpp")]):
        for name in TYPE.findall(UNNAMED.sub("", path.read_text(encoding="utf-8"))):
            found[name].add(path)
    return found


def main() -> int:
    source = pathlib.Path(sys.argv[1])
    folders = [source / "core", *(path for path in (source / "plugins").iterdir() if path.is_dir())]
    twice = [(name, paths) for folder in folders for name, paths in types_of(folder).items() if len(paths) > 1]
    for name, paths in twice:
        print(f"{name} is defined in {' and in '.join(str(path.relative_to(source)) for path in sorted(paths))}; rename one")
    if not types_of(source / "core"):
        print(f"{source}: no types found; is this the repository?")
        return 1
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main())
