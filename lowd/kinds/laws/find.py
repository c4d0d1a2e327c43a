"""The laws that there are, by the modules in `law/`."""

from importlib import import_module
from pathlib import Path

from lowd.kinds.laws.declaration import Law

FOLDER = Path(__file__).with_name("law")


def names() -> list[str]:
    """Of all laws, in alphabetical order."""
    return [path.stem.replace("_", "-") for path in sorted(FOLDER.glob("[!_]*.py"))]


def module_of(name: str) -> str:
    """The module of a law."""
    return f"lowd.kinds.laws.law.{name.replace('-', '_')}"


def find(name: str) -> Law:
    """The law of a name.

    Raises:
        ValueError: its module declares none.
    """
    law = getattr(import_module(module_of(name)), "LAW", None)
    if not isinstance(law, Law):
        raise ValueError(f"{module_of(name)}: declares no LAW; give it one")
    return law
