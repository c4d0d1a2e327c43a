"""Running jobs again, to see whether new code leaves what the old code left."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import torch
import typer
from threadpoolctl import threadpool_limits

from lowd.cli.planned import Held, Planned
from lowd.cli.run import LINEAGE, admit_own, claim_device_for, run
from lowd.provenance.cells import CELLS, EARLIER
from lowd.provenance.coherence import Finding
from lowd.provenance.digests import STAMP, digest
from lowd.provenance.in_toto import Resource
from lowd.provenance.links import contents
from lowd.provenance.statement import write_statement
from lowd.steps.manifest import manifest
from lowd.store.atomic import remove
from lowd.store.students import load_students

SCRATCH = Path(".lowd/again")
Kind = tuple[Path, str, tuple[str, ...], tuple[str, ...], str | int | None]


def rederive(changed: Sequence[Held], count: int) -> list[Finding]:
    """Run `count` jobs of every kind again; have statements take the new code in if all agree.

    Jobs are of one kind if they run the same code on the same kinds of input, for one study. A job
    is a whole stack of cells: a student's last bits depend on the stack it is trained in.

    Args:
        changed: jobs whose code alone has changed.
        count: how many of each kind to run, all if there are fewer.

    Returns:
        The first difference of each job that leaves something else.
    """
    kinds: defaultdict[Kind, list[Held]] = defaultdict(list)
    for one in changed:
        kinds[_kind(one)].append(one)
    picked = {
        kind: random.sample(jobs, min(count, len(jobs)))
        for kind, jobs in kinds.items()
        if jobs[0].planned.step is not manifest
    }
    findings = [found for jobs in picked.values() for one in jobs for found in _difference(one)]
    if not findings:
        for kind, jobs in kinds.items():
            compared = [str(path) for one in picked.get(kind, ()) for path in one.planned.outputs]
            for one in jobs:
                _accept(one, compared)
    return findings


def _kind(one: Held) -> Kind:
    """The study, the step, its modules, the roles of its inputs, and what it branches on.

    That is the architecture of students, and how many clusters there are to recover.
    """
    model = one.stated.settings.get("model")
    for students in one.stated.inputs.get("students", ()):
        model = load_students(students.path).model
    return (
        one.planned.statement.parent,
        one.stated.step,
        tuple(one.stated.modules),
        tuple(one.stated.inputs),
        model["architecture"] if model else one.stated.settings.get("clusters"),
    )


def _difference(one: Held) -> Iterator[Finding]:
    """The first output that comes out otherwise than it is."""
    with scratch_folder() as folder:
        lineage = one.stated.lineage if _is_signed(one) else None
        made = run_again(one.planned, folder, lineage=lineage)
        for output in one.stated.subject:
            if digest(made[output.path]) != output.digests:
                where = _where(made[output.path], output.path)
                yield Finding(output.name, f"comes out otherwise now: {where} differs first")
                return


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder in the repository for what is made again; what a kill has left there goes too."""
    remove(SCRATCH)
    SCRATCH.mkdir(parents=True)
    try:
        yield SCRATCH
    finally:
        remove(SCRATCH)


def run_again(
    planned: Planned,
    folder: Path,
    instead: Mapping[Path, Path] = MappingProxyType({}),
    lineage: str | None = None,
) -> dict[Path, Path]:
    """Run a job with its outputs in `folder`, on one thread as the workflow does.

    Args:
        planned: the job.
        folder: where its outputs go.
        instead: what to read in place of some inputs.
        lineage: the id that what it makes is to carry, if it carries one.

    Returns:
        Where each output has come to lie.
    """
    places = {path: folder / path for path in planned.outputs}
    for place in places.values():
        place.parent.mkdir(parents=True, exist_ok=True)
    moved = {**instead, **places}
    paths = {
        name: [moved.get(path, path) for path in value]
        if isinstance(value, list)
        else moved.get(value, value)
        for name, value in planned.paths.items()
        if name != "scratch"
    }
    typer.echo(f"again: {planned.outputs[0]}", err=True)
    claim_device_for(planned.settings)
    admit_own(planned.settings, planned.paths)
    torch.set_num_threads(1)  # another number rounds convolutions otherwise
    with threadpool_limits(1):
        planned.step(planned.settings, **paths, **({LINEAGE: lineage} if lineage else {}))
    return places


def _where(made: Path, kept: Path) -> Path:
    if not kept.is_dir():
        return kept
    names = sorted(
        {
            path.relative_to(root)
            for root in (made, kept)
            for path in root.rglob("*")
            if path.is_file() and path.name != STAMP
        }
    )
    now, before = (contents(root / name for name in names) for root in (made, kept))
    return next(kept / name for name in names if now[made / name] != before[kept / name])


def _accept(one: Held, compared: list[str]) -> None:
    """Leave a statement of the new code.

    A figure, which carries its lineage id, is made anew, and so is a manifest, a list of files.
    """
    if _is_signed(one) or one.planned.step is manifest:
        run(one.planned.step, one.planned.settings, dict(one.planned.paths), one.planned.statement)
        return
    details = one.now.predicate.run_details
    first = one.stated.predicate.run_details
    kept = [each for each in details.byproducts if each.name != "environment"]
    earlier = [each for each in first.byproducts if each.name in (CELLS, EARLIER, "rederivation")]
    byproducts = (
        *kept,
        Resource(name="environment", annotations=one.stated.environment),
        *earlier,
        Resource(
            name="rederivation",
            annotations={
                "oldCode": one.stated.code,
                "newCode": one.now.code,
                "compared": compared,
                "madeBy": first.metadata.model_dump(mode="json", by_alias=True),
                "madeFrom": one.stated.commit._asdict() if one.stated.commit else None,
            },
        ),
    )
    write_statement(
        one.planned.statement,
        one.now.model_copy(
            update={
                "predicate": one.now.predicate.model_copy(
                    update={
                        "run_details": details.model_copy(
                            update={"builder": first.builder, "byproducts": byproducts}
                        )
                    }
                )
            }
        ),
    )


def _is_signed(one: Held) -> bool:
    """Whether what it makes carries its lineage id, as figures do."""
    return any(path.suffix == ".svg" for path in one.planned.outputs)
