"""A small world for sweeps, and what a sweep leaves in it."""

import hashlib
import os
import random
import sqlite3
import struct
import subprocess
import zlib
from pathlib import Path

CLASSES = ("red square", "green square", "blue square", "grey square")
IMAGES_PER_CLASS = 10
SIDE = 40
COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200), "grey": (128, 128, 128)}


def png(pixels):
    """A PNG file of rows of (red, green, blue)."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(channel for pixel in row for channel in pixel) for row in pixels)
    header = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def draw_images(folder):
    """A dataset: a folder for each class, with noisy squares of its colour."""
    for name in CLASSES:
        colour = COLOURS[name.split()[0]]
        (folder / name).mkdir(parents=True)
        for i in range(IMAGES_PER_CLASS):
            draw = random.Random(f"{name} {i}")
            noisy = lambda: tuple(min(255, max(0, channel + draw.randint(-90, 90))) for channel in colour)
            (folder / name / f"{i:02}.png").write_bytes(png([[noisy() for _ in range(SIDE)] for _ in range(SIDE)]))


class World:
    """The program, the images, and the sweep that everything here repeats."""

    def __init__(self, runner, folder):
        self.runner = str(Path(runner).resolve())
        self.folder = Path(folder)
        self.images = self.folder / "squares"
        draw_images(self.images)

    def sweep(self, runs):
        """The words of the sweep whose ledger and cache lie in the folder `runs`."""
        return [
            self.runner, "sweep", "--methods", "clip_zeroshot,coop,cocoop", "--datasets", str(self.images),
            "--shots", "2", "--seeds", "1,2", "--epochs", "3", "--views", "2", "--jobs", "2", "--threads", "1",
            "--db", str(runs / "ledger.db"), "--cache", str(runs / "cache")]  # fmt: skip

    def run(self, words, **options):
        """The finished process, its output captured as text."""
        return subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=300, **options)


def rows(ledger, query):
    return sorted(ledger.execute(query).fetchall(), key=repr)


def state_of(runs, name="ledger.db"):
    """What must be the same however often a sweep was disturbed: runs, scores, epochs, and the contents of prompts and
    features. Times, hosts and counts of attempts are left out. `name`: the ledger's."""
    with sqlite3.connect(f"file:{runs / name}?mode=ro", uri=True) as ledger:
        state = {
            "runs": rows(ledger, "SELECT id, spec, status, error, draw_hash, class_names_hash, state_hash, parameters FROM run"),
            "asked": rows(ledger, "SELECT run, protocol FROM asked"),
            "scores": rows(
                ledger, "SELECT run, dataset, class_set, images, correct, accuracy, macro_f1, predictions_hash, split_hash FROM score"),
            "refusals": rows(ledger, "SELECT run, dataset, class_set, reason FROM refusal"),
            "epochs": rows(ledger, "SELECT run, epoch, loss, learning_rate FROM epoch"),
        }
    ledger.close()
    for name, pattern in (("prompts", "prompts/*.safetensors"), ("features", "cache/**/*.h5")):
        state[name] = sorted(
            (str(path.relative_to(runs)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in runs.glob(pattern))
    return state


def files_of(runs):
    return sorted(str(path.relative_to(runs)) for path in runs.rglob("*") if path.is_file())


def difference(expected, found):
    """What an undisturbed sweep has and a disturbed one lacks (lost), and what only the other has (wrong)."""
    lost, wrong = [], []
    for name, rows_expected in expected.items():
        lost += [f"{name}: {row}" for row in rows_expected if row not in found[name]]
        wrong += [f"{name}: {row}" for row in found[name] if row not in rows_expected]
    return lost, wrong


def processes_in(folder):
    """Processes that mention the folder in their words and are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in words and "runner" in words:
            found.append(f"{entry.name}: {words[:80]}")
    return found
