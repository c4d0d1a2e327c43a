"""Every step as a command, made from the step's own signature and docstring."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from lowd.base import Settings
from lowd.cli.failures import told_in_one_line
from lowd.cli.run import COMPUTED, run
from lowd.parsing import parse_settings
from lowd.table import STEPS

steps = typer.Typer()


def _command(step: Callable[..., None]) -> Callable[..., None]:
    """The step as a command: paths as options, settings as JSON, failures as one line."""
    hints = get_type_hints(step)

    def command(settings: str, statement: Path | None, **paths: Any) -> None:
        with told_in_one_line(f"step {step.__name__}"):
            run(step, read_settings(step, settings), paths, statement)

    parameters = [
        parameter
        for name, parameter in inspect.signature(step).parameters.items()
        if name not in COMPUTED
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


def read_settings(step: Callable[..., None], text: str) -> Settings:
    """A step's settings, from JSON or from a file; raises as `parse_settings` does."""
    model = get_type_hints(step)["settings"]
    if text.lstrip().startswith("{"):
        return parse_settings(model, text, "--settings")
    return parse_settings(model, Path(text).read_text(), text)


for _step in STEPS.values():
    steps.command(_step.name)(_command(_step.run))
