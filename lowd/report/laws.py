"""`python -m lowd.report.laws`: docs/laws.md, of the committed results and their statements."""

from collections.abc import Iterator, Sequence
from math import isnan
from pathlib import Path
from textwrap import fill

import xarray as xr

from lowd.comparisons import Across
from lowd.cost.actual import took
from lowd.kinds.laws.declaration import FAILS, HOLDS, OPEN, Law
from lowd.kinds.laws.find import find
from lowd.kinds.laws.settings import Laws
from lowd.kinds.laws.weigh import Row, rows_of, verdict
from lowd.provenance.statement import read_statement
from lowd.settings import Params, load_params
from lowd.store.arrays import read_store

PAGE = Path("docs/laws.md")
HEAD = """# Laws on trial

What papers claim of memorisation and generalisation, beside what the committed results say. This
page is made of them and of their statements by `python -m lowd.report.laws`; nothing on it is
written by hand but the laws themselves, in `lowd/kinds/laws/law/`, where each says why its rule is
as it is.

    make figures STUDIES={name}

draws the same as `figures/across/{name}-verdicts.png`, after it has run what has no results yet.
With the first cell of a row in the place of `{name}` it makes what that row is measured of.

A row holds if the 95 % interval of what was measured says so by the law's rule, and does not if the
interval says the opposite; where it reaches both, or where too few sizes or replicates give none,
it is open. A law is **reproduced** if all rows that tell hold, **not reproduced** if none does, and
otherwise it **depends**. Where a number is claimed, not a bound, a wide interval holds more easily
than a narrow one. Many results were known when rules were written. Nothing is corrected for there
being many rows, and a law is tried on these data, networks and training lengths alone.

CPU-seconds are the durations that a study's statements state, each job of one thread; those of a
comparison have the studies that it compares in them, those of a finding not the study that it is
on. Where a job was run again to see whether new code gives the same bytes, its statement may state
that run's time.
"""
WIDTH = 110
"""Of a line of text."""
WORDS = {"=": "", ">": "above ", "<": "below "}
SAID = {HOLDS: "holds", FAILS: "does not", OPEN: "open"}


def page(params: Params, root: Path) -> str:
    """The page, in Markdown, of the only comparison of its kind in params.yaml.

    Args:
        params: which law is measured of which studies.
        root: the folder with `results/` and `provenance/`.

    Raises:
        ValueError: params.yaml declares no laws, or results lack what a law is measured of.
    """
    declared = {name: one for name, one in params.across.items() if isinstance(one, Laws)}
    if len(declared) != 1:
        raise ValueError(f"across: {len(declared)} comparisons of figure laws; the page is of one")
    ((name, comparison),) = declared.items()
    datasets = {study: _results(study, params, root) for study in comparison.compared_names}
    rows = {
        law: {study: _rows(law, study, datasets[study]) for study in studies}
        for law, studies in comparison.laws.items()
    }
    seconds = {study: _seconds(study, params, root) for study in comparison.compared_names}
    lines = [HEAD.format(name=name), *_summary(rows)]
    for law, studies in rows.items():
        lines += _section(law, studies, seconds)
    return "\n".join(lines)


def _results(study: str, params: Params, root: Path) -> xr.Dataset | None:
    """The results of a study or comparison, if they are there."""
    path = root / "results" / ("across" if study in params.across else "") / f"{study}.zarr"
    return read_store(path, finite=False) if path.exists() else None


def _rows(law: str, study: str, results: xr.Dataset | None) -> list[Row] | None:
    """What a study says of a law; nothing if it has no results."""
    return None if results is None else rows_of(law, study, results)


def _summary(rows: dict[str, dict[str, list[Row] | None]]) -> Iterator[str]:
    yield "| law | claimed by | verdict | rows that hold |\n|---|---|---|---|"
    for name, studies in rows.items():
        law, every = find(name), _every(studies)
        told = [row for row in every if row.holds != OPEN]
        result = verdict(every) if every else "not made yet"
        held = f"{sum(row.holds == HOLDS for row in told)} of {len(told)}" if every else "–"
        yield f"| {_cell(law.name)} | {_linked(law.source)} | {result} | {held} |"
    yield ""


def _section(
    name: str, studies: dict[str, list[Row] | None], seconds: dict[str, float]
) -> Iterator[str]:
    """Claim, rule, verdict, and a table of rows of one law."""
    law = find(name)
    yield f"## {_cell(law.name)}\n"
    yield _wrapped(f"{_cell(law.claim)} {_linked(law.source)}") + "\n"
    unit = "" if law.unit == "none" else f" Unit: {law.unit}."
    yield _wrapped(f"*Measured:* {_cell(law.measured)}{unit} *Holds if:* {_cell(law.rule)}") + "\n"
    yield f"{_told(_every(studies))}\n"
    yield "| of | case | measured, 95 % | claimed | row | CPU-s |\n|---|---|---|---|---|---|"
    for study, rows in studies.items():
        if rows is None:
            yield f"| {study} | | not made yet | {_claimed(law, law.claimed.value)} | | |"
        spent = f"{seconds[study]:,.0f}"
        for row in rows or ():
            cells = (study, _cell(row.case), _interval(row), _claimed(law, row.claimed))
            yield f"| {' | '.join((*cells, SAID[row.holds], spent))} |"
            spent = ""
    yield ""


def _wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _every(studies: dict[str, list[Row] | None]) -> list[Row]:
    return [row for rows in studies.values() for row in rows or ()]


def _told(rows: Sequence[Row]) -> str:
    """The verdict, and how many rows say what."""
    if not rows:
        return "No verdict: nothing of it is made yet."
    held, failed, left = (sum(row.holds == side for row in rows) for side in SAID)
    return f"**{verdict(rows).capitalize()}.** Rows: {held} hold, {failed} do not, {left} are open."


def _seconds(study: str, params: Params, root: Path) -> float:
    """By the statements of a study, or of a comparison and of what it compares."""
    if study not in params.across:
        stated = _statements(root / "provenance" / study)
        return sum((took(read_statement(one)) for one in stated), 0.0)
    comparison: Across = params.across[study]
    own = [
        one
        for one in _statements(root / "provenance/across")
        if f"{one.stem.partition('-')[2]}-".startswith(f"{study}-")
    ]
    compared = sum(_seconds(each, params, root) for each in comparison.compared_names)
    return compared + sum(took(read_statement(one)) for one in own)


def _statements(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def _interval(row: Row) -> str:
    found = row.found
    if isnan(found.value):
        return "not measured"
    if isnan(found.low) or isnan(found.high):
        return f"{_number(found.value)}, no interval"
    return f"{_number(found.value)} [{_number(found.low)}, {_number(found.high)}]"


def _claimed(law: Law, value: float) -> str:
    return f"{WORDS[law.claimed.relation]}{_number(value)}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


def _linked(source: str) -> str:
    """A source whose arXiv number is a link."""
    paper, _, rest = source.partition("arXiv:")
    number = rest.rstrip(")")
    return f"{paper}[arXiv:{number}](https://arxiv.org/abs/{number}))"


if __name__ == "__main__":
    PAGE.write_text(page(load_params(Path("params.yaml")), Path()))
