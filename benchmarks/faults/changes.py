"""Settings, code and inputs that change, and a fault in the run that is to take them in.

Each cell starts from a finished and committed study. Something of one job is changed and committed;
the command of `make figures` runs, and a fault befalls that job; the same command runs again. Then
all has to be as a clean run makes it, or the command has to fail. What is *due* in the second run
are the jobs whose statement or outputs are not yet those of the clean run. Besides these it may run
what depends on them, even where they come out as they were, for Snakemake goes by time stamps.

    python benchmarks/faults/changes.py        # all, and then the table in docs/faults.md
    python benchmarks/faults/changes.py --report report.jsonl       # all that it has not got yet
    python benchmarks/faults/changes.py 'exact*/noise/settings/full' 'theory/*/*/killed'
"""

import argparse
import fnmatch
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import yaml
from choosing import Edit, cells_of, choose, statement_of, with_followers
from clean import CleanRuns
from interrupted import REACHED, VARIABLE
from kinds import KINDS
from outcomes import DISK, HEADING, Cell, Outcome, holds, line, reported, section
from report import git, processor_seconds, write
from repositories import commit
from runs import small_disk
from small import Kind
from workplace import MADE, Jobs

place: CleanRuns
"""Of this process."""


def settle(folder: Path, results: Path) -> None:
    """Give this process its workplace; what clean runs leave goes to `results`, and is kept."""
    global place
    place = CleanRuns(folder / f"work-{os.getpid()}", results)


def finish(kind: str) -> Jobs:
    """Leave a finished and committed study."""
    return place.finish(kind)


def refer(edit: Edit) -> Jobs:
    """What a clean run leaves after the edit."""
    return place.refer(edit)


def attempt(asked: tuple[Cell, str, Edit, Jobs]) -> Outcome | str:
    """Try one cell, whose job has that statement; or why it can't be tried."""
    try:
        return _attempt(*asked)
    except Exception:
        return traceback.format_exc()


def _attempt(cell: Cell, statement: str, edit: Edit, reference: Jobs) -> Outcome:
    start = processor_seconds()
    kind = KINDS[cell.kind]
    astray = mimicked(cell, statement, edit) if cell.fault == DISK else []
    _interrupt(cell, statement, edit)
    told = _told(kind)
    due = sorted(place.differing(reference))
    before = _stamps()
    second = place.figures(kind)
    stale, wrong = [], [f"{path} is not as after the fault that looks like it" for path in astray]
    if not second.code:
        stale, wrong = _stale(reference), wrong + _wrong(kind, reference)
    ran = {name for name, stamp in _stamps().items() if before.get(name) != stamp}
    return Outcome(
        cell,
        told,
        second.said if second.code else "",
        stale,
        wrong,
        sorted(ran - with_followers(due, reference)),
        due,
        processor_seconds() - start,
    )


def _interrupt(cell: Cell, statement: str, edit: Edit) -> None:
    """Change a finished study, and have the fault befall the run that follows."""
    place.change(edit)
    variables = {} if cell.fault == DISK else {VARIABLE: f"{cell.fault}:{statement}"}
    with _full(place.path / "data") if cell.fault == DISK else nullcontext():
        ended = place.figures(KINDS[cell.kind], **variables)
    log = place.path / "logs" / Path(statement).relative_to("provenance").with_suffix(".log")
    full = log.exists() and "No space left" in log.read_text()
    came = full if cell.fault == DISK else (place.path / REACHED).exists()
    assert came and ended.code, f"{cell}: no fault came about; {ended.code}\n{ended.said}"


@contextmanager
def _full(folder: Path) -> Iterator[None]:
    """The folder on a file system that has room for hardly more than is there."""
    aside = folder.rename(folder.with_name("aside"))
    sizes = [path.stat().st_size for path in aside.rglob("*") if path.is_file()]
    with small_disk(folder, 4 * sum(-(-size // 4096) for size in sizes) + 8):
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield


def mimicked(cell: Cell, statement: str, edit: Edit) -> list[str]:
    """Where a disk that is full leaves something else than what is made to look like it."""
    states = []
    for fault in (DISK, "full"):
        _interrupt(cell._replace(fault=fault), statement, edit)
        paths = [path for name in MADE for path in sorted((place.path / name).rglob("*"))]
        files = [str(path.relative_to(place.path)) for path in paths if path.is_file()]
        states.append(place.contents(files))
    return sorted(name for name, _ in states[0].items() ^ states[1].items())


def _told(kind: Kind) -> list[str]:
    """Which commands say that not all is well."""
    found = ["plan"] if place.due(kind) != "0" else []
    return found + [name for name in ("verify", "audit") if place.run("lowd", name).code]


def _stamps() -> dict[str, bytes]:
    return {
        path.relative_to(place.path).as_posix(): path.read_bytes()
        for path in (place.path / "provenance").rglob("[!.]*.json")
    }


def _stale(reference: Jobs) -> list[str]:
    """What is not as a clean run leaves it."""
    found = [reason for reasons in place.differing(reference).values() for reason in reasons]
    found += [f"{name} is of no job" for name in place.jobs().keys() - reference.keys()]
    params = yaml.safe_load((place.path / "params.yaml").read_text())
    lock = yaml.safe_load((place.path / "dvc.lock").read_text())
    for stage in lock["stages"].values():
        for key, value in stage.get("params", {}).get("declared.json", {}).items():
            _, room, name = key.split(".")
            if params[room][name] != value:
                found.append(f"dvc.lock has other {key}")
    return found


def _wrong(kind: Kind, reference: Jobs) -> list[str]:
    """What commands have to say, and drafts that were left."""
    figure = next(p for job in reference.values() for p in job.outputs if p.endswith(".svg"))
    due = place.due(kind)
    commit(place.repository)
    found = [] if due == "0" else [f"lowd plan: {due} jobs due"]
    for command in (("verify",), ("audit",), ("trace", figure)):
        ended = place.run("lowd", *command)
        if ended.code:
            found.append(f"lowd {command[0]}: {ended.said.strip().splitlines()[-1]}")
    drafts = [path for name in MADE for path in (place.path / name).rglob("*.partial*")]
    return found + [f"{path.relative_to(place.path)} was left" for path in drafts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cells", nargs="*", help="patterns of kind/rule/change/fault; all if none")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument(
        "--report",
        type=Path,
        help="one JSON line a cell; what it has of this commit is not tried again, nor are clean "
        "runs, which are kept beside it",
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lowd-changes-") as folder:
        report = asked.report or Path(folder, "report.jsonl")
        outcomes = tried(Path(folder), asked.cells or ["*"], asked.processes, report)
    text = section(outcomes)
    print(text)
    if not asked.cells:
        write(HEADING, text)
    sys.exit(0 if holds(outcomes) else "something was called made though stale, or not made again")


def tried(folder: Path, patterns: Sequence[str], processes: int, report: Path) -> list[Outcome]:
    """Every cell that a pattern matches, in several processes; says how each went.

    A run that was stopped goes on: cells that the report has from this commit stand.
    """
    commit_tried = git("rev-parse", "HEAD")
    results = report.parent.resolve() / f"clean-{commit_tried[:12]}"
    results.mkdir(parents=True, exist_ok=True)
    before = {one.cell: one for one in reported(report, commit_tried)}
    with get_context("fork").Pool(processes, settle, [folder, results]) as pool:
        kinds = [kind for kind in KINDS if any(_may_match(kind, one) for one in patterns)]
        finished = dict(zip(kinds, pool.map(finish, kinds, 1), strict=True))
        cells = [
            cell
            for kind, jobs in finished.items()
            for cell in cells_of(kind, jobs)
            if any(fnmatch.fnmatchcase(str(cell), one) for one in patterns)
        ]
        print(f"{len(kinds)} studies are finished; {len(cells)} cells", flush=True)
        references: dict[Edit, Jobs] = {}
        chosen = choose(lambda new: pool.map(refer, new, 1), cells, finished, references)
        print(f"{len(references)} clean runs; {len(chosen)} cells have a change", flush=True)
        asked = [
            (cell, statement_of(cell, finished[cell.kind]), edit, references[edit])
            for cell, edit in chosen.items()
            if cell not in before
        ]
        outcomes = [before[cell] for cell in chosen if cell in before]
        for outcome in pool.imap_unordered(attempt, asked):
            print(line(outcome), flush=True)
            if isinstance(outcome, Outcome):
                outcomes.append(outcome)
                with report.open("a") as lines:
                    lines.write(json.dumps({"commit": commit_tried} | outcome._asdict()) + "\n")
    return outcomes


def _may_match(kind: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(kind, pattern.split("/")[0])


if __name__ == "__main__":
    main()
