"""`python -m lowd.cost.measure`: probes as JSON lines in, what each took as JSON lines out.

A process of its own, because a job's environment is fixed where it starts.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import torch
from pydantic import TypeAdapter
from torch import Tensor

from lowd.cost.probes import (
    CopyProbe,
    FlowProbe,
    Measured,
    Probe,
    StartProbe,
    TrainProbe,
)
from lowd.cost.tally import Counted, copy_cost, denoiser_cost, step_cost
from lowd.cost.units import unit
from lowd.descriptors import trained_sscd
from lowd.descriptors.network import initialised
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.device import pick_device
from lowd.diffusion.settings import SamplerSettings
from lowd.graph.own import add_own_modules
from lowd.models.admission import admit, networks_in
from lowd.models.build import initialise
from lowd.steps.generation import flow_in_batches
from lowd.streams import stream
from lowd.training.draws import Cell, draw_block
from lowd.training.objectives.build import assemble, objective
from lowd.training.settings import BLOCK, TrainingSettings
from lowd.training.trainer import Trainer

FLOPS = {"cpu": 1.5e10, "cuda": 1.5e13}
"""A unit of work with more FLOPs is measured in part: about a second's."""
BYTES = 2 * 2**30
"""The same for what it holds."""
ENOUGH = 0.5
"""Seconds after which no more units are measured, once there are LEAST."""
LEAST, MOST = 2, 20
ROWS = 512
"""Points that a stack learns from."""

TAKEN = """
import pathlib, re, resource, sys
used = resource.getrusage(resource.RUSAGE_SELF)
status = pathlib.Path("/proc/self/status")
if status.exists():  # what getrusage says on Linux is no less than what the parent held
    memory = 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1])
else:
    memory = used.ru_maxrss
print(used.ru_utime + used.ru_stime, memory)
"""
"""What a process says at its end: seconds of the processor, and the most bytes it held."""

Clock = Callable[[], float]


def main() -> None:
    """Measure what comes in, line by line."""
    torch.set_num_threads(1)
    add_own_modules()
    adapter: TypeAdapter[Probe] = TypeAdapter(Probe)
    for line in sys.stdin:
        print(measure(adapter.validate_json(line)).model_dump_json(), flush=True)


def measure(probe: Probe) -> Measured:
    """What one unit of it takes here."""
    admit(networks_in(probe))
    match probe:
        case StartProbe():
            return _start(probe)
        case TrainProbe():
            return Measured(seconds=_train(probe))
        case FlowProbe():
            return Measured(seconds=_flow(probe))
        case CopyProbe():
            return Measured(seconds=_copy(probe))
    units, run = unit(probe)
    return Measured(seconds=_typical(run, time.process_time) / units)


def _start(probe: StartProbe) -> Measured:
    """A process of its own, which says what it took."""
    program = f"import {', '.join(probe.modules)}\n{TAKEN}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{', '.join(probe.modules)} can't be imported: {done.stderr.strip()}")
    seconds, memory = done.stdout.split()[-2:]
    return Measured(seconds=float(seconds), memory=int(memory))


class _Timed(Trainer):
    """A trainer that is stopped after a few steps.

    Attributes:
        marks: of every step when it began, when its gradient was there, and when it ended.
    """

    def __init__(self, *arguments: object, clock: Clock) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.clock = clock
        self.marks: list[tuple[float, float, float]] = []
        self._gradient = 0.0

    def _advance(self, rows: Tensor, noise: Tensor, log_sigma: Tensor) -> Tensor:
        began = self.clock()
        loss = super()._advance(rows, noise, log_sigma)
        self.marks.append((began, self._gradient, self.clock()))
        measured = self.marks[1:]
        if len(measured) >= LEAST and self.marks[-1][2] - measured[0][0] > ENOUGH:
            raise StopIteration
        return loss

    def _clip_and_freeze(self, loss: Tensor) -> None:
        self._gradient = self.clock()
        super()._clip_and_freeze(loss)


def _train(probe: TrainProbe) -> float:
    """Seconds of a step: the gradient's grow with the batch, the optimiser's do not."""
    device = pick_device()
    one = step_cost(probe.aim, probe.model, probe.shape, 1)
    students, batch = probe.students, probe.batch
    if not probe.is_whole:
        students, batch = _within(device, one, students, batch)
    cells = [Cell(f"probe/{s}", 0, samples=ROWS, first=0) for s in range(students)]
    pool = torch.randn((ROWS, *probe.shape), generator=stream("probe"))
    settings = TrainingSettings(steps=MOST, warm_up=0, final_rate=1, batch=batch)
    given = (probe.model, settings, cells, pool, device, probe.aim, (), probe.compute)
    trainer = _Timed(*given, clock=_clock(device))
    with suppress(StopIteration):
        trainer.run()
    gradient, rest = (
        statistics.median(mark[end] - mark[end - 1] for mark in trainer.marks[1:]) for end in (1, 2)
    )
    drawn = _typical(
        lambda: draw_block(cells[:1], 0, batch, probe.shape), time.process_time, most=3
    )
    scale = probe.batch / batch
    return probe.students * ((scale * gradient + rest) / students + scale * drawn / BLOCK)


def _flow(probe: FlowProbe) -> float:
    device = pick_device()
    one = denoiser_cost(probe.aim, probe.model, probe.shape, 1)
    students, rows = _within(device, one, probe.students, probe.rows)
    networks = assemble(probe.aim, probe.model, students, probe.shape)
    initialise(networks, [stream("probe", s) for s in range(students)])
    denoise = objective(probe.aim, networks.to(device).eval(), 0.5).denoise
    noise = torch.randn((rows, *probe.shape), generator=stream("probe"))
    once = SamplerSettings(solver="euler", steps=1)
    seconds = _typical(
        lambda: flow_in_batches(denoise, noise, once, device, students), _clock(device)
    )
    return seconds * probe.students / students * probe.rows / rows


def _copy(probe: CopyProbe) -> float:
    device, generator = pick_device(), stream("probe")
    one = copy_cost(probe.shape, probe.width, probe.features, 1)
    _, rows = _within(device, one, 1, ROWS)
    images = torch.rand((rows, *probe.shape), generator=generator)
    if not probe.learns:
        network = initialised(probe.shape[0], probe.width, probe.features, generator).to(device)
        with torch.no_grad():
            return _typical(lambda: network(images.to(device)).cpu(), _clock(device)) / rows
    rows = max(2, rows // 6)  # two copies, forward and backward
    training = TrainedSSCDSettings(
        kind="trained_sscd",
        width=probe.width,
        features=probe.features,
        steps=LEAST,
        batch=rows,
        entropy=0.2,
    )
    seconds = _typical(
        lambda: trained_sscd.train(training, images[:rows], generator, generator, device),
        _clock(device),
        most=LEAST,
    )
    return seconds / LEAST / rows


def _within(device: torch.device, one: Counted, students: int, examples: int) -> tuple[int, int]:
    """How many students are measured, and examples of each, of which `one` is what one takes."""
    most = max(1, min(int(FLOPS[device.type] / one.flops), int(BYTES / one.peak)))
    return max(1, min(students, most // examples)), min(examples, most)


def _clock(device: torch.device) -> Clock:
    """Seconds of the processor, or those that pass until the GPU is done."""
    if device.type == "cpu":
        return time.process_time

    def done() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return done


def _typical(run: Callable[[], object], clock: Clock, most: int = MOST) -> float:
    """The median of a few runs, the first left out."""
    run()
    return statistics.median(_times(run, clock, most))


def _times(run: Callable[[], object], clock: Clock, most: int) -> Iterator[float]:
    first = before = clock()
    for done in range(most):
        if done >= LEAST and before - first > ENOUGH:
            return
        run()
        after = clock()
        yield after - before
        before = after


if __name__ == "__main__":
    main()
