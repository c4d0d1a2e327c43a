"""The bill of many jobs, by rule, and how much of it is left."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from lowd.cost.bill import Bill
from lowd.cost.bills import bill
from lowd.cost.probes import Measured, NetworkProbe, Probe
from lowd.cost.schedule import makespan
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.graph.own import add_own_modules

TIME_MARGIN, LEAST_MINUTES = 2, 10
"""What a job may take before a cluster ends it: times its estimate, and at least."""
MEMORY_MARGIN, LEAST_MB = 1.5, 1000
CUDA = 2e9
"""Bytes of its own that a process on a GPU holds, at a guess."""


@dataclass(frozen=True)
class Device:
    """A device that is not here.

    Attributes:
        flops: a second, at the best.
        share: of it that networks reach.
    """

    flops: float | int
    share: float


@dataclass(frozen=True)
class Priced:
    """A job and what it takes here.

    Attributes:
        job: itself.
        bill: what it asks for.
        seconds: of one processor, or of one processor and the GPU that it holds meanwhile.
        memory: bytes of the process at most, the GPU's left out.
        gpu_memory: bytes of the GPU at most.
        is_due: whether it is not done yet.
    """

    job: Job
    bill: Bill
    seconds: float | int
    memory: float | int
    gpu_memory: float | int
    is_due: bool


@dataclass(frozen=True)
class Line:
    """Jobs together: those of one rule, or all.

    Attributes:
        rule: its name.
        step: of the command.
        jobs: how many.
        due: how many of them are not done yet.
        students: trained or sampled, cells scored; of all together those trained.
        flops: of networks and exact denoisers.
        seconds: summed over jobs.
        left: the same, of those due.
        longest: seconds of the longest job.
        memory: bytes of the job that holds most.
        gpu_memory: the same of the GPU's.
        disk: bytes that all leave.
        is_modelled: whether more than their start is counted.
        is_on_gpu: whether these seconds are a GPU's.
    """

    rule: str
    step: str
    jobs: int
    due: int
    students: int
    flops: float | int
    seconds: float | int
    left: float | int
    longest: float | int
    memory: float | int
    gpu_memory: float | int
    disk: float | int
    is_modelled: bool
    is_on_gpu: bool


def bills(graph: Graph, tell: Callable[[int, int], None] = lambda done, every: None) -> list[Bill]:
    """The bill of each job; paper-size networks take a few seconds each to count."""
    add_own_modules()
    found = []
    for done, job in enumerate(graph.jobs):
        tell(done, len(graph.jobs))
        found.append(bill(job, graph))
    return found


def probes(every: Iterable[Bill], device: Device | None) -> list[Probe]:
    """What has to be measured here: all, or what is not computed on the device assumed."""
    found = dict.fromkeys(probe for one in every for probe in one.probes)
    return [one for one in found if device is None or not isinstance(one, NetworkProbe)]


def price(
    graph: Graph,
    every: Sequence[Bill],
    measured: Mapping[Probe, Measured],
    *,
    left: Collection[Job] | None = None,
    device: Device | None = None,
    has_gpu: bool = False,
) -> list[Priced]:
    """What each job takes.

    Args:
        graph: the jobs.
        every: their bills.
        measured: what each probe takes.
        left: jobs that have yet to run, all if not given.
        device: where networks are assumed to be computed, instead of here.
        has_gpu: whether they are computed on a GPU here.
    """
    due = {id(job) for job in (graph.jobs if left is None else left)}
    found = []
    for job, one in zip(graph.jobs, every, strict=True):
        start = measured[one.start]
        seconds = start.seconds + sum(
            count * measured[probe].seconds for probe, count in one.work if probe in measured
        )
        elsewhere = one.is_on_device and (device is not None or has_gpu)
        if device is not None and one.is_on_device:
            seconds += one.flops / (device.flops * device.share)
        found.append(
            Priced(
                job,
                one,
                seconds,
                start.memory + one.host + (CUDA if elsewhere else one.device),
                one.device if elsewhere else 0,
                id(job) in due,
            )
        )
    return found


def lines(jobs: Sequence[Priced]) -> list[Line]:
    """By rule, in the order of the workflow."""
    rules = dict.fromkeys(one.job.rule.name for one in jobs)
    return [total([one for one in jobs if one.job.rule.name == rule], rule) for rule in rules]


def total(jobs: Sequence[Priced], rule: str) -> Line:
    """Jobs together, under a name."""
    several = len({one.job.rule for one in jobs}) > 1
    counted = [one for one in jobs if not several or one.job.step.name == "train"]
    return Line(
        rule,
        jobs[0].job.step.name if jobs else "",
        len(jobs),
        sum(one.is_due for one in jobs),
        sum(one.bill.students for one in counted),
        sum(one.bill.flops for one in jobs),
        sum(one.seconds for one in jobs),
        sum(one.seconds for one in jobs if one.is_due),
        max((one.seconds for one in jobs), default=0),
        max((one.memory for one in jobs), default=0),
        max((one.gpu_memory for one in jobs), default=0),
        sum(one.bill.disk for one in jobs),
        all(one.bill.is_modelled for one in jobs),
        any(one.gpu_memory for one in jobs),
    )


def disk(jobs: Iterable[Priced]) -> dict[str, float | int]:
    """Bytes by the kind of store: the folder in data/STUDY, or its one store."""
    found: dict[str, float | int] = {}
    for one in jobs:
        if one.bill.disk:
            room, *inner = one.job.outputs[0].parts
            kind = inner[1].split(".")[0] if room == "data" and len(inner) > 1 else room
            found[kind] = found.get(kind, 0) + one.bill.disk
    return found


def wall(graph: Graph, jobs: Sequence[Priced], devices: int, *, left: bool = False) -> float:
    """Seconds that pass on so many devices, one job on each; jobs that are done take none."""
    place = {id(job): at for at, job in enumerate(graph.jobs)}
    needs = [[place[id(maker)] for maker in graph.makers(job)] for job in graph.jobs]
    seconds = [one.seconds if one.is_due or not left else 0.0 for one in jobs]
    return makespan(seconds, needs, devices)


def resources(jobs: Sequence[Priced]) -> dict[str, dict[str, int]]:
    """What to ask of a cluster for a job of each rule: minutes and megabytes, with a margin.

    Rules with a job whose size nothing says are left out, for what the cluster's profile says.
    """
    return {
        line.rule: {
            "runtime": max(LEAST_MINUTES, ceil(TIME_MARGIN * line.longest / 60)),
            "mem_mb": max(LEAST_MB, ceil(MEMORY_MARGIN * line.memory / 1e6)),
        }
        for line in lines(jobs)
        if line.is_modelled
    }
