#!/usr/bin/env python3
"""What scripts/gpu_check.sh does once it knows where the programs are: gpu_check.py PROGRAMS PLUGINS GOLDEN OUTPUT.

Checks that every method, the authors' numbers and whole sweeps hold on the GPU, measures what docs/gpu.md has goals for, and writes
gpu_check.md and gpu_check.json. A check that fails, crashes or takes too long is a line of the table, and the others go on. Exits with
1 if one failed, and with 2 if nothing can be checked."""

import concurrent.futures
import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

MOST_POINTS_APART = 1.0  # per cent between accuracies of the same run on two devices, whose sums have another order
SWEPT = "clip_zeroshot,coop,cocoop,kgcoop,maple"
SECONDS_BETWEEN_READINGS = 0.2


@dataclasses.dataclass
class Line:
    what: str
    found: str
    goal: str = ""
    ok: bool | None = None  # None: a figure without a verdict
    details: list[str] = dataclasses.field(default_factory=list)


class Failed(Exception):
    """A check that cannot go on, and why."""


class TookTooLong(Failed):
    pass


class Machine:
    """The programs, and the device that they are tried on."""

    def __init__(self, programs: Path, plugins: Path, golden: Path):
        self.runner, self.tests, self.bench = (programs / name for name in ("runner", "tensors_tests", "promptbed_bench"))
        self.plugins = plugins
        self.golden = golden.resolve()
        self.running: set[subprocess.Popen] = set()
        doctor = json.loads(self.run(self.runner, "doctor", "--format", "json", codes=(0, 1)))
        self.found = {entry["subject"]: entry["value"] for entry in doctor}
        self.remedy = next(entry["remedy"] for entry in doctor if entry["subject"] == "GPUs")
        self.has_gpu = self.found["GPUs"][0].isdigit()
        self.device = "cuda" if self.has_gpu else "stand-in" if self.found["LibTorch"].startswith("1.") else "cpu"

    def run(self, *words, seconds: float = 300, codes=(0,), **variables) -> str:
        """What a program prints. Its own processes are single-threaded, as a sweep's jobs are, and end with it."""
        words = [str(word) for word in words]
        name = Path(words[0]).name
        try:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
                                       env={**os.environ, "OMP_NUM_THREADS": "1", **variables})
        except OSError as fault:
            raise Failed(f"{words[0]}: {fault.strerror}; bundle it with scripts/bundle.sh --tests, or build it") from None
        self.running.add(process)
        try:
            out, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise TookTooLong(f"{name} took more than {seconds:.0f} s") from None
        finally:
            self.end(process)
        if process.returncode not in codes:
            last = (errors.strip() or out.strip() or "nothing was said").splitlines()[-1]
            raise Failed(f"{name} ended with {process.returncode}: {last}")
        return out

    def end(self, process: subprocess.Popen) -> None:
        """With all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.running.discard(process)

    def end_all(self) -> None:
        for process in list(self.running):
            self.end(process)


def driver_says(what: str) -> list[str]:
    """A property of each GPU, as the driver's program has it; nothing where there is none that answers."""
    try:
        return subprocess.run(["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=10,
                              check=True).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return []


def methods(machine: Machine, folder: Path) -> list[Line]:
    """Every rule of every method; the rule `device` compares it with the CPU."""
    plugins = sorted(machine.plugins.glob("*.so"))

    def check(plugin: Path) -> str:
        try:
            return machine.run(machine.runner, "methods", "check", plugin, codes=(0, 1))
        except Failed as failure:
            return f"  FAIL  {plugin.name}: {failure}\n"

    with concurrent.futures.ThreadPoolExecutor(max(1, min(8, (os.cpu_count() or 1) // 2))) as pool:
        try:
            printed = list(pool.map(check, plugins))
        except KeyboardInterrupt:
            machine.end_all()
            raise
    (folder / "methods_check.txt").write_text("\n".join(printed))
    text = "".join(printed)
    broken = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.startswith("  FAIL")]
    kept = len(re.findall(r"^  pass ", text, re.MULTILINE))
    on_device = len(re.findall(r"^  pass  device ", text, re.MULTILINE))
    return [Line("rules of all methods", f"{kept} kept, {len(broken)} broken", "0 broken", not broken, broken),
            Line("methods with the CPU's logits on the device", f"{on_device}", "", None if machine.device == "cpu" else on_device > 0)]


def authors_numbers(machine: Machine, folder: Path) -> list[Line]:
    """The golden tests: losses, gradients and logits of the authors' code."""
    printed = machine.run(machine.tests, "--gtest_filter=*Golden*", "--gtest_brief=1", seconds=240, codes=(0, 1),
                          PROMPTBED_TEST_DEVICE=machine.device, PROMPTBED_GOLDEN=str(machine.golden))
    (folder / "golden.txt").write_text(printed)
    failed = re.findall(r"^\[  FAILED  \] (\S+\.\S+)", printed, re.MULTILINE)
    passed = re.search(r"\[  PASSED  \] (\d+) test", printed)
    if not passed:
        raise Failed("the tests did not come to their end")
    skipped = re.search(r"\[  SKIPPED \] (\d+) test", printed)
    all_well = not failed and int(passed[1]) > 0
    counts = f"{passed[1]} passed, {len(set(failed))} failed" + (f", {skipped[1]} without their vectors" if skipped else "")
    return [Line("comparisons with the authors' code", counts, "0 failed", all_well, sorted(set(failed)))]


def accuracies(machine: Machine, ledger: Path, device: str, *options: str) -> dict[tuple, float]:
    machine.run(machine.runner, "sweep", "--methods", SWEPT, "--datasets", "media", "--seeds", "1", "--epochs", "3", "--device", device,
                "--db", ledger, *options, seconds=240)
    with contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return {(method, half): accuracy for method, half, accuracy in db.execute("SELECT method, class_set, accuracy FROM result")}


def sweeps(machine: Machine, folder: Path) -> list[Line]:
    """The same short sweep on the device and on the CPU."""
    if machine.device == "cpu":
        return []
    with tempfile.TemporaryDirectory() as scratch:
        on_cpu = accuracies(machine, Path(scratch) / "cpu.db", "cpu")
        on_device = accuracies(machine, Path(scratch) / "device.db", machine.device)
        again = accuracies(machine, Path(scratch) / "again.db", machine.device)
        computed = accuracies(machine, Path(scratch) / "computed.db", machine.device, "--no-cuda-graphs")
    if on_cpu.keys() != on_device.keys():
        raise Failed(f"{len(on_device)} accuracies on the device and {len(on_cpu)} on the CPU")
    apart = {key: abs(on_device[key] - on_cpu[key]) for key in on_cpu}
    farthest = max(apart, key=apart.get)
    return [Line("accuracies of a sweep, device against CPU", f"{len(apart)}, at most {apart[farthest]:.2f} points apart",
                 f"{MOST_POINTS_APART} points", apart[farthest] <= MOST_POINTS_APART, [f"{' '.join(farthest)}: {on_cpu[farthest]:.2f} on the CPU, {on_device[farthest]:.2f}"]),
            *(Line(f"the same sweep {how}", "the same accuracies" if found == on_device else "other accuracies", "the same", found == on_device)
              for how, found in (("once more on the device", again), ("there without CUDA graphs", computed)))]


def sanitized(machine: Machine, folder: Path) -> list[Line]:
    """A short training under CUDA's checker of memory accesses."""
    sanitizer = shutil.which("compute-sanitizer")
    if not machine.has_gpu:
        return []
    if not sanitizer:
        return [Line("a training under compute-sanitizer", "not run: it is not installed")]
    what = "a training under compute-sanitizer"
    with tempfile.TemporaryDirectory() as scratch:
        try:
            # LibTorch would hand out parts of large blocks, within which no access is out of bounds.
            printed = machine.run(sanitizer, "--error-exitcode", "9", "--target-processes", "all", machine.runner, "train", "--method", "coop", "--dataset", "media",
                                  "--epochs", "1", "--device", "cuda", "--db", Path(scratch) / "ledger.db", seconds=150, codes=(0, 9),
                                  PYTORCH_NO_CUDA_MEMORY_CACHING="1")
        except TookTooLong as failure:
            return [Line(what, f"not finished: {failure}")]
    (folder / "compute_sanitizer.txt").write_text(printed)
    errors = [int(number) for number in re.findall(r"ERROR SUMMARY: (\d+) error", printed)]
    return [Line(what, f"{sum(errors)} errors" if errors else "no summary", "0 errors", bool(errors) and sum(errors) == 0)]


# What promptbed_bench measures, with the goals of docs/gpu.md: (what, ours, the reference's, the goal's number, its unit).
COMPARED = [
    ("CoCoOp step, 1 image, 50 classes, f32", "cocoop_step_f32", "reference_step_f16", 10, "times"),
    ("CoCoOp step, 1 image, 50 classes, bf16", "cocoop_step_bf16", "reference_step_f16", 10, "times"),
    ("CoCoOp step, 1 image, 50 classes, f16", "cocoop_step_f16", "reference_step_f16", 10, "times"),
    ("the same, the reference in f32", "cocoop_step_bf16", "reference_step_f32", None, "times"),
    ("CoCoOp step, bf16", "cocoop_step_bf16", None, 1.5, "ms"),
    ("CoCoOp step, bf16, against one without CUDA graphs", "cocoop_step_bf16", "cocoop_computed_step_bf16", None, "times"),
    ("CoOp step, 32 cached images, f32", "coop_step_f32", "reference_coop_step_f16", None, "times"),
    ("CoOp step, 32 cached images, bf16", "coop_step_bf16", "reference_coop_step_f16", None, "times"),
    ("CoOp step, 32 cached images, f16", "coop_step_f16", "reference_coop_step_f16", None, "times"),
    ("CoOp step, bf16", "coop_step_bf16", None, 1.0, "ms"),
    ("CoOp step, bf16, against one without CUDA graphs", "coop_step_bf16", "coop_computed_step_bf16", None, "times"),
    ("CoCoOp evaluation, an image of 4, bf16", "cocoop_test_bf16", "reference_test_f16", None, "times"),
    ("image features, one of 64, f32", "image_f32", "reference_image_f16", None, "times"),
    ("image features, one of 64, bf16", "image_bf16", "reference_image_f16", None, "times"),
    ("image features, one of 64, f16", "image_f16", "reference_image_f16", None, "times"),
    ("image features, bf16", "image_bf16", None, 0.2, "ms"),
]


def speed(machine: Machine, folder: Path) -> list[Line]:
    """Steps, tests and features beside the reference's work on the same device."""
    results = folder / "bench.json"
    machine.run(machine.bench, f"--device={machine.device}", f"--benchmark_out={results}", "--benchmark_out_format=json", seconds=240)
    times: dict[str, list[float]] = {}
    for entry in json.loads(results.read_text())["benchmarks"]:
        if entry["run_type"] == "iteration":
            times.setdefault(entry["run_name"].split("/")[1], []).append(entry["real_time"])
    if not machine.has_gpu:
        return [Line("benchmarks of the device", f"{len(times)} run, on small sizes: no figures of a GPU", "", len(times) > 0)]
    lines = []
    for what, ours, reference, goal, unit in COMPARED:
        own = statistics.median(times[ours])
        if reference is None:
            lines.append(Line(what, f"{own:.2f} ms", f"{goal} ms", own <= goal))
        else:
            other = statistics.median(times[reference])
            whose = "reference" if reference.startswith("reference") else "that one"
            lines.append(Line(what, f"{own:.2f} ms, {whose} {other:.2f} ms: {other / own:.1f} times", f"{goal} times" if goal else "", other / own >= goal if goal else None))
    return lines


def memory_used() -> float | None:
    """GB of the first GPU, by whomever."""
    used = driver_says("memory.used")[:1]
    return float(used[0]) * 2**20 / 1e9 if used and used[0].isdigit() else None


def most_memory(work) -> float | None:
    """How many GB more of the first GPU were in use, at most, while something ran. None if the driver does not say."""
    before, most, stop = memory_used(), 0.0, threading.Event()
    if before is None:
        return None

    def watch():
        nonlocal most
        while not stop.wait(SECONDS_BETWEEN_READINGS):
            most = max(most, (memory_used() or before) - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        stop.set()
        watcher.join()
    return most


def memory(machine: Machine, folder: Path) -> list[Line]:
    if not machine.has_gpu:
        return []
    used = most_memory(lambda: machine.run(machine.runner, "bench", "--methods", "cocoop", "--arch", "ViT-B/16", "--class-count", "1000", "--device", "cuda:0",
                                           "--seconds", "2", seconds=120))
    return [Line("GPU memory of CoCoOp, 1000 classes, f32", f"{used:.1f} GB" if used else "not read", "4 GB", used <= 4 if used else None)]


def all_methods(machine: Machine, folder: Path) -> list[Line]:
    """A step of every method, for the table of docs/performance.md."""
    size = ("--arch", "ViT-B/16", "--seconds", "0.3") if machine.has_gpu else ("--seconds", "0.001", "--class-count", "5")
    printed = machine.run(machine.runner, "bench", "--device", machine.device, *size, "--format", "json", seconds=240)
    (folder / "methods_bench.json").write_text(printed)
    measured = [entry for entry in json.loads(printed)["methods"] if entry["step_seconds"]]
    if not machine.has_gpu:
        return [Line("methods that runner bench measures there", f"{len(measured)}", "", len(measured) > 0)]
    return [Line(f"{entry['method']} step, {entry['batch_size']} images", f"{entry['step_seconds'] * 1e3:.2f} ms") for entry in measured]


CHECKS = [methods, authors_numbers, sweeps, sanitized, speed, memory, all_methods]


def markdown(machine: Machine, lines: list[Line]) -> str:
    def row(line: Line) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[line.ok]
        return f"| {line.what} | {line.found} | {line.goal} | {verdict} |"

    head = f"{'; '.join(driver_says('name,driver_version')) or 'a GPU'}, " if machine.has_gpu else "no GPU, "
    text = [f"# promptbed {machine.found['promptbed']} on `{machine.device}`", "",
            f"{head}{machine.found['processor']}; LibTorch {machine.found['LibTorch'].split(',')[0]}.", "",
            "| | found | goal | |", "|---|---|---|---|", *map(row, lines), ""]
    for line in lines:
        if line.ok is False and line.details:
            text += [f"{line.what}:", "", *(f"- {detail}" for detail in line.details), ""]
    return "\n".join(text)


def stop(signal_number: int, frame) -> None:
    raise KeyboardInterrupt


def main() -> int:
    if len(sys.argv) != 5:
        print("scripts/gpu_check.py: is what scripts/gpu_check.sh runs; start that", file=sys.stderr)
        return 2
    programs, plugins, golden, output = map(Path, sys.argv[1:])
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    machine = None
    try:
        try:
            machine = Machine(programs, plugins, golden)
        except Failed as failure:
            print(f"scripts/gpu_check.sh: {failure}", file=sys.stderr)
            return 2
        except (ValueError, LookupError, TypeError, StopIteration):
            print(f"scripts/gpu_check.sh: {programs}/runner: its doctor does not say what promptbed's does; give another bundle or build", file=sys.stderr)
            return 2
        return check_all(machine, output)
    except KeyboardInterrupt:
        if machine:
            machine.end_all()
        print("scripts/gpu_check.sh: stopped; nothing is left running", file=sys.stderr)
        return 130


def check_all(machine: Machine, output: Path) -> int:
    if machine.remedy:
        print(f"scripts/gpu_check.sh: GPUs: {machine.found['GPUs']}; {machine.remedy}", file=sys.stderr)
        return 2
    if not machine.has_gpu:
        print(f"There is no GPU here (GPUs: {machine.found['GPUs']}): what follows ran on {machine.device}.")
    lines: list[Line] = []
    started = time.monotonic()
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            lines += check(machine, output)
        except Failed as failure:
            lines.append(Line(name, str(failure), "", False))
        except (KeyError, TypeError, ValueError, OSError, sqlite3.Error) as failure:
            lines.append(Line(name, f"{type(failure).__name__}: {failure}", "", False))
        print(f"{time.monotonic() - started:4.0f} s  {name}", flush=True)
    text = markdown(machine, lines)
    (output / "gpu_check.md").write_text(text)
    (output / "gpu_check.json").write_text(json.dumps({"machine": machine.found, "device": machine.device, "lines": [dataclasses.asdict(line) for line in lines]}, indent=2))
    print(f"\n{text}\n{output}/gpu_check.md and .json have this.")
    return 1 if any(line.ok is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
