"""One N added to a study of 10,000 cells: what is trained and scored again, and what it takes.

The study has 25 models, 20 N and 20 replicates of each: students as small as they get. It is run,
an N is added, and the same command runs again; statements say which job made which cell. Writes
docs/benchmarks/growth.md. The repository is kept if a folder for it is named.
"""

import os
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from repositories import Repository, commit, create

from lowd.provenance.cells import cells_of
from lowd.provenance.environment import cpu_model
from lowd.provenance.statement import read_statement
from lowd.store.atomic import staged

PAGE = Path(__file__).parents[2] / "docs/benchmarks/growth.md"
MODELS, REPLICATES, SAMPLES, ADDED = 25, 20, [*range(2, 42, 2)], 21
TEXT = """\
# A grid of 10,000 cells, and one N more

Written by `python benchmarks/scale/growth.py` on {today}: {cpu}, {cores} cores.

{models} models, {samples} N and {replicates} replicates of each are {before:,} cells, with one
N more {after:,}. Students are as small as they get, so that it is the machinery that is measured.

| | 10,000 cells, first run | one N more |
|---|---|---|
| `lowd plan`, seconds of the clock | {plans[0]:.1f} | {plans[1]:.1f} |
| `lowd run`, seconds of the clock | {runs[0]:.0f} | {runs[1]:.0f} |
| students trained | {trained[0]:,} | {trained[1]:,} |
| students sampled | {generated[0]:,} | {generated[1]:,} |
| cells, and pairs of students, scored | {scored[0]:,} | {scored[1]:,} |

`lowd trace --cell` of a student of the first run and of one of the second names two jobs:

    {traces[0]}
    {traces[1]}
"""


def study(samples: list[int]) -> dict[str, Any]:
    """The study, whose τ is given: a rule goes by the largest N, which is not what is added."""
    return {
        "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
        "pool": {"size": REPLICATES * SAMPLES[-1], "reference": 64},
        "noise": {"size": 16},
        "sampler": {"steps": 3},
        "samples": samples,
        "replicates": REPLICATES,
        "training": {"steps": 10, "warm_up": 2, "batch": 4},
        "threshold": 0.9,
        "models": {
            f"mlp-{width}": {"architecture": "mlp", "width": width, "depth": 1}
            for width in range(4, 4 + 2 * MODELS, 2)
        },
    }


def new_cells(repository: Repository) -> Counter[str]:
    """How many cells the latest jobs have made, by their step; pairs of students count as cells."""
    counts: Counter[str] = Counter()
    for path in (repository.path / "provenance/grid").glob("*.json"):
        for group in cells_of(read_statement(path)):
            counts[path.stem.split("-")[0]] += sum(not job for job in group.jobs)
    return counts


def timed(repository: Repository, *command: str) -> float:
    """Seconds of the clock."""
    start = time.perf_counter()
    repository.run(*command)
    return time.perf_counter() - start


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    repository = create(folder / "repository")
    plans, runs, counts, traces = [], [], [], []
    for samples, n in ((SAMPLES, SAMPLES[3]), (sorted([*SAMPLES, ADDED]), ADDED)):
        repository.write_params({"grid": study(samples)})
        commit(repository)
        plans.append(timed(repository, "lowd", "plan", "grid", "--device-flops", "1", "--json"))
        runs.append(timed(repository, "lowd", "run", "grid"))
        commit(repository)
        counts.append(new_cells(repository))
        cell = f"model=mlp-4,N={n},replicate=1"
        told = repository.run("lowd", "trace", "results/grid.zarr", "--cell", cell)
        traces.append(next(line.strip() for line in told.splitlines() if "trained by" in line))
        print(samples[-1], plans[-1], runs[-1], counts[-1], traces[-1], flush=True)
    cells = MODELS * REPLICATES
    with staged(PAGE) as draft:
        draft.write_text(
            TEXT.format(
                today=date.today(),
                cpu=cpu_model(),
                cores=len(os.sched_getaffinity(0)),
                models=MODELS,
                samples=len(SAMPLES),
                replicates=REPLICATES,
                before=cells * len(SAMPLES),
                after=cells * (len(SAMPLES) + 1),
                plans=plans,
                runs=runs,
                trained=[one["train"] for one in counts],
                generated=[one["generate"] for one in counts],
                scored=[one["score"] for one in counts],
                traces=[re.sub(r"\s+", " ", one) for one in traces],
            )
        )


if __name__ == "__main__":
    main()
