"""How commands fail: in one line, and with a status that is not 0."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def told_in_one_line(command: str) -> Iterator[None]:
    """Turn what a command may raise into a line of its own and exit status 1."""
    try:
        yield
    except (ValueError, KeyError, OSError, MemoryError) as error:
        typer.echo(f"lowd {command}: {_one_line(error)}", err=True)
        raise typer.Exit(1) from None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'write'}: {error.strerror}"
    if isinstance(error, KeyError):
        return f"a file or store given lacks {error}; is it the one this step needs?"
    return "; ".join(str(error).split("\n")) or type(error).__name__
