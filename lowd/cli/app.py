"""The `lowd` command: one subcommand a step, made from the step's own signature and docstring.

Beside the steps stand the commands that ask what steps have left.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lowd.base import Settings
from lowd.cli.audit import audit
from lowd.cli.failures import told_in_one_line
from lowd.cli.run import COMPUTED, run
from lowd.cli.trace import trace
from lowd.settings import parse_settings
from lowd.steps.collect import collect
from lowd.steps.controls import controls
from lowd.steps.describe import describe
from lowd.steps.figure import figure
from lowd.steps.generate import generate
from lowd.steps.manifest import manifest
from lowd.steps.noise import noise
from lowd.steps.pool import pool
from lowd.steps.score import score
from lowd.steps.sheet import sheet
from lowd.steps.teacher import teacher
from lowd.steps.train import train

STEPS: tuple[Callable[..., None], ...] = (
    teacher,
    pool,
    noise,
    describe,
    train,
    generate,
    score,
    controls,
    collect,
    figure,
    sheet,
    manifest,
)

app = typer.Typer(
    help="Measure how diffusion models memorise and generalise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _command(step: Callable[..., None]) -> Callable[..., None]:
    """The step as a command: paths as options, settings as JSON, failures as one line."""
    hints = get_type_hints(step)
    model = hints["settings"]

    def command(settings: str, statement: Path | None, **paths: Any) -> None:
        with told_in_one_line(step.__name__):
            run(step, _read_settings(model, settings), paths, statement)

    parameters = [
        parameter
        for name, parameter in inspect.signature(step).parameters.items()
        if name != COMPUTED
    ]
    parameters.append(inspect.Parameter("statement", inspect.Parameter.KEYWORD_ONLY, default=None))
    options = {name: Annotated[kind, typer.Option()] for name, kind in hints.items()}
    options["settings"] = Annotated[
        str,
        typer.Option(
            metavar="JSON|FILE",
            help="The step's settings, as JSON or in a JSON or YAML file.",
        ),
    ]
    options["statement"] = Annotated[
        Path | None, typer.Option(help="Where to leave a statement of what was read and made.")
    ]
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            parameter.replace(
                annotation=options[parameter.name], kind=inspect.Parameter.POSITIONAL_OR_KEYWORD
            )
            for parameter in parameters
        ]
    )
    command.__annotations__ = options
    command.__doc__ = step.__doc__
    return command


def _read_settings(model: type[Settings], text: str) -> Settings:
    if text.lstrip().startswith("{"):
        return parse_settings(model, text, "--settings")
    return parse_settings(model, Path(text).read_text(), text)


for _step in STEPS:
    app.command(_step.__name__)(_command(_step))
app.command()(trace)
app.command()(audit)
