#!/usr/bin/env python3
"""Runs the commands that README.md and docs/ show, and compares what they print with what the page shows.

usage: commands_test.py RUNNER PLUGINS WORK [--update] [PAGE...]

A command is a line of a code block that begins with `runner` or `build/release/runner`. Every page runs in a folder of its own, with
stand-ins for what it names (MODEL, DATA, ID, images). Training is shortened, so that a page takes seconds: one epoch, one seed, one
dataset unless the command says otherwise. Pages that only report do so on ledger.db beside this script. Where a command follows `$ `, the lines after
it are its output and must be equal; --update rewrites them. A block of INI is the file project.ini of its page, and blocks of Python run after
the page's commands, unless they import what is not installed.

PLUGINS: a folder with the built examples/plugin. WORK: a folder to work in, which is emptied.
"""

import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
POCKET = ROOT / "datasets/pocket"
LEDGER = ROOT / "tests/docs/ledger.db"  # made by sweeps.sh
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# Commands that need what the test has not, by how they begin, and where they are tried instead.
ELSEWHERE = {
    "datasets crops --suite pocket": "takes ten minutes; tests/cli/datasets_command_test.cpp",
    "datasets seal --suite pocket": "needs the icon sets; tests/cli/datasets_command_test.cpp",
    "features build --suite pocket": "takes minutes; tests/cli/features_command_test.cpp",
    "sweep --methods coop,cocoop --executor slurm": "needs a cluster; tests/slurm",
    "features seal --suite pocket": "takes minutes; tests/cli/features_command_test.cpp",
}
# Settings that make training short, unless the command has its own.
SHORT = {"--epochs": "1", "--seeds": "1"}


def blocks(lines):
    """The code blocks of a page, as lists of line numbers: fenced ones, and those indented by four spaces."""
    block, fenced, after_blank = [], False, True
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if block:
                yield block
            block, fenced = [], not fenced
            continue
        indented = line.startswith("    ") and (block or after_blank)
        if fenced or indented or (block and not line.strip()):
            block.append(number)
        elif block:
            yield block
            block = []
        after_blank = not line.strip()
    if block:
        yield block


def fenced(lines, language):
    """The texts of a page's fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", "\n".join(lines), flags=re.DOTALL | re.MULTILINE)


def commands(lines):
    """(line number, command, its output's first line and the one behind its last, or None) for each command."""
    found = []
    for block in blocks(lines):
        block = list(block)
        for place, number in enumerate(block):
            line = lines[number].strip()
            shows = line.startswith("$ ")
            line = line.removeprefix("$ ")
            match = re.match(r"(?:\S*/)?runner (.*)", line)
            if not match:
                continue
            words = match[1]
            while words.endswith("\\"):  # goes on in the next line
                place += 1
                words = words[:-1] + lines[block[place]].strip()
            output = None
            if shows:
                end = next((n for n in block[place + 1:] if lines[n].strip().startswith("$ ")), block[-1] + 1)
                output = (number + 1, end)
            found.append((number, words, output))
    return found


def shortened(words):
    """The command's words with the settings that make it short."""
    if words[0] == "bench":
        return [*words, "--seconds", "0.1"]
    if words[0] not in ("sweep", "train"):
        return words
    defaults = dict(SHORT)
    if words[0] == "train":
        del defaults["--seeds"]
    elif "--data" in words:
        defaults["--datasets"] = "oxford_pets"
    elif not {"cross-dataset", "domain"} & set(words):
        defaults["--datasets"] = "devices"
    for option, value in defaults.items():
        if option not in words:
            words = [*words, option, value]
    return words


class Page:
    """A page and the folder in which its commands run."""

    def __init__(self, path, runner, plugins, work):
        self.path, self.runner = path, runner
        self.folder = work / path.stem
        self.ids = []
        self.prepare(plugins)

    def prepare(self, plugins):
        """Lays down what the commands name."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        (self.folder / "datasets").symlink_to(ROOT / "datasets")
        images = POCKET / "pictures/nature_food/images"
        one = next(p for p in sorted(images.rglob("*")) if p.is_file())
        for name in ("images", "pictures"):
            shutil.copytree(one.parent, self.folder / name)
        shutil.copy(one, self.folder / "photo.jpg")
        (self.folder / "classes.txt").write_text("beer mug\ncat\ntree\n")
        self.classes(self.folder / "birds", ["great tit", "wren", "crow", "swift"])
        pets = self.folder / "DATA/oxford_pets/images"
        self.classes(pets, ["abyssinian", "beagle", "birman", "boxer"])
        self.split(pets)
        (self.folder / "build").mkdir()
        (self.folder / "build/plugins").symlink_to(plugins)
        lines = self.path.read_text().splitlines()
        for settings in fenced(lines, "ini"):
            (self.folder / "project.ini").write_text(settings)
        if all(command.startswith("report") for _, command, _ in commands(lines)):
            (self.folder / "runs").mkdir()
            shutil.copy(LEDGER, self.folder / "runs/promptbed.db")
            return
        for method in ("coop", "clip_zeroshot"):
            self.call(shortened(["sweep", "--methods", method, "--datasets", "nature_food"]))
        for method in ("coop", "clip_zeroshot"):
            listed = self.call(["runs", "list", "--methods", method, "--format", "csv"])
            self.ids.append(listed.splitlines()[1].split(",")[0])
        shutil.copy(self.folder / f"runs/prompts/{self.ids[0]}.safetensors", self.folder / "prompt.safetensors")
        checkpoint = self.folder / "output/.../prompt_learner/model.pth.tar-50"
        checkpoint.parent.mkdir(parents=True)
        self.call(["prompts", "export", self.ids[0], "--output", str(checkpoint)])
        shutil.copy(checkpoint, self.folder / "model.pth.tar-50")

    @staticmethod
    def classes(folder, names):
        """A folder per class, which share the suite's images: no two are equal."""
        images = sorted(p for p in (POCKET / "pictures").rglob("*.png"))
        for place, image in enumerate(images):
            (folder / names[place % len(names)]).mkdir(parents=True, exist_ok=True)
            shutil.copy(image, folder / names[place % len(names)] / image.name)

    @staticmethod
    def split(folder):
        """The split file of CoOp's authors, of the classes' images by thirds."""
        import json

        parts = {"train": [], "val": [], "test": []}
        for label, name in enumerate(sorted(p.name for p in folder.iterdir())):
            for number, image in enumerate(sorted((folder / name).iterdir())):
                part = list(parts)[number % 3]
                parts[part].append([f"{name}/{image.name}", label, name])
        (folder.parent / "split_zhou_OxfordPets.json").write_text(json.dumps(parts))

    def call(self, words):
        """Standard output of `runner` with these words; raises for an exit code that is not 0."""
        done = subprocess.run([self.runner, *words], cwd=self.folder, capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(f"exit code {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def words_of(self, command):
        """The words of a command, with stand-ins for what they name."""
        words = shlex.split(command, comments=True)
        ids = iter(self.ids * 2)
        stand_ins = {"MODEL": "datasets/pocket/model", "models/ViT-B-16": "datasets/pocket/model",
                     "ViT-B-16.pt": "datasets/pocket/model", "data": "DATA"}
        words = [next(ids) if word == "ID" else stand_ins.get(word, word) for word in words]
        return shortened(words)

    def run(self, update):
        """Runs every command. Returns how many there were, and what went wrong."""
        lines = self.path.read_text().splitlines()
        done, faults = 0, []
        for number, command, output in reversed(commands(lines)) if update else commands(lines):
            if any(command.startswith(words) for words in ELSEWHERE):
                continue
            done += 1
            try:
                printed = self.call(self.words_of(command))
            except (RuntimeError, subprocess.TimeoutExpired) as fault:
                faults.append(f"{self.path.name}:{number + 1}: {command}\n    {fault}")
                continue
            if output is None:
                continue
            first, end = output
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            while end > first and not lines[end - 1].strip():
                end -= 1
            shown = [line.removeprefix(indent).rstrip() for line in lines[first:end]]
            actual = [line.rstrip() for line in printed.strip("\n").splitlines()]
            if [line for line in shown if line] == [line for line in actual if line]:
                continue
            if update:
                lines[first:end] = ["", *((indent + line).rstrip() for line in actual)]
            else:
                faults.append("\n".join([f"{self.path.name}:{number + 1}: {command}: prints something else:",
                                         *("    " + line for line in actual)]))
        if update:
            self.path.write_text("\n".join(lines) + "\n")
        else:
            faults += self.run_python(lines)
        return done, faults

    def run_python(self, lines):
        """Runs the blocks of Python. Returns what went wrong."""
        faults = []
        for code in fenced(lines, "python"):
            done = subprocess.run([sys.executable, "-c", code], cwd=self.folder, capture_output=True, text=True, timeout=300)
            last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else ""
            if last.startswith("ModuleNotFoundError"):
                print(f"{self.path.name}: Python left out: {last}")
            elif done.returncode != 0:
                faults.append(f"{self.path.name}: Python:\n{code}\n    {last}")
        return faults


def main():
    words = [word for word in sys.argv[1:] if word != "--update"]
    update = "--update" in sys.argv
    runner, plugins, work = (pathlib.Path(word).resolve() for word in words[:3])
    chosen = [pathlib.Path(word).resolve() for word in words[3:]] or PAGES
    total, faults = 0, []
    for path in chosen:
        if not commands(path.read_text().splitlines()):
            continue
        count, wrong = Page(path, runner, plugins, work).run(update)
        print(f"{path.name}: {count} commands, {len(wrong)} failed", flush=True)
        total += count
        faults += wrong
    for fault in faults:
        print(fault, file=sys.stderr)
    if total == 0:
        sys.exit("no command was found in the pages")
    sys.exit(1 if faults else 0)


main()
