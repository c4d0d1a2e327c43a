"""How far a command is, told to whoever watches."""

from collections.abc import Callable
from typing import TypeAlias

Watch: TypeAlias = Callable[[str, int, int], None]
"""What is being done, how much of it is, and of how much."""


def unwatched(what: str, done: int, total: int) -> None:
    """Tell nobody."""
