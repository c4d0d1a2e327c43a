"""The `lowd` command: one subcommand a step, made from the step's own signature and docstring."""

import inspect
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
import yaml
from pydantic import ValidationError

from lowd.base import Settings
from lowd.settings import explain
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


def _parse_settings(model: type[Settings], text: str) -> Settings:
    """Settings from JSON, or from a JSON or YAML file."""
    source = text if text.lstrip().startswith("{") else Path(text).read_text()
    try:
        raw = yaml.safe_load(source)
        return model.model_validate_json(json.dumps(raw))
    except ValidationError as error:
        raise typer.BadParameter("; ".join(explain(error, raw))) from None
    except yaml.YAMLError as error:
        raise typer.BadParameter(f"neither JSON nor YAML ({error})") from None


def _command(step: Callable[..., None]) -> Callable[..., None]:
    """The step as a command: paths as options, settings as JSON, failures as one line."""

    def command(**arguments: Any) -> None:
        try:
            step(arguments.pop("settings"), **arguments)
        except (ValueError, OSError, MemoryError) as error:
            typer.echo(f"lowd {step.__name__}: {_one_line(error)}", err=True)
            raise typer.Exit(1) from None

    hints = get_type_hints(step)
    annotations: dict[str, Any] = {}
    parameters = []
    for name, parameter in inspect.signature(step).parameters.items():
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, Settings):
            option = typer.Option(
                parser=partial(_parse_settings, kind),
                metavar="JSON|FILE",
                help="The step's settings, as JSON or in a JSON or YAML file.",
            )
        else:
            option = typer.Option()
        annotations[name] = Annotated[kind, option]
        parameters.append(
            parameter.replace(
                annotation=annotations[name], kind=inspect.Parameter.POSITIONAL_OR_KEYWORD
            )
        )
    command.__annotations__ = annotations
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__doc__ = step.__doc__
    return command


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'write'}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


for _step in STEPS:
    app.command(_step.__name__)(_command(_step))
