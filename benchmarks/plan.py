"""How well `lowd plan` foresees the steps that join, compare and linearise, and the images' own.

Studies of two sizes are made of networks that are hardly trained, in a folder of their own: the one
named, which is kept and gone on from, or a temporary one. Then
the steps and the probes of their bills take turns in one process on one thread, and so do their
commands and the start of a process. What is compared is CPU time: ratios are medians of those
within a turn.
"""

import inspect
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
from typing import NamedTuple, get_args, get_type_hints

import numpy as np
import torch
import yaml

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
SHORT = {"steps": 20, "warm_up": 0, "batch": 16}
SAMPLER = {"steps": 6, "sigma_min": 0.02, "sigma_max": 8}


def digits(size: str, width: int, noises: int, pool: int) -> dict[str, object]:
    """A study of scikit-learn's digits."""
    model = {"architecture": "unet", "width": width}
    return {
        f"digits-{size}": {
            "teacher": {
                "kind": "trained",
                "images": {"source": "digits"},
                "model": model,
                "training": SHORT,
            },
            "pool": {"size": pool},
            "noise": {"size": noises},
            "sampler": SAMPLER,
            "samples": [2, pool // 8],
            "replicates": 2,
            "training": SHORT,
            "descriptor": "centred",
            "models": {"unet-4": {"architecture": "unet", "width": 4}},
        }
    }


def own(size: str, side: int, width: int) -> dict[str, object]:
    """A study of images made up, compared by a network that it trains."""
    source = {"source": "npz", "path": f"inputs/{size}.npz", "shape": [1, side, side]}
    study = digits(size, 4, 64, 512)[f"digits-{size}"]
    teacher = study["teacher"] | {"images": source | {"size": [side, side]}}
    descriptor = {"kind": "trained_sscd", "width": width, "steps": 2, "batch": 16}
    return {f"own-{size}": study | {"teacher": teacher, "descriptor": descriptor}}


def subspaces(size: str, shape: list[int], rank: int, clusters: int) -> dict[str, object]:
    """A study of images on subspaces."""
    study = digits(size, 4, 64, 1024 if size == "small" else 2048)[f"digits-{size}"]
    teacher = {"kind": "molrg_images", "shape": shape, "rank": rank, "clusters": clusters}
    name = f"subspaces-k{clusters}-r{rank}-{size}"
    models = {
        "mlp": {"architecture": "mlp", "width": 32},
        "unet": {"architecture": "unet", "width": 4 if size == "small" else 8},
    }
    return {name: study | {"teacher": teacher, "models": models}}


def theory(size: str, dimension: int, clusters: list[int], draws: int) -> dict[str, object]:
    """A study of low-rank denoisers."""
    maps = [{"clusters": k, "ranks": [2], "trials": 2, "training": SHORT_MAP} for k in clusters]
    equivalence = {"problems": 10 if size == "small" else 40, "draws": draws}
    every = {"kind": "theory", "dimension": dimension, "samples": [2, 4], "recovery_maps": maps}
    return {f"theory-{size}": every | {"equivalence": equivalence}}


SHORT_MAP = {"steps": 20}


def kinds(size: str, members: int, samples: int) -> dict[str, object]:
    """A finding of several kinds of models."""
    named = {
        f"mlp-{width}": {"model": {"architecture": "mlp", "width": width}}
        for width in range(4, 4 + members)
    }
    return {
        f"kinds-{size}": {
            "kind": "families",
            "study": f"digits-{size}",
            "samples": samples,
            "training": SHORT,
            "members": named,
        }
    }


def across(size: str, clusters: int, rank: int) -> dict[str, object]:
    """Studies compared."""
    every = {"small": ("k1-r2", "k1-r4"), "large": ("k1-r4", "k1-r12")}[size]
    both = [*(f"subspaces-{each}-{size}" for each in every), f"digits-{size}"]
    return {
        f"dimension-{size}": {"figure": "dimension", "studies": both},
        f"jacobians-{size}": {"figure": "jacobians", "studies": both},
        f"denoisers-{size}": {
            "figure": "denoisers",
            "studies": [f"digits-{size}"],
            "mixture": {"clusters": clusters, "rank": rank},
        },
    }


def params() -> dict[str, object]:
    """Everything at two sizes."""
    return {
        "studies": digits("small", 8, 128, 1024)
        | digits("large", 16, 512, 2048)
        | own("small", 8, 8)
        | own("large", 16, 16)
        | subspaces("small", [1, 4, 4], 2, 1)
        | subspaces("small", [1, 4, 4], 4, 1)
        | subspaces("large", [2, 6, 6], 4, 1)
        | subspaces("large", [2, 6, 6], 12, 1)
        | theory("small", 16, [1, 2], 16)
        | theory("large", 48, [1, 2, 3], 64),
        "findings": kinds("small", 3, 64) | kinds("large", 8, 512),
        "across": across("small", 4, 8) | across("large", 10, 24),
    }


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
    given: dict[str, object] = {}
    hints = get_type_hints(job.step.run)
    every = dict(job.inputs) | {"output": job.outputs}
    for role, paths in every.items():
        is_list = list[Path] in (hints[role], *get_args(hints[role]))
        if is_list or paths:
            given[role] = list(paths) if is_list else paths[0]
    if "scratch" in inspect.signature(job.step.run).parameters:
        given["scratch"] = None
    job.outputs[0].parent.mkdir(parents=True, exist_ok=True)
    with redirect_stdout(StringIO()):
        job.step.run(job.settings, **given)


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
