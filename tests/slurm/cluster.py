"""A Slurm cluster of this machine alone, on loopback: real daemons, nodes that are names. It needs root, or at least a user that
munged and slurmd accept, and goes when it is left."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "srun", "scontrol")

# Times are short, so that what takes minutes on a cluster takes seconds here: a task that is put back waits until its credential
# has expired.
CONFIGURATION = """
ClusterName=promptbed
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={controller_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=1,requeue_delay=1
ReturnToService=2
SlurmdTimeout=10
InactiveLimit=0
KillWait=3
MinJobAge=300
JobRequeue=1
MaxArraySize=101
SlurmdParameters=config_overrides
"""


def missing_programs():
    return [program for program in PROGRAMS if shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None]


def free_ports(count):
    """Ports that nobody listens on at this moment."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """with Cluster(folder).start() as cluster: cluster.run(["squeue"])

    Two nodes of one core are the partition main, the default; one with more, as it says of itself, is the partition cpu."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.nodes = {"n1": "CPUs=1 RealMemory=2000", "n2": "CPUs=1 RealMemory=2000", "n3": "CPUs=4 RealMemory=16000"}
        self.environment = {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"),
                            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}  # fmt: skip

    def start(self):
        """Throws OSError or SubprocessError where that cannot be."""
        try:
            self.configure()
            self.start_munge()
            self.start_controller()
            for node in self.nodes:
                self.start_node(node)
            self.wait_for_nodes()
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.end_tasks()
        daemons = ["slurmctld", *(f"slurmd-{node}" for node in self.nodes), "munged"]
        for name in daemons:
            self.kill(name, signal.SIGTERM)
        for _ in range(50):
            if not any(self.pid(name) for name in daemons):
                return
            time.sleep(0.1)
        for name in daemons:
            self.kill(name, signal.SIGKILL)

    def end_tasks(self):
        for partition in ("main", "cpu"):
            self.run(["scancel", f"--partition={partition}"], check=False, timeout=30)
        for _ in range(100):
            if not self.tasks():
                return
            time.sleep(0.1)

    def configure(self):
        (self.folder / "munge").mkdir(parents=True, mode=0o700)
        (self.folder / "state").mkdir()
        self.folder.chmod(0o755)
        ports = free_ports(1 + len(self.nodes))
        lines = [CONFIGURATION.format(folder=self.folder, controller_port=ports[0], user=os.environ.get("USER") or "root")]
        for node, port in zip(self.nodes, ports[1:]):
            (self.folder / f"spool-{node}").mkdir()
            lines.append(f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 Port={port} {self.nodes[node]}")
        lines.append("PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 State=UP")
        lines.append("PartitionName=cpu Nodes=n3 MaxTime=INFINITE State=UP")
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")

    def start_munge(self):
        key = self.folder / "munge" / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        munge = self.folder / "munge"
        self.run(["munged", "--force", f"--key-file={key}", f"--socket={munge}/socket", f"--pid-file={self.folder}/munged.pid",
                  f"--log-file={munge}/log", f"--seed-file={munge}/seed"])  # fmt: skip

    def start_controller(self):
        self.run(["slurmctld"])

    def start_node(self, node):
        self.run(["slurmd", "-N", node])

    def wait_for_nodes(self):
        for _ in range(150):
            states = self.run(["sinfo", "--noheader", "--Node", "--format=%T"], check=False).stdout.split()
            if len(states) == len(self.nodes) and all(state in ("idle", "mixed", "allocated") for state in states):
                return
            time.sleep(0.2)
        raise TimeoutError(f"the nodes are {states}; see {self.folder}/slurmctld.log")

    def run(self, words, check=True, **options):
        """The finished process, its output captured as text."""
        return subprocess.run(words, check=check, capture_output=True, text=True, env=self.environment, **options)

    def pid(self, name):
        """Of a daemon; 0 if it does not run."""
        try:
            pid = int((self.folder / f"{name}.pid").read_text())
            ended = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
            return 0 if ended else pid
        except (OSError, ValueError):
            return 0

    def kill(self, name, number):
        pid = self.pid(name)
        if pid:
            os.kill(pid, number)

    def kill_node(self, node):
        """As if its power went: its daemon, and every process of the tasks that it runs, which are found by the node's name in their
        environment and by slurmstepd's title. That goes first: it would report how the others ended."""
        self.kill(f"slurmd-{node}", signal.SIGKILL)
        jobs = self.run(["squeue", "--noheader", f"--nodelist={node}", "--states=RUNNING,COMPLETING", "--format=%A"]).stdout.split()
        steps, others = [], []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                title = (process / "cmdline").read_text(errors="replace")
                told = (process / "environ").read_text(errors="replace").split("\0")
            except OSError:
                continue  # it has ended
            if any(title.startswith(f"slurmstepd: [{job}.") for job in jobs):
                steps.append(int(process.name))
            elif f"SLURMD_NODENAME={node}" in told:
                others.append(int(process.name))
        for pid in steps + others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def tasks(self, state=None):
        """Tasks that have not ended, as 17_3."""
        words = ["squeue", "--noheader", "--array", "--format=%i"] + (["--states=" + state] if state else [])
        return self.run(words, check=False, timeout=60).stdout.split()

    def tasks_in_full(self):
        return self.run(["squeue", "--array", "--format=%i %T %r, begins %S, on %N"], check=False).stdout

    def wait_for_task(self, state, seconds=60):
        """The first task that is in a state."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            tasks = self.tasks(state)
            if tasks:
                return tasks[0]
            time.sleep(0.1)
        raise TimeoutError(f"no task is {state} after {seconds} s")
