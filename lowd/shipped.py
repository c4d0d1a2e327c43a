"""Files that come with lowd: beside the package in a checkout, inside it where it is installed."""

from pathlib import Path

PACKAGE = Path(__file__).parent


def shipped(name: str) -> Path:
    """Where a file or folder is, such as `workflow/Snakefile`.

    Raises:
        FileNotFoundError: this lowd came without it.
    """
    for root in (PACKAGE, PACKAGE.parent):
        if (path := root / name).exists():
            return path
    raise FileNotFoundError(f"this lowd, in {PACKAGE}, came without {name}; install it anew")
