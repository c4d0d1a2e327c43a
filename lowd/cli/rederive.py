"""Running jobs again, to see whether new code leaves what the old code left."""

import inspect
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import typer

from lowd.cli.planned import Held, Planned
from lowd.cli.run import COMPUTED, run
from lowd.provenance.coherence import Finding
from lowd.provenance.digests import digest
from lowd.provenance.statement import Resource, write_statement

SCRATCH = Path(".lowd")


def rederive(changed: Sequence[Held], count: int) -> list[Finding]:
    """Run `count` jobs of every step again; have statements take the new code in if all agree.

    A job is a whole stack of cells: a student's last bits depend on the stack it is trained in.

    Args:
        changed: jobs whose code alone has changed.
        count: how many of each step to run, all if there are fewer.

    Returns:
        The first difference of each job that leaves something else.
    """
    steps: defaultdict[str, list[Held]] = defaultdict(list)
    for one in changed:
        steps[one.stated.step].append(one)
    picked = [one for jobs in steps.values() for one in random.sample(jobs, min(count, len(jobs)))]
    findings = [found for one in picked for found in _difference(one)]
    if not findings:
        compared = [path.as_posix() for one in picked for path in one.planned.outputs]
        for one in changed:
            _accept(one, compared)
    return findings


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
    """A folder in the repository for what is made again, gone afterwards."""
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder:
        yield Path(folder)


def run_again(
    planned: Planned,
    folder: Path,
    instead: Mapping[Path, Path] = MappingProxyType({}),
    lineage: str | None = None,
) -> dict[Path, Path]:
    """Run a job with its outputs in `folder`.

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
    planned.step(planned.settings, **paths, **({COMPUTED: lineage} if lineage else {}))
    return places


def _where(made: Path, kept: Path) -> Path:
    if not kept.is_dir():
        return kept
    names = sorted({path.relative_to(kept) for path in kept.rglob("*") if path.is_file()})
    return next(
        kept / name
        for name in names
        if not (made / name).is_file() or digest(made / name) != digest(kept / name)
    )


def _accept(one: Held, compared: list[str]) -> None:
    """Leave a statement of the new code; a figure, which carries its lineage id, is made anew."""
    if _is_signed(one):
        run(one.planned.step, one.planned.settings, dict(one.planned.paths), one.planned.statement)
        return
    details = one.now.predicate.run_details
    first = one.stated.predicate.run_details.metadata
    kept = [each for each in details.byproducts if each.name != "environment"]
    byproducts = (
        *kept,
        Resource(name="environment", annotations=one.stated.environment),
        Resource(
            name="rederivation",
            annotations={
                "oldCode": one.stated.code,
                "newCode": one.now.code,
                "compared": compared,
                "madeBy": first.model_dump(mode="json", by_alias=True),
            },
        ),
    )
    write_statement(
        one.planned.statement,
        one.now.model_copy(
            update={
                "predicate": one.now.predicate.model_copy(
                    update={"run_details": details.model_copy(update={"byproducts": byproducts})}
                )
            }
        ),
    )


def _is_signed(one: Held) -> bool:
    return COMPUTED in inspect.signature(one.planned.step).parameters
