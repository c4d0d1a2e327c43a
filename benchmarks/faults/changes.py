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
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks/faults")]

import served  # noqa: E402
import yaml  # noqa: E402
from interrupted import FAULTS, REACHED, VARIABLE, arm  # noqa: E402
from kinds import KINDS, LARGE, LARGE_KIND, MODULE  # noqa: E402
from outcomes import (  # noqa: E402
    CHANGES,
    DISK,
    HEADING,
    Cell,
    Outcome,
    head,
    holds,
    line,
    reported,
    section,
)
from report import write  # noqa: E402
from repositories import commit, create  # noqa: E402
from runs import small_disk  # noqa: E402
from small import Kind, unshared  # noqa: E402

MADE = ("data", "provenance", "results", "figures")
CALIBRATION = Path(".lowd/calibration.json")
TWO_JOBS = {"generate-teacher": "generate_teacher", "generate-empirical": "generate_empirical"}
"""Rules, by their statements, that share a step with another."""


SHORTENED = {
    "lowd/table.py": (
        "in settings.shown(params.every)",
        "in list(settings.shown(params.every))[:1]",
    ),
    "lowd/kinds/guidance/expect_guidance.py": ("80.0, 256", "80.0, 4"),
}
"""What of the copy's modules is written otherwise: figures, all of which one rule draws, and the
steps of a solver that no setting chooses."""


class Edit(NamedTuple):
    """A key of params.yaml with another value, in JSON, or a module with another line."""

    kind: str
    key: str
    value: str = ""


class Job(NamedTuple):
    """What is stated of a job.

    Attributes:
        made: step, settings and code digest.
        inputs: digests by path.
        outputs: the same.
    """

    made: tuple[str, str, str]
    inputs: dict[str, str]
    outputs: dict[str, str]


Jobs = dict[str, Job]
"""By statement."""


class Workplace:
    """A folder whose repository is always the same path, for a process that has loaded its code."""

    def __init__(self, folder: Path, results: Path) -> None:
        self.results = results
        self.path = folder / "repository"
        shutil.rmtree(folder, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.repository = create(self.path)
        self._make_small()
        arm(self.path)
        self.pristine = folder / "pristine"
        shutil.copytree(self.path, self.pristine)
        served.write_scripts(folder / "bin")
        served.load(self.path)
        path = f"{folder / 'bin'}:{self.repository.environment['PATH']}"
        self.environment = self.repository.environment | {"PATH": path}

    def _make_small(self) -> None:
        """Shorten what takes long, and add what studies read of one's own."""
        for name, (long, short) in SHORTENED.items():
            module = self.path / name
            source = module.read_text()
            assert source.count(long) == 1, f"{name} no longer has {long!r}"
            module.write_text(source.replace(long, short))
        (self.path / "inputs/shrinking.py").write_text(MODULE)
        students = self.path / "inputs/students"
        students.mkdir()
        for n, replicate in product((2, 8), range(3)):
            (students / f"{n}-{replicate}").write_text(f"{n} {replicate}")
        images = self.path / "inputs/images.npz"
        (images.parent / "others.npz").write_bytes(images.read_bytes())
        import numpy as np

        np.savez(images.parent / "others.npz", images=255 - np.load(images)["images"])

    def take(self, folder: Path) -> None:
        """Make the repository a copy of that folder."""
        shutil.rmtree(self.path)
        shutil.copytree(folder, self.path, symlinks=True)

    def run(self, *command: str, **variables: str) -> served.Ended:
        """What a command says, and its status."""
        return served.run(command, self.path, self.environment | variables)

    def figures(self, kind: Kind, **variables: str) -> served.Ended:
        """What `make figures` does."""
        ended = self.run("lowd", "verify", **variables)
        return ended if ended.code else self.run("dvc", "repro", kind.stage, **variables)

    def write(self, kind: Kind, edit: Edit | None) -> None:
        """Change the repository, and commit that."""
        params = unshared(kind.params)
        if edit is not None and edit.key.endswith(".py"):
            with (self.path / edit.key).open("a") as module:
                module.write("\n_EDITED = 1\n")
        elif edit is not None:
            params = kind.changed(edit.key, json.loads(edit.value))
        self.repository.write_params(**params)
        commit(self.repository)

    def jobs(self) -> Jobs:
        """What is stated of every job."""
        from lowd.provenance.statement import read_statement

        found = {}
        for path in sorted((self.path / "provenance").rglob("[!.]*.json")):
            one = read_statement(path)
            settings = json.dumps(one.settings, sort_keys=True)
            read = [resource for each in one.inputs.values() for resource in each]
            found[path.relative_to(self.path).as_posix()] = Job(
                (one.step, settings, one.code),
                {str(resource.path): resource.digests.sha256 for resource in read},
                {str(resource.path): resource.digests.sha256 for resource in one.subject},
            )
        return found

    def contents(self, paths: Sequence[str]) -> dict[str, str]:
        """The digest of what is there, nothing of what is not."""
        from lowd.provenance.digests import digest

        return {
            path: digest(self.path / path).sha256 for path in paths if (self.path / path).exists()
        }

    def differing(self, reference: Jobs) -> dict[str, list[str]]:
        """What of jobs is not as in the reference, by statement."""
        stated, contents = (
            self.jobs(),
            self.contents([p for j in reference.values() for p in j.outputs]),
        )
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, job in reference.items():
            own = stated.get(name)
            if own is None:
                found[name].append(f"{name} is missing")
            elif own.made != job.made or own.inputs != job.inputs:
                found[name].append(f"{name} is of other settings, code or inputs")
            elif own.outputs != job.outputs:
                found[name].append(f"{name} is of other outputs")
            for path, content in job.outputs.items():
                if contents.get(path) != content:
                    found[name].append(f"{path} is {'other' if path in contents else 'missing'}")
        return dict(found)


place: Workplace
"""Of this process."""


def settle(folder: Path, results: Path) -> None:
    """Give this process its workplace; what clean runs leave goes to `results`, and is kept."""
    global place
    place = Workplace(folder / f"work-{os.getpid()}", results)


def template_of(kind: str) -> Path:
    """Where the finished study lies."""
    return place.results / kind


def finish(kind: str) -> Jobs:
    """Leave a finished and committed study; raises AssertionError if it fails."""
    return _kept(kind, lambda: _finish(kind))


def _finish(kind: str) -> Jobs:
    place.take(place.pristine)
    jobs = _clean_run(kind, None)
    if not template_of(kind).exists():
        draft = template_of(kind).with_suffix(f".{os.getpid()}")
        shutil.copytree(place.path, draft, symlinks=True)
        draft.rename(template_of(kind))
    return jobs


def refer(edit: Edit) -> Jobs:
    """What a clean run leaves after the edit."""
    return _kept(f"{edit.kind}-{'-'.join(edit).replace('/', '-')}", lambda: _refer(edit))


def _refer(edit: Edit) -> Jobs:
    place.take(template_of(edit.kind))
    for name in (*MADE, ".snakemake"):
        shutil.rmtree(place.path / name)
    for scratch in (place.path / ".lowd").iterdir():
        shutil.rmtree(scratch) if scratch.is_dir() else None
    (place.path / "dvc.lock").unlink()
    return _clean_run(edit.kind, edit)


def _kept(name: str, run: Callable[[], Jobs]) -> Jobs:
    """What that clean run has left before, or leaves now."""
    path = place.results / "jobs" / f"{name}.json"
    if path.exists():
        kept = json.loads(path.read_text())
        return {job: Job(tuple(made), *contents) for job, (made, *contents) in kept.items()}
    jobs = run()
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps(jobs))
    draft.rename(path)
    return jobs


def _clean_run(kind: str, edit: Edit | None) -> Jobs:
    place.write(KINDS[kind], edit)
    ended = place.run("dvc", "repro", KINDS[kind].stage)
    logs = [log for log in sorted(place.path.glob("logs/*/*.log")) if log.read_text()]
    assert not ended.code, ended.said + "".join(f"{log}\n{log.read_text()}" for log in logs)
    commit(place.repository)
    jobs = place.jobs()
    paths = [path for job in jobs.values() for path in job.outputs]
    stated = {path: content for job in jobs.values() for path, content in job.outputs.items()}
    assert place.contents(paths) == stated
    known = _calibration(kind, edit)
    if known.exists():
        (place.path / CALIBRATION).parent.mkdir(exist_ok=True)
        shutil.copy(known, place.path / CALIBRATION)
    said = _due(KINDS[kind])
    assert said == "0", f"lowd plan after a clean run: {said} jobs to do"
    known.parent.mkdir(exist_ok=True, parents=True)
    new = known.with_suffix(f".{os.getpid()}")
    shutil.copy(place.path / CALIBRATION, new)
    new.replace(known)
    return jobs


def _calibration(kind: str, edit: Edit | None) -> Path:
    """What `lowd plan` has measured: what edited studies ask for, and no more, in every cell."""
    name = "calibration" if edit is None else f"{kind}-{edit.key.replace('/', '-')}"
    return place.results / "calibrations" / f"{name}.json"


def _due(kind: Kind) -> str:
    """How many jobs `lowd plan` finds due, or what it says when it fails."""
    said = place.run("lowd", "plan", *kind.studies, "--device-flops", "1", "--json")
    return said.said.strip() if said.code else str(json.loads(said.said)["total"]["due"])


def attempt(cell: Cell, statement: str, edit: Edit, reference: Jobs) -> Outcome | str:
    """Try one cell, whose job has that statement; or why it can't be tried."""
    try:
        return _attempt(cell, statement, edit, reference)
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
        sorted(ran - _allowed(due, reference)),
        due,
        processor_seconds() - start,
    )


def processor_seconds() -> float:
    """Of this process and all that it has waited for."""
    return sum(os.times()[:4])


def _interrupt(cell: Cell, statement: str, edit: Edit) -> None:
    """Change a finished study, and have the fault befall the run that follows."""
    place.take(template_of(cell.kind))
    shutil.copy(_calibration(cell.kind, edit), place.path / CALIBRATION)
    place.write(KINDS[cell.kind], edit)
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
    found = ["plan"] if _due(kind) != "0" else []
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
    due = _due(kind)
    commit(place.repository)
    found = [] if due == "0" else [f"lowd plan: {due} jobs due"]
    for command in (("verify",), ("audit",), ("trace", figure)):
        ended = place.run("lowd", *command)
        if ended.code:
            found.append(f"lowd {command[0]}: {ended.said.strip().splitlines()[-1]}")
    drafts = [path for name in MADE for path in (place.path / name).rglob("*.partial*")]
    return found + [f"{path.relative_to(place.path)} was left" for path in drafts]


def _source(step: str) -> str:
    """The module of a step, from the repository's root."""
    from lowd.table import STEPS

    return f"{STEPS[step].run.__module__.replace('.', '/')}.py"


def _statement(cell: Cell, jobs: Jobs) -> str:
    """Of the first job of the rule."""
    return next(name for name in _own(cell.kind, jobs) if _rule(name, jobs[name]) == cell.rule)


def _own(kind: str, jobs: Jobs) -> list[str]:
    """Jobs of the study or finding itself."""
    return [name for name in jobs if Path(name).parent.name == KINDS[kind].folder]


def _rule(name: str, job: Job) -> str:
    return TWO_JOBS.get(Path(name).stem, job.made[0])


def _makers(name: str, jobs: Jobs) -> list[str]:
    """Jobs that left what this one reads; a manifest reads nothing, but comes last."""
    if jobs[name].made[0] == "manifest":
        return [
            other for other in jobs if Path(other).parent == Path(name).parent and other != name
        ]
    return [other for other, job in jobs.items() if job.outputs.keys() & jobs[name].inputs.keys()]


def _allowed(due: Sequence[str], jobs: Jobs) -> set[str]:
    """Jobs due, and what depends on them."""
    found = set(due)
    while more := {name for name in jobs if found & {*_makers(name, jobs)}} - found:
        found |= more
    return found


def edits(cell: Cell, jobs: Jobs) -> Iterator[Edit]:
    """What may be changed for a cell, best first."""
    changes = KINDS[cell.kind].changes
    name = _statement(cell, jobs)
    if cell.change == "code":
        yield Edit(cell.kind, _source(jobs[name].made[0]))
    elif cell.fault == DISK:
        yield _setting(cell.kind, *LARGE[cell.rule])
    elif cell.change == "settings":
        if cell.rule in changes:
            yield _setting(cell.kind, *changes[cell.rule])
    else:
        # From the job before it on to what is further away.
        names = [name]
        for one in names:
            for maker in _makers(one, jobs):
                if maker not in names:
                    names.append(maker)
                    if (rule := _rule(maker, jobs[maker])) in changes:
                        yield _setting(cell.kind, *changes[rule])


def _setting(kind: str, key: str, value: Any) -> Edit:
    return Edit(kind, key, json.dumps(value))


def is_of(cell: Cell, before: Jobs, after: Jobs) -> bool:
    """Whether that is the change asked for, to the job and to nothing else of it."""
    name = _statement(cell, before)
    old, new = before[name], after[name]
    match cell.change:
        case "settings":
            return old.made[1] != new.made[1]
        case "code":
            return old.made[2] != new.made[2]
    return old.made == new.made and (old.inputs != new.inputs or cell.rule == "manifest")


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
    commit_tried = head()
    results = report.parent.resolve() / f"clean-{commit_tried[:12]}"
    results.mkdir(parents=True, exist_ok=True)
    before = {one.cell: one for one in reported(report, commit_tried)}
    with get_context("fork").Pool(processes, settle, [folder, results]) as pool:
        kinds = [kind for kind in KINDS if any(_may_match(kind, one) for one in patterns)]
        finished = dict(zip(kinds, pool.map(finish, kinds, 1), strict=True))
        cells = [
            cell
            for kind, jobs in finished.items()
            for cell in _cells(kind, jobs)
            if any(fnmatch.fnmatchcase(str(cell), one) for one in patterns)
        ]
        print(f"{len(kinds)} studies are finished; {len(cells)} cells", flush=True)
        references: dict[Edit, Jobs] = {}
        chosen = _chosen(pool.map, cells, finished, references)
        print(f"{len(references)} clean runs; {len(chosen)} cells have a change", flush=True)
        asked = [
            (cell, _statement(cell, finished[cell.kind]), edit, references[edit])
            for cell, edit in chosen.items()
            if cell not in before
        ]
        outcomes = [before[cell] for cell in chosen if cell in before]
        for outcome in pool.imap_unordered(_attempt_one, asked):
            print(line(outcome), flush=True)
            if isinstance(outcome, Outcome):
                outcomes.append(outcome)
                with report.open("a") as lines:
                    lines.write(json.dumps({"commit": commit_tried} | outcome._asdict()) + "\n")
    return outcomes


def _attempt_one(asked: tuple[Cell, str, Edit, Jobs]) -> Outcome | str:
    return attempt(*asked)


def _may_match(kind: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(kind, pattern.split("/")[0])


def _cells(kind: str, jobs: Jobs) -> Iterator[Cell]:
    rules = dict.fromkeys(_rule(name, jobs[name]) for name in _own(kind, jobs))
    for rule in rules:
        for change in CHANGES:
            for fault in FAULTS:
                yield Cell(kind, rule, change, fault)
        if rule in LARGE and kind == LARGE_KIND:
            yield Cell(kind, rule, "settings", DISK)


def _chosen(
    run: Callable[..., list[Jobs]],
    cells: Sequence[Cell],
    finished: Mapping[str, Jobs],
    references: dict[Edit, Jobs],
) -> dict[Cell, Edit]:
    """The first edit of each cell that changes what it should; makes references on the way."""
    left = {cell: list(edits(cell, finished[cell.kind])) for cell in cells}
    chosen: dict[Cell, Edit] = {}
    while left := {cell: each for cell, each in left.items() if each}:
        new = list(dict.fromkeys(each[0] for each in left.values() if each[0] not in references))
        references.update(zip(new, run(refer, new, 1), strict=True))
        for cell, each in list(left.items()):
            edit = each.pop(0)
            if is_of(cell, finished[cell.kind], references[edit]):
                chosen[cell] = edit
                del left[cell]
    return {cell: chosen[cell] for cell in cells if cell in chosen}


if __name__ == "__main__":
    main()
