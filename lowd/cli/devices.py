"""Which GPU a step computes on: a free one, told from those in use by a lock file for each.

Snakemake counts GPUs and gives none to a job in particular, and a step takes the first it sees.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

VISIBLE = "CUDA_VISIBLE_DEVICES"
POLL_SECONDS = 0.2
ASKED = "device.py"
"""The module at the root of the package that a step which can compute on a GPU asks where to."""

_held: "list[FileLock]" = []


def computes_on_device(modules: Iterable[str]) -> bool:
    """Whether modules, or those they import, ask for a device."""
    from lowd.provenance.code import ROOT, source_files

    return ROOT / ASKED in source_files(modules)


def visible_devices() -> list[str]:
    """The GPUs that this process may use, by the names that all processes know them by.

    An index, as Slurm gives, may mean another GPU to another process; nvidia-smi, which sees the
    same GPUs as this process does, turns it into a UUID.
    """
    chosen = os.environ.get(VISIBLE)
    if chosen is not None and not chosen.strip():
        return []
    listed = [row.split(", ") for row in _nvidia_smi("index,uuid")]
    if chosen is None:
        return [uuid for _, uuid in listed]
    names = [one.strip() for one in chosen.split(",")]
    if "-1" in names:  # hides itself and what comes after it
        names = names[: names.index("-1")]
    return [_uuid(one, listed) for one in names if one]


def usable_devices() -> list[str]:
    """The GPUs that this process may use, if torch can; it says so where it can't."""
    devices = visible_devices()
    if not devices or torch_computes_on_gpus():
        return devices
    print(
        f"torch {version('torch')} can't compute on {', '.join(devices)} (built for another "
        "driver, or for CPUs alone); this computes on the CPU",
        file=sys.stderr,
        flush=True,
    )
    return []


@cache
def torch_computes_on_gpus() -> bool:
    """Whether torch finds a GPU and adds two numbers on it, for which it may lack the code.

    A process of its own is asked, since CUDA, once it has started, sees the same GPUs to the end.
    """
    question = "import torch; torch.ones(1, device='cuda').add(1).item()"
    return subprocess.run((sys.executable, "-c", question), capture_output=True).returncode == 0


def locks() -> Path:
    """The folder of this user's locks, the same for all processes on a machine."""
    return Path(tempfile.gettempdir(), f"lowd-devices-{os.getuid()}")


def claim_one(devices: Sequence[str]) -> None:
    """Narrow CUDA_VISIBLE_DEVICES to a GPU that no other process has claimed, until this one ends.

    To be called before CUDA starts; what is claimed already stays. While all are in use it waits,
    and says so.

    Raises:
        OSError: the folder of locks can't be written.
    """
    if _held:
        return
    locks().mkdir(mode=0o700, exist_ok=True)
    waits = False
    while (taken := _first_free(devices)) is None:
        if not waits:
            print(
                f"process {os.getpid()} waits for a GPU: other steps use {', '.join(devices)} "
                f"({locks()})",
                file=sys.stderr,
                flush=True,
            )
        waits = True
        time.sleep(POLL_SECONDS)
    device, lock = taken
    _held.append(lock)
    os.environ[VISIBLE] = device


def _first_free(devices: Sequence[str]) -> "tuple[str, FileLock] | None":
    from filelock import FileLock, Timeout

    for device in devices:
        # The kernel lets go of it when its holder ends, even by SIGKILL.
        lock = FileLock(locks() / f"{device.replace('/', '-')}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        return device, lock
    return None


def _uuid(name: str, listed: Iterable[Sequence[str]]) -> str:
    return next((uuid for index, uuid in listed if name == index or uuid.startswith(name)), name)


def _nvidia_smi(query: str) -> list[str]:
    """What it lists, a line a GPU; nothing without it, or where it fails, which is said."""
    if (program := shutil.which("nvidia-smi")) is None:
        return []
    command = (program, f"--query-gpu={query}", "--format=csv,noheader")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = " ".join((done.stderr + done.stdout).split()) or f"status {done.returncode}"
        print(
            f"nvidia-smi fails ({reason}); no GPU is known but those that {VISIBLE} names",
            file=sys.stderr,
            flush=True,
        )
        return []
    return done.stdout.splitlines()
