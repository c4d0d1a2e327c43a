"""Whether stacks fit into the memory that there is, so that none is trained to be killed."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lowd.cost.networks import stack_bill, students
from lowd.cost.plan import CUDA
from lowd.cost.tally import Shape
from lowd.steps.train import TrainStep

START = 0.32e9
"""Bytes of a process that trains, its stack left out: 0.31 to 0.33 GB were measured."""
GIB = 2**30
GPU = "import torch; print(torch.cuda.get_device_properties(0).total_memory)"
STACK = "compute.students_per_job"
"""The key of a study that bounds a stack."""
PROCESS, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


class Memory(NamedTuple):
    """Bytes that a training needs, or that one process may have here.

    Attributes:
        host: of the machine's memory.
        gpu: of the GPU's; None if there is none.
    """

    host: float
    gpu: float | None = None


@dataclass(frozen=True)
class Excess:
    """A stack that is too large for this machine.

    Attributes:
        model: what it is a stack of.
        students: how many it trains.
        needs: bytes.
        has: bytes that there are.
        device: whose memory: the machine's or the GPU's.
        fits: the most students that do fit, whole N's; 0 if not even those of one N do.
    """

    model: str
    students: int
    needs: float
    has: float
    device: str
    fits: int

    def told(self, name: str, *, is_bounded: bool) -> str:
        """One line, with the key to set.

        Args:
            name: of the study, with the room of params.yaml that it is in; may be empty.
            is_bounded: whether the study has the key that bounds its stacks.
        """
        room = f"{name}." if name else ""
        key = room + STACK if is_bounded else name
        said = (
            f"{key}: {self.students} students of {self.model} train in one job, which needs "
            f"{self.needs / GIB:.3g} GiB, and {self.device} has {self.has / GIB:.3g}"
        )
        if is_bounded and self.fits:
            return f"{said}; set it to {self.fits}"
        why = "nor do those of one N fit" if is_bounded else "no key splits them"
        return f"{said}; {why}: give a smaller training.batch, or a smaller network"


def memory_here() -> Memory:
    """What there is: of this machine, or of the control group that this process is in.

    All of it, not what is free: what others hold now they may give back until it is needed.
    """
    import psutil
    import torch

    host = min((float(psutil.virtual_memory().total), *_limits()))
    if not torch.cuda.is_available():
        return Memory(host)
    # Another process is asked: to ask starts CUDA, which would stay in this one to its end.
    asked = subprocess.run((sys.executable, "-c", GPU), capture_output=True, text=True)
    return Memory(host, float(asked.stdout) if not asked.returncode else None)


def excess(
    step: TrainStep, shape: Shape, points: int, here: Memory, model: str, count: int = 0
) -> Excess | None:
    """What a stack lacks here; None if it fits, or if nothing says how large it is.

    Needs are foreseen at 0.9 to 1.1 of the most that processes were measured to hold, on a CPU:
    334 MB for 342, 907 for 832 (MLPs), 353 for 383, 1160 for 1238 (U-Nets).

    Args:
        step: how its students train.
        shape: of a sample.
        points: of the pool.
        here: what there is.
        model: its name.
        count: students to train, if not all of the step.
    """
    count = count or students(step)

    def beyond(count: int) -> tuple[float, float, str] | None:
        needed = needs(step, shape, points, count, on_gpu=here.gpu is not None)
        if here.gpu is not None and needed.gpu is not None and needed.gpu > here.gpu:
            return needed.gpu, here.gpu, "the GPU"
        return (needed.host, here.host, "this machine") if needed.host > here.host else None

    try:
        found = beyond(count)
    except LookupError:
        return None
    if found is None:
        return None
    of_one = step.replicates * (step.seeds or 1)
    sizes = range(of_one * ((count - 1) // of_one), 0, -of_one)
    return Excess(model, count, *found, next((size for size in sizes if not beyond(size)), 0))


def needs(step: TrainStep, shape: Shape, points: int, count: int, *, on_gpu: bool) -> Memory:
    """What a process holds at most that trains so many students; raises as `stack_bill` does."""
    bill = stack_bill(step, shape, points, count)
    if on_gpu:
        return Memory(START + bill.host + CUDA, bill.device)
    return Memory(START + bill.host + bill.device)


def _limits() -> Iterator[float]:
    """Bytes that each control group around this process is held to, of version 1 or 2."""
    try:
        lines = PROCESS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = GROUPS / "memory" if controllers else GROUPS
        name = "memory.limit_in_bytes" if controllers else "memory.max"
        own = root / path.lstrip("/")
        # In a container the path may be that of outside; the root is then the group itself.
        for folder in (own, *own.parents):
            if folder == root or root in folder.parents:
                yield from _limit(folder / name)


def _limit(file: Path) -> Iterator[float]:
    try:
        yield float(file.read_text())
    except (OSError, ValueError):  # not there, or "max"
        return
