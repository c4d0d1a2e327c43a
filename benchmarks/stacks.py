"""How much faster a stack of students trains than a loop over them.

Every contender does the same work on one thread: EDM loss (ε loss for diffusers) on fresh draws,
backward, clipped gradients, Adam with warm-up and cosine decay, an average of the weights. They
take turns in short slices, and a speed-up is the ratio of two slices of the same turn, so that
whatever else the machine does touches both. Time is this process's CPU time.
"""

import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

import diffusers
import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from plain import NETWORKS, copy_weights, edm_loss
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import lowd.diffusion.loss
from lowd.diffusion.preconditioning import precondition
from lowd.figures.export import export
from lowd.figures.style import COLUMN, GREY, short_count, size_colours, styled
from lowd.models.build import build, parameter_count
from lowd.models.settings import DiTSettings, MLPSettings, ModelSettings, UNetSettings
from lowd.provenance.environment import cpu_model
from lowd.store.atomic import staged
from lowd.training.draws import Cell
from lowd.training.settings import BLOCK, TrainingSettings
from lowd.training.trainer import Trainer

OUTPUT = Path(__file__).parents[1] / "docs" / "benchmarks"
COMMAND = "python benchmarks/stacks.py"
TURNS = 5
SLICE = 0.8
"""About the CPU-seconds of a slice; half a block of steps of a large stack takes longer."""
POOL = 1024
MATMUL = 1024
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
"""What `workflow/run` sets for training, here for every contender: glibc keeps freed memory."""
LOOP, DIFFUSERS, MACHINE = "loop", "diffusers", "machine"


@dataclass(frozen=True)
class Case:
    """One architecture at one width; `expected` is the speed-up to reach, by size of the stack."""

    model: ModelSettings
    shape: tuple[int, ...]
    batch: int
    expected: dict[int, float]

    @property
    def label(self) -> str:
        return f"{FAMILIES[self.model.architecture]} {self.model.width}"

    @property
    def parameters(self) -> int:
        return parameter_count(self.model, self.shape)

    def pool(self) -> Tensor:
        return torch.randn((POOL, *self.shape), generator=torch.Generator().manual_seed(0))

    def training(self, steps: int) -> TrainingSettings:
        return TrainingSettings(steps=steps, batch=self.batch, warm_up=min(100, steps // 2))

    def network(self) -> nn.Module:
        options = self.model.model_dump(exclude={"architecture"})
        return NETWORKS[self.model.architecture](self.shape, **options)


FAMILIES = {"mlp": "MLP", "unet": "U-Net", "dit": "DiT"}
NEVER_SLOWER = {4: 1.0, 16: 1.0}


def mlp(width: int, expected: dict[int, float]) -> Case:
    return Case(MLPSettings(architecture="mlp", width=width), (24,), 128, expected)


def unet(width: int, expected: dict[int, float]) -> Case:
    return Case(UNetSettings(architecture="unet", width=width), (1, 8, 8), 64, expected)


def dit(width: int, expected: dict[int, float]) -> Case:
    return Case(DiTSettings(architecture="dit", width=width), (1, 8, 8), 64, expected)


CASES = (
    mlp(16, {4: 2.36, 16: 4.48, 64: 5.76}),
    mlp(64, {4: 1.84, 16: 2.72, 64: 3.44}),
    mlp(256, NEVER_SLOWER),
    unet(8, {4: 1.76, 16: 2.48, 64: 2.16}),
    unet(16, NEVER_SLOWER),
    unet(32, NEVER_SLOWER),
    dit(32, NEVER_SLOWER | {64: 1.0}),
)


@dataclass
class Contender:
    """A way to train: `prepare(steps)` readies fresh students, and what it returns trains them."""

    students: int
    prepare: Callable[[int], Callable[[], object]]
    steps: int = BLOCK // 2

    def rate(self) -> float:
        """Student-steps per CPU-second in one slice."""
        train = self.prepare(self.steps)
        start = process_time()
        train()
        return self.students * self.steps / (process_time() - start)

    def calibrate(self) -> None:
        """Choose the steps of a slice by a first one, which also warms up."""
        steps = SLICE * self.rate() / self.students
        if steps > self.steps:
            self.steps = BLOCK * math.ceil(steps / BLOCK)


def train_stack(case: Case, students: int, steps: int) -> Callable[[], object]:
    cells = [Cell(f"student {s}", 0, POOL, 0) for s in range(students)]
    return Trainer(case.model, case.training(steps), cells, case.pool()).run


def train_alone(
    network: nn.Module, loss: Callable[[Tensor], Tensor], pool: Tensor, settings: TrainingSettings
) -> Callable[[], None]:
    """The plain loop for one student; a loop over students repeats it."""
    optimizer = torch.optim.Adam(
        network.parameters(), lr=settings.learning_rate, betas=settings.betas, fused=True
    )
    average = [p.detach().clone() for p in network.parameters()]

    def rate(step: int) -> float:
        if step < settings.warm_up:
            return (step + 1) / settings.warm_up
        progress = (step - settings.warm_up) / (settings.steps - settings.warm_up)
        cosine = (1 + math.cos(math.pi * progress)) / 2
        return settings.final_rate + (1 - settings.final_rate) * cosine

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)

    def train() -> None:
        losses = torch.empty(settings.steps)
        for step in range(settings.steps):
            clean = pool[torch.randint(len(pool), (settings.batch,))]
            error = loss(clean)
            optimizer.zero_grad()
            error.backward()
            nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                decay = min(settings.ema, (2 + step) / (11 + step))
                torch._foreach_lerp_(average, list(network.parameters()), 1 - decay)
            losses[step] = error.detach()

    return train


def train_plain(case: Case, steps: int) -> Callable[[], None]:
    network, settings = case.network(), case.training(steps)

    def loss(clean: Tensor) -> Tensor:
        noise = torch.randn_like(clean)
        log_sigma = settings.log_sigma_mean + settings.log_sigma_std * torch.randn(len(clean))
        return edm_loss(network, clean, noise, log_sigma.exp(), settings.sigma_data)

    return train_alone(network, loss, case.pool(), settings)


def diffusers_unet(case: Case) -> nn.Module:
    """Diffusers' U-Net of two levels nearest to the student's size: half its channels."""
    channels = case.model.width // 2
    return diffusers.UNet2DModel(
        sample_size=case.shape[-1],
        in_channels=case.shape[0],
        out_channels=case.shape[0],
        layers_per_block=1,
        block_out_channels=(channels, 2 * channels),
        down_block_types=("DownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "UpBlock2D"),
        norm_num_groups=4,
        add_attention=False,
    )


def train_diffusers(case: Case, steps: int) -> Callable[[], None]:
    network = diffusers_unet(case)
    scheduler = diffusers.DDPMScheduler()

    def loss(clean: Tensor) -> Tensor:
        noise = torch.randn_like(clean)
        time = torch.randint(scheduler.config.num_train_timesteps, (len(clean),))
        noisy = scheduler.add_noise(clean, noise, time)
        return functional.mse_loss(network(noisy, time, return_dict=False)[0], noise)

    return train_alone(network, loss, case.pool(), case.training(steps))


def contenders(case: Case) -> dict[str | int, Contender]:
    """The plain loop, diffusers where it has such a network, and the stacks by their size."""
    alone = {LOOP: train_plain}
    if case.model.architecture == "unet":
        alone[DIFFUSERS] = train_diffusers
    return {name: Contender(1, partial(prepare, case)) for name, prepare in alone.items()} | {
        students: Contender(students, partial(train_stack, case, students))
        for students in case.expected
    }


def check_same_loss(case: Case) -> None:
    """Raise unless the stack and the plain network give one loss for one set of weights."""
    torch.manual_seed(0)
    stack, network = build(case.model, 1, case.shape), case.network()
    for p in stack.parameters():
        nn.init.normal_(p, std=0.2)
    copy_weights(stack, network)
    clean, noise = torch.randn(2, case.batch, *case.shape)
    sigma = torch.randn(case.batch).exp()
    stacked = lowd.diffusion.loss.edm_loss(
        precondition(stack, 0.5), clean[None], noise[None], sigma[None], 0.5
    )
    plain = edm_loss(network, clean, noise, sigma, 0.5)
    torch.testing.assert_close(stacked.mean(), plain, rtol=1e-4, atol=1e-6)


def flops(case: Case) -> float:
    """Floating-point operations of one step of one student: products and convolutions.

    Forward and backward count, elementwise work and the optimizer do not.
    """
    steps = BLOCK // 2
    train = train_stack(case, 1, steps)
    # The counter knows attention on the CPU only as the two products it consists of.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        train()
    return counter.get_total_flops() / steps


def matmul_rate() -> float:
    """FLOP per CPU-second of the machine's matrix product."""
    matrix = torch.ones(MATMUL, MATMUL)
    start = process_time()
    for _ in range(10):
        matrix @ matrix
    return 10 * 2 * MATMUL**3 / (process_time() - start)


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


def measure(cases: Sequence[Case]) -> list[Result]:
    entries = [contenders(case) for case in cases]
    for case, entry in zip(cases, entries, strict=True):
        check_same_loss(case)
        for contender in entry.values():
            contender.calibrate()
    results = [
        Result(case, {name: [] for name in (MACHINE, *entry)})
        for case, entry in zip(cases, entries, strict=True)
    ]
    for turn in range(TURNS):
        for result, entry in zip(results, entries, strict=True):
            for name, contender in entry.items():
                result.rates[name].append(contender.rate())
            result.rates[MACHINE].append(matmul_rate())
            print(f"turn {turn + 1} of {TURNS}: {result.case.label}", flush=True)
    return results


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


def main() -> None:
    if not ALLOCATOR.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | ALLOCATOR)
    torch.set_num_threads(1)
    results = measure(CASES)
    with staged(OUTPUT / "stacks.md") as draft:
        draft.write_text(report(results))
    with styled():
        caption = (
            "Student-steps per CPU-second of a stack, relative to a loop over students; "
            f"median and range of {TURNS} turns."
        )
        export(draw(results), caption, [OUTPUT / "stacks.svg", OUTPUT / "stacks.png"])


if __name__ == "__main__":
    main()
