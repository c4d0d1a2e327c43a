"""Where a step ran: what may change the last bits of a result, and the commit it ran from."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, NamedTuple

from lowd.provenance.git import git

VARIABLES = (
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "MKL_CBWR",
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
)
"""Environment variables that choose instructions, algorithms, device or threads."""

WRITTEN = ("data", "results", "figures", "provenance", "dvc.lock", "declared.json")
"""What running writes: it changes under a run, and makes no commit dirty."""


EXTRAS = ("onnxruntime",)
"""Libraries of extras that results depend on."""


class Commit(NamedTuple):
    """The commit checked out; `dirty` if a file differs that running does not write."""

    digest: str
    dirty: bool


def versions() -> dict[str, str]:
    """Versions of Python, lowd, the libraries it asks for, by distribution, and extras in use."""
    found = {"python": platform.python_version(), "lowd": version("lowd")}
    for requirement in requires("lowd") or ():
        name = re.split(r"[^\w.-]", requirement)[0]
        if "extra ==" not in requirement:
            try:
                found[name] = version(name)
            except PackageNotFoundError:
                continue
    return found | {name: sys.modules[name].__version__ for name in EXTRAS if name in sys.modules}


def environment() -> dict[str, Any]:
    """Machine, instruction set, threads and device, as JSON values.

    What only torch knows is null until something has loaded it: this asks, it does not load.
    """
    torch = sys.modules.get("torch")
    gpu = None
    if torch is not None and torch.cuda.is_available():
        gpu = {
            "name": torch.cuda.get_device_name(),
            "capability": ".".join(map(str, torch.cuda.get_device_capability())),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return {
        "platform": platform.platform(),
        "device": "cpu" if gpu is None else "cuda",
        "gpu": gpu,
        "cpu": {
            "model": cpu_model(),
            "capability": torch and torch.backends.cpu.get_cpu_capability(),
        },
        "threads": {"allowed": allowed_threads(), "torch": torch and torch.get_num_threads()},
        "variables": {name: os.environ.get(name) for name in VARIABLES},
    }


def cpu_model() -> str:
    """The processor's name, as its maker gives it."""
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    try:
        named = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    except OSError:
        named = None
    return named[1].strip() if named else platform.processor() or platform.machine()


def allowed_threads() -> int:
    """Processors this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def commit() -> Commit | None:
    """The commit of the current folder; None without a repository or a first commit.

    Raises:
        ValueError: git fails.
    """
    digest = git("rev-parse", "--verify", "--quiet", "HEAD")
    if digest is None:
        git("rev-list", "--max-count=1", "--all")  # fails if there is a branch, and it is damaged
        return None
    # Without optional locks: a job must not stand in the way of someone who commits meanwhile.
    excluded = (f":(exclude){path}" for path in WRITTEN)
    status = git("--no-optional-locks", "status", "--porcelain", "--", ".", *excluded)
    return Commit(digest.decode().strip(), bool(status))


def _output(*command: str) -> str | None:
    """What a command prints; None if it fails or there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
