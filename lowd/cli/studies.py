"""`lowd run`: studies from params.yaml to their figures, and into DVC's record of each."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.completion import study_names
from lowd.cli.failures import told_in_one_line

if TYPE_CHECKING:
    from lowd.settings import Params

DEFAULT = ("molrg", "digits", "mixture")
ACROSS = "controls"
"""What `make figures` makes: the studies, and the figure across them."""
INTERRUPTED = 130
"""Exit status after Ctrl-C."""


def run(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names in params.yaml and studies/, of families too; those of `make figures` if "
            "none is given.",
            autocompletion=study_names,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            min=0,
            help="How much finished work an edit may have made again without a question; 10 if "
            "not given. YES=1 in the environment is consent.",
        ),
    ] = None,
) -> None:
    """Make studies, findings and figures across studies, with all that they stand on.

    What is made already stays. A run that was stopped or killed goes on where it was.
    """
    with told_in_one_line("run"):
        from lowd.cli.again import VARIABLE
        from lowd.cli.declare import keep_list
        from lowd.cli.verify import verify
        from lowd.settings import load_params

        if budget is not None:
            os.environ[VARIABLE] = str(budget)
        params = load_params(Path("params.yaml"))
        _check_repository()
        families = keep_list()
        asked = studies or [*default(params), *_across_default(params)]
        stages = _stages(params, _expanded(params, asked, families))
        verify()
        before = {name: _written(params, name) for name in stages}
        if len(stages) > 1:
            _make_together(list(stages))
        for name, stage in stages.items():
            _reproduce(name, stage)
            made = _written(params, name) != before[name]
            typer.echo(f"{name}: {'made' if made else 'nothing to do'}", err=True)
        _tell_what_there_is(params, list(stages))


def default(params: "Params") -> list[str]:
    """The studies of lowd's own README, if params.yaml has them; else all there are."""
    return list(DEFAULT) if params.stages.keys() >= set(DEFAULT) else list(params.stages)


def _across_default(params: "Params") -> list[str]:
    """The figure across the studies of that README; else all there are."""
    if default(params) != list(DEFAULT):
        return list(params.across)
    return [ACROSS] if ACROSS in params.across else []


def _expanded(
    params: "Params", asked: Sequence[str], families: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    """The names asked for, of families the members; then the figure that has a family's name."""
    for word in asked:
        yield from families.get(word, ())
        if word not in families or word in params.across:
            yield word


def _check_repository() -> None:
    """Raise FileNotFoundError unless Snakemake and DVC have beside params.yaml what they go by."""
    for name in ("Snakefile", "dvc.yaml"):
        if not Path(name).exists():
            raise FileNotFoundError(
                f"there is no {name} beside params.yaml; `lowd init FOLDER` writes a repository "
                "that has one"
            )


def _stages(params: "Params", names: Iterable[str]) -> dict[str, str]:
    """DVC's stages of studies, findings and figures across studies.

    Raises:
        ValueError: params.yaml has no such name.
    """
    known = {name: f"across@{name}" for name in params.across} | params.stages
    stages = {}
    for name in names:
        if name not in known:
            raise ValueError(f"params.yaml has no study {name!r} (there are: {', '.join(known)})")
        stages[name] = known[name]
    return stages


def _make_together(names: Sequence[str]) -> None:
    """Make all there is to make in one go: DVC runs a stage at a time, which leaves cores idle."""
    done = _run_tool("lowd", "make", *names, goes_on="")
    if done.returncode:
        raise typer.Exit(done.returncode)


def _reproduce(name: str, stage: str) -> None:
    """Have DVC run the stage if it has to; what it says itself is shown only if it fails."""
    from lowd.cli.planned import run_tool

    single = ["--single-item"] if stage.startswith("across@") else []
    done = _run_tool("dvc", "repro", "--quiet", *single, stage, goes_on=f" with {name}")
    if done.returncode:
        # What ran has said why itself; what kept DVC from running anything, it says when asked.
        typer.echo(run_tool("dvc", "status", stage).stderr, err=True, nl=False)
        again = "mend that, and the same command goes on where it was"
        typer.echo(f"lowd run: {name} failed; {again}", err=True)
        raise typer.Exit(1)


def _run_tool(*command: str, goes_on: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a command on this terminal; Ctrl-C ends it, and then this too."""
    from lowd.cli.make import TOLD
    from lowd.cli.planned import beside_python

    with _interruptible() as was_interrupted:
        done = subprocess.run(command, env=beside_python() | {TOLD: "1"})
    if was_interrupted():
        typer.echo(f"stopped; the same command goes on{goes_on} where it was", err=True)
        raise typer.Exit(INTERRUPTED)
    return done


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C was pressed: it goes to all that runs, and this waits until that has ended."""
    came = False

    def note(*_: object) -> None:
        nonlocal came
        came = True

    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGINT, before)


def _written(params: "Params", name: str) -> dict[Path, int]:
    """When each statement was written of what params.yaml has under a name."""
    statements = _folder("provenance", params, name).rglob("*.json")
    return {
        path: path.stat().st_mtime_ns
        for path in statements
        if name in params.stages or name in path.stem
    }


def _folder(root: str, params: "Params", name: str) -> Path:
    """Where `root` has what params.yaml has under a name; figures across studies share one."""
    return Path(root, name if name in params.stages else "across")


def _tell_what_there_is(params: "Params", names: Sequence[str]) -> None:
    """The figures, folder by folder, and which of their scores can't vary."""
    from lowd.figures.vacuous import vacuous_in

    for name in names:
        folder = _folder("figures", params, name)
        files = "*.png" if name in params.stages else f"{name}*.png"
        figures = sorted(folder.glob(files))
        typer.echo(
            f"{folder}/: {', '.join(figure.stem for figure in figures)} (.png, .svg, .txt, .csv)"
        )
        for sentence in vacuous_in(name) if name in params.stages else ():
            typer.echo(f"note: {name}: {sentence}", err=True)
