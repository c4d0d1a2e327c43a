"""What docs/benchmarks/stacks.md says of stacks: tables and a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median

import diffusers
import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from stacks_cases import DIFFUSERS, FAMILIES, LOOP, SLICE, Case, diffusers_unet, flops

from lowd.figures.style import COLUMN, GREY, short_count, size_colours
from lowd.provenance.environment import cpu_model

COMMAND = "python benchmarks/stacks.py"
TURNS = 5
MATMUL = 1024
MACHINE = "machine"


@dataclass
class Result:
    """Rates of a case, one a turn: student-steps, or FLOP of the machine, per CPU-second."""

    case: Case
    rates: dict[str | int, list[float]]

    def speed_ups(self, students: int, over: str = LOOP) -> list[float]:
        return [a / b for a, b in zip(self.rates[students], self.rates[over], strict=True)]

    @property
    def fastest(self) -> int:
        return max(self.case.expected, key=lambda students: median(self.rates[students]))


def table(*rows: Sequence[str]) -> str:
    header, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([header, "|" + "---|" * len(rows[0]), *body])


def speed_up_table(results: Sequence[Result]) -> str:
    sizes = sorted({students for result in results for students in result.case.expected})

    def cell(result: Result, students: int) -> str:
        if students not in result.case.expected:
            return "–"
        values, expected = result.speed_ups(students), result.case.expected[students]
        verdict = "" if median(values) >= expected else " **missed**"
        spread = f"{min(values):.2f}–{max(values):.2f}"
        return f"**{median(values):.2f}** ({spread}), ≥ {expected:.2f}{verdict}"

    return table(
        ("student", "parameters", *(f"stack of {students}" for students in sizes)),
        *(
            (result.case.label, f"{result.case.parameters:,}", *(cell(result, s) for s in sizes))
            for result in results
        ),
    )


def rate_table(results: Sequence[Result]) -> str:
    def row(result: Result) -> tuple[str, ...]:
        case, best = result.case, result.fastest
        step, rate = flops(case), median(result.rates[best])
        share = step * rate / median(result.rates[MACHINE])
        return (
            case.label,
            f"{median(result.rates[LOOP]):,.0f}",
            f"{rate:,.0f} (of {best})",
            f"{step / 1e6:,.1f}",
            f"{step * rate / 1e9:.1f}",
            f"{share:.0%}",
        )

    return table(
        ("student", "loop", "best stack", "MFLOP a step", "stack's GFLOP/s", "share of matmul"),
        *map(row, results),
    )


def diffusers_table(results: Sequence[Result]) -> str:
    def row(result: Result) -> tuple[str, ...]:
        size = sum(p.numel() for p in diffusers_unet(result.case).parameters())
        values = result.speed_ups(result.fastest, over=DIFFUSERS)
        return (
            result.case.label,
            f"{result.case.parameters:,}",
            f"{size:,}",
            f"{median(result.rates[DIFFUSERS]):,.0f}",
            f"**{median(values):.2f}** ({min(values):.2f}–{max(values):.2f})",
        )

    return table(
        ("student", "parameters", "`UNet2DModel`'s", "its steps/s", "best stack's speed-up"),
        *(row(result) for result in results if DIFFUSERS in result.rates),
    )


def report(results: Sequence[Result]) -> str:
    machine = [rate for result in results for rate in result.rates[MACHINE]]
    return f"""# Stacks against the plain loop

Written by `{COMMAND}` (`make bench`) on {date.today()}: {cpu_model()}, torch {torch.__version__},
diffusers {diffusers.__version__}, one thread. A {MATMUL} × {MATMUL} float32 matrix product runs at
{median(machine) / 1e9:.0f} GFLOP/s ({min(machine) / 1e9:.0f}–{max(machine) / 1e9:.0f}).

All in one run, in turns: {TURNS} times round, every contender trains for about {SLICE} CPU-seconds.
Rates are student-steps per CPU-second, medians over the turns; a speed-up is the median (and
range) of the ratio within a turn. glibc keeps freed memory for all of them, as in `workflow/run`.

![Speed-up against size of the stack](stacks.svg)

## Speed-up over the loop

The loop trains one student after another: the same network of ordinary `torch.nn` layers with the
same parameters ([plain.py](../../benchmarks/plain.py); equal losses for equal weights are checked
first), the same loss and batch, its own draws, fused Adam, clipping and weight average. After ≥
stands what is expected.

{speed_up_table(results)}

## Rates

Floating-point operations are those of convolutions and matrix products, forward and backward.

{rate_table(results)}

## diffusers

A plain loop over `diffusers.UNet2DModel` with half the channels, which has about as many
parameters, on the noise-prediction loss with `DDPMScheduler`. diffusers has no multilayer
perceptron, and its transformers are made for text or class conditions and larger images.

{diffusers_table(results)}
"""


def draw(results: Sequence[Result]) -> Figure:
    """Speed-up against size of the stack: a panel per architecture, colour is |θ|."""
    colours = size_colours([result.case.parameters for result in results])
    families = list(dict.fromkeys(result.case.model.architecture for result in results))
    figure, axes = plt.subplots(
        1, len(families), figsize=(2 * COLUMN, 2.6), sharex=True, sharey=True
    )
    for panel, family in zip(axes, families, strict=True):
        panel.set_xscale("log", base=2)
        panel.set_yscale("log", base=2)
        panel.axhline(1, color=GREY, lw=0.8)
        for result, colour in zip(results, colours, strict=True):
            if result.case.model.architecture == family:
                draw_case(panel, result, colour)
        panel.set_xlabel(f"{FAMILIES[family]}s in a stack")
        panel.legend(loc="upper left")
    sizes = sorted({students for result in results for students in result.case.expected})
    axes[0].set_xticks(sizes, [str(size) for size in sizes])
    axes[0].yaxis.set_major_formatter("{x:g}")
    axes[0].set_ylim(top=2 * axes[0].get_ylim()[1])
    axes[0].set_ylabel("speed-up over a loop")
    lines = (("-", "o", "plain loop"), ("--", "o", "diffusers"), ("", "_", "expected, at least"))
    handles = [Line2D([], [], color=GREY, ls=ls, marker=m, label=text) for ls, m, text in lines]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    return figure


def draw_case(panel: Axes, result: Result, colour: tuple[float, ...]) -> None:
    case, sizes = result.case, list(result.case.expected)
    for over, line in ((LOOP, "-"), (DIFFUSERS, "--")):
        if over in result.rates:
            values = [result.speed_ups(students, over) for students in sizes]
            centre = [median(v) for v in values]
            spread = [
                [c - min(v) for c, v in zip(centre, values, strict=True)],
                [max(v) - c for c, v in zip(centre, values, strict=True)],
            ]
            label = f"{case.label}, {short_count(case.parameters)}" if over == LOOP else None
            panel.errorbar(sizes, centre, spread, color=colour, ls=line, marker="o", label=label)
    panel.plot(sizes, list(case.expected.values()), "_", color=colour, ms=9)
