"""A Slurm of one node, started for the tests, and a study run through it."""

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from repositories import HOLD, STUDIES, Repository, create, half_trained, hold, run_study

PREFIX = Path(os.environ.get("SLURM_PREFIX", "/"))
"""Where Debian's packages slurm-wlm and munge are unpacked."""
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacctmgr", "sshare")
CPUS = 8
"""More than there are: jobs of the tests are short, and a group of jobs asks for many."""


def missing() -> str | None:
    """Why no Slurm can be started here; None if one can."""
    needed = ["usr/sbin/munged", *(f"usr/sbin/{one}-wlm" for one in ("slurmctld", "slurmd"))]
    lacking = [one for one in needed if not (PREFIX / one).is_file()]
    return f"no {PREFIX / lacking[0]}: Debian's slurm-wlm and munge are needed" if lacking else None


@contextmanager
def slurm(path: Path) -> Iterator[Path]:
    """Run a cluster that lives in `path`, an empty and private folder.

    Gives the folder of its commands. Snakemake's executor strips SLURM_CONF from what it starts, so
    each command sets it itself.
    """
    (library,) = PREFIX.glob("usr/lib/*/slurm-wlm")
    environment = {
        "SLURM_CONF": str(path / "slurm.conf"),
        "LD_LIBRARY_PATH": f"{library.parent}:{library}",
    }
    (path / "slurm.conf").write_text(_configuration(path, library))
    (path / "munge.key").touch(mode=0o600)
    (path / "munge.key").write_bytes(secrets.token_bytes(128))
    commands = path / "bin"
    commands.mkdir()
    for name in COMMANDS:
        words = [f"{key}={value}" for key, value in environment.items()]
        script = f'#!/bin/sh\nexport {" ".join(words)}\nexec {PREFIX}/usr/bin/{name} "$@"\n'
        (commands / name).write_text(script)
        (commands / name).chmod(0o755)
    sbin = PREFIX / "usr/sbin"
    munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log"}
    options = [f"--{option}={path}/munge.{end}" for option, end in munge.items()]
    daemons = [
        [sbin / "munged", "--foreground", "--force", f"--seed-file={path}/munge.seed", *options],
        [sbin / "slurmctld-wlm", "-D"],
        [sbin / "slurmd-wlm", "-D", "-d", sbin / "slurmstepd-wlm"],
    ]
    running = []
    try:
        for command in daemons:
            running.append(
                subprocess.Popen(
                    # Not even tests that are killed leave them running.
                    ["setpriv", "--pdeathsig", "KILL", *command],
                    env=os.environ | environment,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
            time.sleep(0.2)
        _await_node(commands / "sinfo")
        yield commands
    finally:
        with suppress(subprocess.TimeoutExpired):
            subprocess.run([commands / "scancel", "--full", "--me"], timeout=30)
            time.sleep(0.5)
        for daemon in reversed(running):
            daemon.terminate()
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(10)
            with suppress(ProcessLookupError):
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


@dataclass(frozen=True)
class OnCluster:
    """What a run through Slurm left.

    Attributes:
        repository: where `tiny` was made and the images of `pictures` were refused.
        output: what the run said.
        saved: the step from which each training went on that was taken from its node, by model.
    """

    repository: Repository
    output: str
    saved: dict[str, int]


def run_on_cluster(path: Path) -> OnCluster:
    """Run `tiny` through Slurm, and a job that fails.

    Half-way one training is requeued, as when Slurm pre-empts it, and one is told to end, as when
    its time is up.
    """
    repository = create(path / "repository")
    hold(repository)
    of_other_shape = np.zeros((64, 1, 3, 3), dtype=np.uint8)
    np.savez(repository.path / "inputs/images.npz", images=of_other_shape)
    (path / "slurm").mkdir(mode=0o700)
    with slurm(path / "slurm") as commands:
        variables = {
            "PATH": f"{commands}{os.pathsep}{repository.environment['PATH']}",
            "LOWD_PROFILE": "slurm",
            "SBATCH_ACCOUNT": "none",
        }
        options = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "5")
        targets = ("data/tiny/manifest.json", "data/pictures/teacher")
        command = ("env", *(f"{key}={value}" for key, value in variables.items()))
        run = repository.start(*command, "workflow/run", *options, "--retries", "1", "--", *targets)
        try:
            saved = _take_away(repository.path, commands, run)
            output, _ = run.communicate(timeout=1800)
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
    return OnCluster(repository, output, saved)


def _take_away(path: Path, commands: Path, run: subprocess.Popen[str]) -> dict[str, int]:
    """Take both trainings of `tiny` from their nodes; the steps they have saved, by model."""
    left = {
        "mlp-4": [commands / "scontrol", "requeue"],
        "mlp-8": [commands / "scancel", "--signal=TERM"],
    }
    saved = {}
    while left or len(saved) < len(STUDIES["tiny"]["models"]):
        assert run.poll() is None, run.communicate()[0]
        steps = half_trained(path)
        for model in [model for model in left if steps.get(model, 0) >= 200]:
            subprocess.run([*left.pop(model), _job(commands, model, "RUNNING")], check=True)
        if not left:
            (path / HOLD).unlink(missing_ok=True)
        for model in STUDIES["tiny"]["models"]:
            waiting = model not in left and model not in saved
            if waiting and not _job(commands, model, "RUNNING,COMPLETING"):
                saved[model] = half_trained(path)[model]
        time.sleep(0.01)
    return saved


def _job(commands: Path, model: str, states: str) -> str:
    """The training of a model that is in one of these states; empty if there is none."""
    queue = [commands / "squeue", "--noheader", "--format=%i %k", f"--states={states}"]
    said = subprocess.run(queue, capture_output=True, text=True, check=True).stdout
    jobs = dict(line.split(maxsplit=1)[::-1] for line in said.splitlines())
    return jobs.get(f"rule_train_wildcards_tiny_{model}", "")


@pytest.fixture(scope="session", autouse=True)
def cluster_head_start(request: pytest.FixtureRequest, background) -> None:
    """Have the study run through Slurm while other tests do, if it will be looked at."""
    wanted = any(item.path.name == "test_slurm.py" for item in request.session.items)
    if wanted and not missing():
        background(run_study, "tiny")
        background(run_on_cluster)


@pytest.fixture(scope="session")
def on_cluster(background) -> OnCluster:
    """Where `tiny` was run through Slurm."""
    if reason := missing():
        pytest.skip(reason)
    return background(run_on_cluster).result()


def _await_node(sinfo: Path) -> None:
    for _ in range(600):
        said = subprocess.run([sinfo, "--noheader", "--format=%T"], capture_output=True, text=True)
        if said.stdout.strip() == "idle":
            return
        time.sleep(0.2)
    raise TimeoutError(f"no node of Slurm came up: {said.stdout}{said.stderr}")


def _configuration(path: Path, plugins: Path) -> str:
    host = socket.gethostname().split(".")[0]
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    controller, node = _free_ports()
    return f"""
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
# A job may start again as soon as its credential has run out.
AuthInfo=socket={path}/munge.socket,cred_expire=5
AuthType=auth/munge
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={path}/state
SlurmdSpoolDir={path}/spool
SlurmctldPidFile={path}/slurmctld.pid
SlurmdPidFile={path}/slurmd.pid
SlurmctldLogFile={path}/slurmctld.log
SlurmdLogFile={path}/slurmd.log
PluginDir={plugins}
PlugStackConfig=/dev/null
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,bf_interval=1
SlurmdParameters=config_overrides
KillWait=5
MpiDefault=none
SwitchType=switch/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={CPUS} RealMemory=64000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]
