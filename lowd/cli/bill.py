"""How `lowd plan` shows a bill."""

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from lowd.cli.again import CHANGED, Due
from lowd.cli.console import printable
from lowd.cli.duration import duration
from lowd.cost.plan import Line, Priced, lines, total


def bill_table(names: Sequence[str], jobs: Sequence[Priced]) -> Table:
    """What jobs take, a row for each rule, and all together."""
    rows = [*lines(jobs), total(jobs, "total")]
    has_gpu = any(line.gpu_memory for line in rows)
    numbers = ["jobs", "to do", "students", "FLOPs", "time", "to do", "memory"]
    numbers += ["GPU memory"] * has_gpu + ["disk"]
    columns = [Column(name, justify="right", no_wrap=True) for name in numbers]
    table = Table(Column("rule", no_wrap=True), *columns, title=", ".join(names), box=None)
    for line in rows:
        table.add_row(*_row(line, has_gpu), style="bold" if line is rows[-1] else None)
    return table


def _row(line: Line, has_gpu: bool) -> Iterator[str]:
    yield line.rule + (" *" if not line.is_modelled and line.rule != "total" else "")
    yield from (str(line.jobs), str(line.due or "–"), str(line.students or "–"))
    yield _scaled(line.flops)
    yield duration(line.seconds)
    yield duration(line.left) if line.due else "–"
    yield _scaled(line.memory, "B")
    if has_gpu:
        yield _scaled(line.gpu_memory, "B")
    yield _scaled(line.disk, "B")


def bill_summary(content: dict[str, Any]) -> Iterator[str]:
    """Disk, hours and what was assumed, from what `lowd plan --json` prints."""
    kinds = ", ".join(f"{kind} {_scaled(size, 'B')}" for kind, size in content["disk"].items())
    if kinds:
        yield f"disk: {kinds}"
    hours = [
        f"{content[f'{kind}_seconds'] / 3600:.3g} {name}-hours"
        for kind, name in (("processor", "CPU"), ("gpu", "GPU"))
        if content[f"{kind}_seconds"]
    ]
    whole, left = (duration(content[f"wall_seconds{end}"]) for end in ("", "_left"))
    yield f"{' and '.join(hours)}; jobs at once {content['devices']}: {whole}, to do {left}"
    if assumed := content["assumed"]:
        yield (
            f"assumed, not measured: a device of {assumed['tflops']:g} TFLOP/s, of which networks "
            f"reach {assumed['share']:.0%}"
        )
    if content["not_modelled"]:
        steps = ", ".join(content["not_modelled"])
        yield f"* nothing says how large these are, their start alone counts: {steps}"


def again_table(due: Due) -> Table:
    """Finished work that is to be made again, a row for each reason."""
    numbers = [Column(name, justify="right", no_wrap=True) for name in ("jobs", "took")]
    table = Table(
        Column("made again, as", no_wrap=True), *numbers, Column("because"), box=None, title=""
    )
    for kind, one in due.lost.items():
        more = f" and {len(one.examples) - 1} more" if len(one.examples) > 1 else ""
        because = Text(printable(one.examples[0] + more))
        table.add_row(f"{CHANGED[kind]} has changed", str(one.jobs), duration(one.seconds), because)
    return table


def comparison_table(content: dict[str, Any]) -> Table | str:
    """Planned against actual, by rule; a sentence if there is nothing to compare with."""
    if not content["actual"]:
        return "no statements of these jobs, so that there is nothing to compare with"
    numbers = ("jobs", "planned", "actual", "ratio", "memory planned", "actual")
    columns = [Column(name, justify="right", no_wrap=True) for name in numbers]
    table = Table(Column("rule", no_wrap=True), *columns, title="as statements say", box=None)
    for row in content["actual"]:
        memory = [_scaled(row[key] or 0, "B") for key in ("memory", "actual_memory")]
        ratio = "–" if row["ratio"] is None else f"{row['ratio']:.2f}"
        seconds = (duration(row["seconds"]), duration(row["actual_seconds"]))
        style = "bold" if row["rule"] == "total" else None
        table.add_row(row["rule"], str(row["jobs"]), *seconds, ratio, *memory, style=style)
    return table


def _scaled(value: float | int, unit: str = "") -> str:
    """With a prefix; nothing for nothing."""
    if not value:
        return "–"
    for prefix in ("", "k", "M", "G", "T", "P", "E"):
        if value < 1000 or prefix == "E":
            break
        value /= 1000
    return f"{value:.3g} {prefix}{unit}".strip()
