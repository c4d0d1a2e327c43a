"""How well `lowd plan` foresees the steps that join, compare and linearise, and the images' own.

Studies of two sizes are made of networks that are hardly trained, in a folder of their own: the one
named, which is kept and gone on from, or a temporary one. Then the steps and the probes of their
bills take turns in one process on one thread, and so do their commands and the start of a process.
What is compared is CPU time: ratios are medians of those within a turn.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stdout
from datetime import date
from functools import cache
from io import StringIO
from pathlib import Path
from statistics import median
from time import process_time
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import jobs
import numpy as np
import torch
import yaml
from plan_studies import params

from lowd.cost.bill import Bill
from lowd.cost.bills import bill
from lowd.cost.calibration import JOB
from lowd.cost.measure import measure
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.provenance.environment import cpu_model
from lowd.store.atomic import staged
from lowd.table import read_graph

COMMAND = "python benchmarks/plan.py [FOLDER]"
PAGE = Path(__file__).parents[1] / "docs/benchmarks/plan.md"
STEPS = ("agree", "appraise", "contrast", "equate", "images", "linearise", "relate")
TURNS, COMMANDS = 3, 1
TEXT = """\
# Seven steps against their bills

Written by `{command}` on {today}: {cpu}, torch {torch}, one thread, other work on the machine.
CPU-seconds: of the step alone, medians of {turns} turns, and of its command, start included, in
{commands} turn more; the ratio is planned over taken, the median of the ratios within a turn.

| step | example | work planned | taken | ratio | command planned | taken | ratio |
|---|---|---|---|---|---|---|---|
{rows}
"""


def inputs() -> None:
    """Images that nobody took: few small ones, and many that are shrunk."""
    draw = np.random.default_rng(0)
    Path("inputs").mkdir()
    for size, save, shape in (
        ("small", np.savez, (600, 1, 8, 8)),
        ("large", np.savez_compressed, (30_000, 1, 28, 28)),
    ):
        pixels = draw.integers(0, 256, shape, dtype=np.uint8)
        save(f"inputs/{size}.npz", images=pixels * draw.integers(0, 2, shape, dtype=np.uint8))


def run(job: Job) -> None:
    """The job's step in this process, of whose words nothing is shown."""
    with redirect_stdout(StringIO()):
        jobs.run(job)


class Example(NamedTuple):
    """A job of a step, and its bill."""

    job: Job
    bill: Bill

    @property
    def name(self) -> str:
        """What it is called on the page."""
        return next(reversed(self.job.wildcards.values()))


def examples(graph: Graph) -> list[Example]:
    """The jobs to look at, when all that feeds them is made, if it is not there."""
    asked = [job for job in graph.jobs if job.step.name in STEPS]
    needed = graph.leading_to(path for job in asked for path in job.outputs)
    for job in needed.in_order:
        if not all(path.exists() for path in job.outputs):
            run(job)
    billed = [Example(job, bill(job, graph)) for job in asked]
    assert all(one.bill.is_modelled for one in billed)
    return sorted(billed, key=lambda one: (one.job.step.name, -len(one.name), one.name))


def alone(every: list[Example]) -> list[tuple[float, float]]:
    """Seconds planned and taken by the work of each, the start left out."""
    seconds = cache(lambda probe: measure(probe).seconds)
    found = []
    for one in every:
        planned = sum(count * seconds(probe) for probe, count in one.bill.work)
        began = process_time()
        run(one.job)
        found.append((planned, process_time() - began))
    return found


def commands(every: list[Example]) -> list[tuple[float, float]]:
    """Seconds planned and taken by each from where its process starts."""
    seconds = cache(lambda probe: measure(probe).seconds)
    found = []
    for one in every:
        planned = sum(count * seconds(probe) for probe, count in one.bill.work)
        planned += seconds(one.bill.start)
        shutil.rmtree(one.job.outputs[0], ignore_errors=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            one.job.command, shell=True, env=os.environ | JOB, capture_output=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert not done.returncode, done.stderr.decode()
        taken = sum(after[:2]) - sum(before[:2])
        found.append((planned, taken))
    return found


def repeated(
    turn: Callable[[list[Example]], list[tuple[float, float]]], every: list[Example], turns: int
) -> list[tuple[float, float, float]]:
    """Medians of what is planned and taken, and of their ratio."""
    rows = []
    for _ in range(turns):
        rows.append(turn(every))
        print(
            *(
                f"{one.job.step.name} {a:.3g} {b:.3g};"
                for one, (a, b) in zip(every, rows[-1], strict=True)
            ),
            flush=True,
        )
    return [
        (
            median(planned for planned, _ in each),
            median(taken for _, taken in each),
            median(planned / taken for planned, taken in each),
        )
        for each in zip(*rows, strict=True)
    ]


def table() -> list[str]:
    """The rows of the page, of studies made where this is run."""
    Path("params.yaml").write_text(yaml.safe_dump(params()))
    if not Path("inputs").exists():
        inputs()
    every = examples(read_graph())
    work, whole = repeated(alone, every, TURNS), repeated(commands, every, COMMANDS)
    rows = []
    for one, numbers in zip(every, zip(work, whole, strict=True), strict=True):
        cells = " | ".join(f"{a:.3g} | {b:.3g} | {ratio:.2f}" for a, b, ratio in numbers)
        rows.append(f"| {one.job.step.name} | {one.name} | {cells} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        folder.mkdir(exist_ok=True)
        with chdir(folder):
            rows = table()
    values: Mapping[str, object] = {
        "command": COMMAND,
        "today": date.today(),
        "cpu": cpu_model(),
        "torch": torch.__version__,
        "turns": TURNS,
        "commands": COMMANDS,
        "rows": "\n".join(rows),
    }
    with staged(PAGE) as draft:
        draft.write_text(TEXT.format(**values))


if __name__ == "__main__":
    main()
