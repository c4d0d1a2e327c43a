"""docs/faults.md, a section at a time: each says by which command, when and of which commit."""

import os
import re
import subprocess
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from rows import Row

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/faults.md"
TITLE = "# Faults\n"
COLUMNS = "| fault | told by | tried | detected | lost |\n|---|---|---|---|---|\n"


def written_by(command: str, took: str) -> str:
    """The sentence that every section begins with; `took` is how long the command ran."""
    commit = git("rev-parse", "--short", "HEAD")
    if git("status", "--porcelain", "--", ".", f":(exclude){TABLE.relative_to(ROOT)}"):
        commit += " and what was not committed then"
    return f"Written by `{command}` on {date.today()}, of commit {commit}, in {took}."


def git(*arguments: str) -> str:
    """What git says of this repository."""
    asked = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def processor_seconds() -> float:
    """Of this process and all that it has waited for."""
    return sum(os.times()[:4])


def table(rows: Iterable[Row]) -> str:
    """Rows in Markdown."""
    lines = [
        f"| {row.fault} | {row.told_by} | {row.tried} | "
        f"{'–' if row.detected is None else row.detected} | {row.lost} |\n"
        for row in rows
    ]
    return COLUMNS + "".join(lines)


def with_section(document: str, heading: str, text: str) -> str:
    """The document with the section in the place of the one of that heading, or at its end."""
    first, *sections = re.split(r"^(?=## )", document or TITLE, flags=re.M)
    section = f"## {heading}\n\n{text.strip()}\n"
    headings = [each.splitlines()[0] for each in sections]
    if f"## {heading}" in headings:
        sections[headings.index(f"## {heading}")] = section
    else:
        sections.append(section)
    return "\n".join(f"{each.strip()}\n" for each in (first, *sections))


def write(heading: str, text: str) -> None:
    """Put a section into docs/faults.md; the others stay."""
    from lowd.store.atomic import staged

    before = TABLE.read_text() if TABLE.exists() else ""
    with staged(TABLE) as draft:
        draft.write_text(with_section(before, heading, text))
