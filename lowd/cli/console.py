"""How trace and audit look."""

from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.text import Text

if TYPE_CHECKING:
    from lowd.provenance.links import Link

STYLES = {"verified": "green", "changed": "bold red", "missing": "bold red", "not local": "yellow"}


def show(*shown: RenderableType) -> None:
    """Print, as on a `wide_console`."""
    wide_console().print(*shown, sep="\n")


def wide_console(stderr: bool = False) -> Console:
    """Where lines are wrapped for a terminal, and left whole for a file or pipe."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = 10_000
    return console


def plain(label: str, text: str) -> Text:
    """Something that needs no check, in one line."""
    return Text.assemble((f"{label} ", "dim") if label else "", printable(text))


def line(label: str, link: "Link", name: str | None = None) -> Text:
    """A link in one line, under another name than its own if one is given."""
    shown = plain(label, link.name if name is None else name)
    shown.append(" ").append(link.state, style=STYLES[link.state])
    return shown.append(f" ({printable(link.reason)})" if link.reason else "")


def short(digest: str) -> str:
    """As much of a digest as a reader needs."""
    return digest[:12]


def printable(text: str) -> str:
    """The text without what a terminal would take for a command."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
