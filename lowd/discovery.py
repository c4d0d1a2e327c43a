"""Kinds of study, by their folders in lowd/kinds: a folder is all there is to a kind."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).with_name("kinds")


def modules_of_kinds(name: str) -> Iterator[ModuleType]:
    """The module of that name of every kind, in alphabetical order."""
    for path in sorted(FOLDER.glob(f"*/{name}.py")):
        yield import_module(f"lowd.kinds.{path.parent.name}.{name}")


def kind_of(settings: type) -> str:
    """The folder of the kind whose settings these are."""
    return settings.__module__.split(".")[2]
