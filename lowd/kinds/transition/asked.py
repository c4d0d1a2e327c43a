"""Scores that a study asks for by name: functions NAME in lowd/metrics/NAME.py."""

import inspect
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lowd.metrics.estimate import Estimate

SIDES = ("generated", "teacher", "memorised", "training", "held_out", "threshold")
"""What a metric can have, by the names of its parameters; in the words of `lowd.kinds.transition`:
features of a student's samples, of the teacher's and the empirical denoiser's from the same noises,
of the training set and of samples that nobody trains on; and the similarity of copies."""
EVER = ("authenticity", "data_copying")
"""Metrics that every study has under their own names."""


def module_of(name: str) -> str:
    """The module of a metric."""
    return f"lowd.metrics.{name}"


def metric(name: str) -> "tuple[Callable[..., Estimate], tuple[str, ...]]":
    """A metric, and the names of its parameters.

    Raises:
        ValueError: there is none of that name, or it wants something else.
    """
    try:
        function = getattr(import_module(module_of(name)), name)
    except (ModuleNotFoundError, AttributeError):
        raise ValueError(
            f"{name!r}: no function of that name in lowd/metrics/{name}.py; write it, or leave it "
            "out"
        ) from None
    parameters = inspect.signature(function).parameters
    for parameter in parameters:
        if parameter not in SIDES:
            raise ValueError(
                f"{name!r}: its parameter {parameter!r} is none of {', '.join(SIDES)}; rename it, "
                "or leave the metric out"
            )
    return function, tuple(parameters)


def check_metrics(names: Sequence[str]) -> None:
    """Raise ValueError, with its place in the list, at a name that can't be asked for."""
    for at, name in enumerate(names):
        if name in EVER:
            raise ValueError(f"metrics[{at}]: {name!r} is scored in every study; leave it out")
        if name in names[:at]:
            raise ValueError(f"metrics[{at}]: {name!r} is there twice; leave one out")
        try:
            metric(name)
        except ValueError as error:
            raise ValueError(f"metrics[{at}]: {error}") from None
