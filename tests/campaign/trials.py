"""The ways in which a trial disturbs a sweep, or damages what one has left. Each takes the world, a folder of its own, a generator
of random numbers and the undisturbed sweep, and returns what it found as a Finding."""

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from world import difference, files_of, processes_in, state_of


@dataclass
class Undisturbed:
    """What the sweep leaves when nothing disturbs it, and how long it takes."""

    runs: Path
    state: dict
    files: list
    seconds: float
    answers: dict = field(default_factory=dict)  # of the commands that read it


@dataclass
class Finding:
    """What must be empty in every trial, and a word on what happened."""

    lost: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    crashed: list = field(default_factory=list)
    leftovers: list = field(default_factory=list)
    note: str = "equal"

    def clean(self):
        return not (self.lost or self.wrong or self.crashed or self.leftovers)


class NotHere(Exception):
    """This machine cannot make such a trial."""


def compare(runs, undisturbed, finding):
    lost, wrong = difference(undisturbed.state, state_of(runs))
    finding.lost += lost
    finding.wrong += wrong
    files = files_of(runs)
    finding.lost += [f"the file {name}" for name in undisturbed.files if name not in files]
    finding.leftovers += [name for name in files if name not in undisturbed.files]
    finding.leftovers += processes_in(runs)
    return finding


def crashed(code):
    """Whether a program that nobody killed died of a signal."""
    return code < 0 or code in (128 + signal.SIGSEGV, 128 + signal.SIGABRT, 128 + signal.SIGBUS)


def finish(world, runs, undisturbed, finding):
    """The same sweep once more, which must make up for all that was interrupted."""
    done = world.run(world.sweep(runs))
    if done.returncode != 0:
        finding.lost.append(f"the next sweep ends with {done.returncode}: {done.stderr.strip()[-300:]}")
        return finding
    return compare(runs, undisturbed, finding)


def start(world, runs, wrapper=()):
    return subprocess.Popen(
        [*wrapper, *world.sweep(runs)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def children_of(pid):
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def kill_random(world, runs, draw, undisturbed):
    """SIGKILL at random moments: of the sweep, of one of its workers, of all."""
    for _ in range(draw.randint(1, 3)):
        sweep = start(world, runs)
        time.sleep(draw.uniform(0.05, 1.1) * undisturbed.seconds)
        whom = draw.choice(("sweep", "worker", "all"))
        workers = children_of(sweep.pid)
        try:
            if whom == "all":
                os.killpg(sweep.pid, signal.SIGKILL)
            elif whom == "worker" and workers:
                os.kill(draw.choice(workers), signal.SIGKILL)
            else:
                sweep.kill()
        except ProcessLookupError:
            pass  # it had ended by itself
        sweep.wait(timeout=300)
    time.sleep(0.3)  # workers notice within a moment that their sweep is gone
    return finish(world, runs, undisturbed, Finding())


def kill_at_call(world, runs, draw, undisturbed):
    """SIGKILL at a chosen system call of any process of the sweep: between write, fsync, rename and commit."""
    if shutil.which("strace") is None:
        raise NotHere("strace is not installed")
    call = draw.choice(("fsync", "fdatasync", "rename,renameat,renameat2", "pwrite64", "write", "ftruncate", "unlink", "openat", "flock"))
    name = call.split(",")[0]
    most = {"openat": 900, "write": 400, "pwrite64": 150}.get(name, 40)
    sweep = start(
        world, runs, ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={draw.randint(1, most)}"))
    sweep.wait(timeout=300)
    time.sleep(0.3)
    return finish(world, runs, undisturbed, Finding())


def interrupt(world, runs, draw, undisturbed):
    """SIGINT or SIGTERM, once or twice, to the sweep or to its whole terminal."""
    finding = Finding()
    sweep = start(world, runs)
    time.sleep(draw.uniform(0.05, 1.0) * undisturbed.seconds)
    number = draw.choice((signal.SIGINT, signal.SIGTERM))
    times = draw.randint(1, 2)
    for _ in range(times):
        try:
            os.killpg(sweep.pid, number) if draw.random() < 0.5 else sweep.send_signal(number)
        except ProcessLookupError:
            break
        time.sleep(0.05)
    code = sweep.wait(timeout=300)
    if code not in (0, 1, 130, -number):
        finding.crashed.append(f"interrupted by {number}, it ends with {code}")
    time.sleep(0.3)
    return finish(world, runs, undisturbed, finding)


# The arguments: the folder, then the words of the sweep. 99 says that nothing can be mounted.
FULL_DISK = """
mount -t tmpfs -o size=$SIZE tmpfs "$0" || exit 99
"$@" > /dev/null 2> "$0.said"
echo $? > "$0.code"
mount -o remount,size=64m "$0"
"$@" > /dev/null
code=$?
cp -a "$0" "$0.kept"
exit $code
"""


def full_disk(world, runs, draw, undisturbed):
    """A file system that has too little room for the sweep, and gets more for the next one."""
    kib = draw.randint(8, 700)  # the whole sweep leaves about as much
    runs.mkdir()
    done = world.run(["unshare", "-m", "sh", "-c", FULL_DISK, str(runs), *world.sweep(runs)], env={**os.environ, "SIZE": f"{kib}k"})
    code_file = Path(f"{runs}.code")
    if not code_file.exists():
        raise NotHere("no file system can be mounted")
    finding = Finding()
    code, said = int(code_file.read_text()), Path(f"{runs}.said").read_text(errors="replace")
    if crashed(code) or code > 2:
        finding.crashed.append(f"with {kib} KiB it ends with {code}: {said.strip()[-200:]}")
    if done.returncode != 0:
        finding.lost.append(f"with room again it ends with {done.returncode}: {done.stderr.strip()[-300:]}")
        return finding
    return compare(Path(f"{runs}.kept"), undisturbed, finding)


def check_ends(sweeps, finding):
    """Waits for sweeps that were not killed. One ends with 1 if another still has runs that it asked for."""
    for code in [sweep.wait(timeout=300) for sweep in sweeps]:
        if code not in (0, 1):
            finding.crashed.append(f"a sweep beside others ends with {code}")


def kill(sweep):
    """With its workers; it may have ended by itself meanwhile."""
    try:
        os.killpg(sweep.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    sweep.wait()


def at_once(world, runs, draw, undisturbed):
    """Several sweeps on one ledger and cache; one of them may be killed."""
    finding = Finding()
    sweeps = []
    for _ in range(draw.randint(2, 4)):
        sweeps.append(start(world, runs))
        time.sleep(draw.uniform(0, 0.3) * undisturbed.seconds)
    if draw.random() < 0.5:
        kill(sweeps.pop(0))
    check_ends(sweeps, finding)
    return finish(world, runs, undisturbed, finding)


def namespaces(world, runs, draw, undisturbed):
    """Two sweeps that cannot see each other's processes, as in two containers with one host name; one may be killed."""
    wrapper = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    if subprocess.run([*wrapper, "true"], capture_output=True).returncode != 0:
        raise NotHere("no namespace of processes can be made")
    finding = Finding()
    sweeps = [start(world, runs, wrapper)]
    time.sleep(draw.uniform(0, 0.8) * undisturbed.seconds)
    sweeps.append(start(world, runs, wrapper))
    if draw.random() < 0.5:
        time.sleep(draw.uniform(0, 0.8) * undisturbed.seconds)
        kill(sweeps.pop(0))
    check_ends(sweeps, finding)
    # What the killed one had is free once its user says so; the next sweep names the command.
    told = world.run(world.sweep(runs))
    for ids in re.findall(r"runner runs release ([0-9a-f ]+)", told.stderr):
        released = world.run([world.runner, "runs", "release", *ids.split(), "--db", str(runs / "ledger.db")])
        if released.returncode != 0:
            finding.lost.append(f"runs release ends with {released.returncode}: {released.stderr.strip()[-200:]}")
    return finish(world, runs, undisturbed, finding)


READERS = {
    "report": lambda world, runs: [world.runner, "report", "--format", "csv", "--db", str(runs / "ledger.db")],
    "efficiency": lambda world, runs: [
        world.runner, "report", "--table", "efficiency", "--format", "csv", "--db", str(runs / "ledger.db")],
    "zero-shot": lambda world, runs: [
        world.runner, "eval", "--method", "clip_zeroshot", "--dataset", str(world.images), "--format", "csv", "--threads", "1",
        "--cache", str(runs / "cache")],
    "prompt": lambda world, runs: [
        world.runner, "eval", "--prompt", str(sorted(runs.glob("prompts/*.safetensors"))[0]), "--dataset", str(world.images), "--format", "csv",
        "--threads", "1", "--cache", str(runs / "cache"), "--db", str(runs / "ledger.db")],
}  # fmt: skip


def answers(world, runs, names=READERS):
    return {name: world.run(READERS[name](world, runs)) for name in names}


def flip(world, runs, draw, undisturbed):
    """One flipped bit in a ledger, a prompt or a feature file: the same answer as before, or an error, never another number."""
    shutil.copytree(undisturbed.runs, runs)
    victims = {"ledger": ["ledger.db"], "prompt": [sorted(runs.glob("prompts/*.safetensors"))[0].relative_to(runs)],
               "features": [path.relative_to(runs) for path in runs.glob("cache/**/*.h5")]}
    kind = draw.choice(sorted(victims))
    path = runs / draw.choice(victims[kind])
    contents = bytearray(path.read_bytes())
    bit = draw.randrange(8 * len(contents))
    contents[bit // 8] ^= 1 << bit % 8
    path.write_bytes(contents)
    finding = Finding()
    for name in {"ledger": ("report", "efficiency"), "prompt": ("prompt",), "features": ("zero-shot",)}[kind]:
        answer, expected = answers(world, runs, (name,))[name], undisturbed.answers[name]
        if crashed(answer.returncode):
            finding.crashed.append(f"{name} on {path.name}, bit {bit}: dies with {answer.returncode}")
        elif answer.returncode != 0:
            finding.note = "refused"
            if len(answer.stderr.strip().splitlines()) < 1:
                finding.crashed.append(f"{name} on {path.name}, bit {bit}: fails without a word")
        elif answer.stdout != expected.stdout:
            finding.wrong.append(f"{name} on {path.name}, bit {bit}: another answer, exit code 0")
    return finding


TRIALS = {
    "kill": kill_random,
    "kill-at-call": kill_at_call,
    "interrupt": interrupt,
    "full-disk": full_disk,
    "at-once": at_once,
    "namespaces": namespaces,
    "flip": flip,
}
