"""What the number of cells costs where nothing is computed: planning, checking, tracing.

Repositories with a study of 100, 1,000 and 10,000 cells are made in a folder, kept if one is named,
and used as they are if they are there. Students are as small as they get: it is not training that
is measured. Writes docs/benchmarks/scale.md.
"""

import json
import os
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from repositories import Repository, commit, create

from lowd.provenance.digests import STAMP
from lowd.provenance.environment import cpu_model
from lowd.store.atomic import staged

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/benchmarks/scale.md"
COMMAND = "python benchmarks/scale"
FORKED = Path(__file__).parent / "forked.py"
MODELS = (1, 10, 100)
SAMPLES = [round(2 * 1.34**power) for power in range(20)]
REPLICATES = 5
TARGET = "data/grid/manifest.json"
FIGURE = "figures/grid/transition.svg"
READY = f"{sys.prefix}/.ready"
PLAN = ("snakemake", "--dry-run", TARGET)
COMMANDS = {
    "`snakemake -n`, nothing to do": PLAN,
    "`make figures`, nothing to do": (
        *("make", f"VENV={sys.prefix}", "-o", READY, "figures", "STUDIES=grid"),
    ),
    "of it `lowd verify`": ("lowd", "verify"),
    "of it `dvc repro`": ("dvc", "repro", "study@grid"),
    "`lowd trace` of a figure": ("lowd", "trace", FIGURE),
    "`lowd trace` of a cell": (
        *("lowd", "trace", FIGURE, "--cell", f"model=mlp-4,N={SAMPLES[-1]},replicate=0"),
    ),
    "`lowd audit`": ("lowd", "audit"),
    "`lowd report`": ("lowd", "report"),
    "`lowd restore`": ("lowd", "restore", "grid"),
}
# A process starts with the memory of the one that it is forked from: this one is small.
TIMED = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:]).returncode
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stdout.flush()
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(code)
"""
TURNS = 3
FOLDERS = ("data", "provenance", "results", "figures")
TEXT = """\
# Many cells

Written by `{command}` on {today}: {cpu}, {cores} cores, on a load of {load}. Seconds of
the clock, in brackets CPU-seconds of all processes together, then the most memory that one held;
medians of {turns} turns.

A cell is a student: a model, an N and a replicate. One study each, of {models} models, with
{samples} N and {replicates} replicates of every one: MLPs of a few hundred weights. Jobs grow with
the models alone.

| | {columns} |
|---|{rules}|
{rows}

CPU-seconds and memory of a job, the median and the most, without the {start:.1f} seconds in which
Python loads torch for every one:

| step | {columns} |
|---|{rules}|
{steps}

What grows with the square of the models, since each is compared with all before it: inputs of the
jobs, `rp_same` in results/, and the scores' CPU-seconds. `lowd restore` goes at Snakemake's pace,
about nine jobs a second. One command holds the names of all files of a study, and Linux takes
131,072 characters of it.
"""


class Spent(NamedTuple):
    """What a command took: seconds of the clock and of processors, and bytes at once."""

    seconds: float
    cpu: float
    memory: int

    def __str__(self) -> str:
        return f"{self.seconds:.1f} ({self.cpu:.1f}), {self.memory / 2**20:.0f} MiB"


def study(models: int) -> dict[str, Any]:
    return {
        "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
        "pool": {"size": REPLICATES * SAMPLES[-1]},
        "noise": {"size": 16},
        "sampler": {"steps": 4},
        "samples": SAMPLES,
        "replicates": REPLICATES,
        "training": {"steps": 20, "warm_up": 2, "batch": 8},
        "models": {
            f"mlp-{width}": {"architecture": "mlp", "width": width, "depth": 1}
            for width in range(4, 4 + models)
        },
    }


def spent(repository: Repository, *command: str) -> Spent:
    """What the command takes, all that it starts included."""
    said = repository.run(sys.executable, "-S", "-c", TIMED, *command)
    seconds, cpu, kibibytes = map(float, said.splitlines()[-1].split())
    return Spent(seconds, cpu, int(1024 * kibibytes))


def medians(turns: list[Spent]) -> Spent:
    return Spent(*map(median, zip(*turns, strict=True)))


def content(repository: Repository) -> dict[Path, bytes]:
    """What a run would write anew: the statements."""
    return {path: path.read_bytes() for path in (repository.path / "provenance").rglob("*.json")}


def made(path: Path, models: int) -> Repository:
    """The repository with the study run, and what its jobs took."""
    if (path / "planned.json").exists():
        return Repository(path)
    repository = create(path)
    shutil.copy(ROOT / "Makefile", path)
    repository.write_params({"grid": study(models)})
    commit(repository)
    plans = [spent(repository, *PLAN) for _ in range(TURNS)]
    repository.run(sys.executable, str(FORKED), TARGET, "spent.json")
    repository.run("lowd", "restore", "grid")
    repository.run("dvc", "repro", "study@grid")
    commit(repository)
    (path / "planned.json").write_text(json.dumps(plans))
    return repository


def jobs(repository: Repository) -> tuple[int, int, int]:
    """Jobs, inputs of all of them together, and characters of the longest command."""
    printed = repository.run(*PLAN, "--forceall", "--printshellcmds")
    count = re.findall(r"^total +(\d+)", printed, re.M)[0]
    inputs = re.findall(r"^    input: (.*)$", printed, re.M)
    commands = re.findall(r"^Shell command: (.*)$", printed, re.M)
    edges = sum(len(each.split(", ")) for each in inputs)
    return int(count), edges, max(map(len, commands))


def size(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != STAMP]
    return f"{len(files):,} files, {sum(path.stat().st_size for path in files) / 1e6:.1f} MB"


def measured(repository: Repository) -> Iterator[tuple[str, str]]:
    """Rows of the table: what, and how much."""
    count, edges, longest = jobs(repository)
    yield "jobs", f"{count:,}"
    yield "inputs of all jobs together", f"{edges:,}"
    yield "longest command, in characters", f"{longest:,}"
    for name in FOLDERS:
        yield f"{name}/", size(repository.path / name)
    plans = [Spent(*one) for one in json.loads((repository.path / "planned.json").read_text())]
    yield "`snakemake -n` before the first run", str(medians(plans))
    before = content(repository)
    for name, command in COMMANDS.items():
        yield name, str(medians([spent(repository, *command) for _ in range(TURNS)]))
        assert content(repository) == before, f"{name}: there was something to do"


def by_step(repository: Repository) -> dict[str, str]:
    taken: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for step, *one in json.loads((repository.path / "spent.json").read_text()):
        taken[step].append(one)
    rows = {}
    for step, each in taken.items():
        seconds, memory = zip(*each, strict=True)
        most = f"{max(seconds):.1f}, {max(memory) / 2**20:.0f} MiB"
        rows[step] = f"{median(seconds):.1f} to {most}"
    return rows


def table(columns: list[dict[str, str]]) -> str:
    return "\n".join(
        f"| {key} | {' | '.join(one.get(key, '–') for one in columns)} |" for key in columns[0]
    )


def main(folder: Path) -> None:
    repositories = [made(folder / f"{models}", models) for models in MODELS]
    start = median(spent(repositories[0], "python", "-c", "import torch").cpu for _ in range(TURNS))
    load = os.getloadavg()[1]
    columns = [dict(measured(one)) for one in repositories]
    cells = [f"{models * len(SAMPLES) * REPLICATES:,} cells" for models in MODELS]
    text = TEXT.format(
        command=COMMAND,
        today=date.today(),
        cpu=cpu_model(),
        cores=os.cpu_count(),
        load=f"{load:.1f} to {os.getloadavg()[1]:.1f}",
        turns=TURNS,
        models=", ".join(map(str, MODELS)),
        samples=len(SAMPLES),
        replicates=REPLICATES,
        columns=" | ".join(cells),
        rules="|".join(["---"] * len(cells)),
        rows=table(columns),
        start=start,
        steps=table([by_step(one) for one in repositories]),
    )
    with staged(PAGE) as draft:
        draft.write_text(text)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory(prefix="lowd-scale-") as folder:
            main(Path(folder))
