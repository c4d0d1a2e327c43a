"""Backends and precisions of training: how fast each is here, and what rounding does to a PFD."""

import time
from contextlib import suppress
from datetime import date
from itertools import product
from pathlib import Path
from statistics import median
from typing import get_args

import torch
from torch import Tensor

from lowd.device import pick_device
from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.molrg import MoLRG
from lowd.metrics.flow_distance import probability_flow_distance
from lowd.models.settings import DiTSettings, MLPSettings, ModelSettings, UNetSettings
from lowd.provenance.environment import cpu_model
from lowd.steps.generation import flow_in_batches
from lowd.store.atomic import staged
from lowd.streams import stream
from lowd.training.compute import Backend, ComputeSettings, Precision
from lowd.training.draws import Cell
from lowd.training.objectives import objective
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer

ROOT = Path(__file__).parents[1]
COMMAND = "python benchmarks/backends.py"
BACKENDS: tuple[Backend, ...] = get_args(Backend)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
SHAPE = (1, 8, 8)
MODELS: dict[str, ModelSettings] = {
    "MLP 64": MLPSettings(architecture="mlp", width=64),
    "U-Net 8": UNetSettings(architecture="unet", width=8),
    "U-Net 16": UNetSettings(architecture="unet", width=16),
    "DiT 32": DiTSettings(architecture="dit", width=32),
}
STACKS = (1, 8)
ROUNDS = 2
SECONDS = 0.7

# Students of the precision table: a mixture of low-rank Gaussians as images, known exactly.
STUDENT = UNetSettings(architecture="unet", width=8)
TRAINING = TrainingSettings(
    steps=1000, batch=64, learning_rate=2e-3, log_sigma_std=1.3, sigma_data=0.35
)
SAMPLER = SamplerSettings(solver="heun", steps=18, sigma_min=0.02, sigma_max=8)
SIZES = (8, 64, 512)
NOISES = 512


def cells(name: str, sizes: tuple[int, ...]) -> list[Cell]:
    return [Cell(f"{name}/{n}", 0, samples=n, first=0) for n in sizes]


def speed(
    model: ModelSettings, stack: int, contenders: dict[str, ComputeSettings]
) -> dict[str, float]:
    """Student-steps per second of every contender, medians over interleaved rounds."""
    device = pick_device()
    pool = torch.randn(64, *SHAPE, generator=stream("bench"))
    settings = TrainingSettings(steps=10**6, batch=64)
    trainers = {
        name: Trainer(model, settings, cells(name, (64,) * stack), pool, device, compute=compute)
        for name, compute in contenders.items()
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}

    class Enough(Exception):
        pass

    def clock() -> float:
        if device.type == "cpu":
            return time.process_time()
        torch.cuda.synchronize()
        return time.perf_counter()

    def timed(trainer: Trainer) -> float:
        begun, first = clock(), trainer.step

        def until(trainer: Trainer) -> None:
            if clock() - begun > SECONDS:
                raise Enough

        with suppress(Enough):
            trainer.run(until)
        return stack * (trainer.step - first) / (clock() - begun)

    for _ in range(ROUNDS + 1):  # the first warms up
        for name, trainer in trainers.items():
            rates[name].append(timed(trainer))
    return {name: median(values[1:]) for name, values in rates.items()}


def speeds() -> list[str]:
    contenders = {backend: ComputeSettings(backend=backend) for backend in BACKENDS}
    contenders |= {
        f"grouped, {precision}": ComputeSettings(precision=precision)
        for precision in PRECISIONS
        if precision != "single"
    }
    lines = [
        f"| student | stack | {' | '.join(contenders)} |",
        "|---" * (2 + len(contenders)) + "|",
    ]
    for (name, model), stack in product(MODELS.items(), STACKS):
        found = speed(model, stack, contenders)
        best = max(found.values())
        shown = [f"**{rate:,.0f}**" if rate == best else f"{rate:,.0f}" for rate in found.values()]
        lines.append(f"| {name} | {stack} | {' | '.join(shown)} |")
    return lines


def students(seed: str, compute: ComputeSettings, pool: Tensor, noise: Tensor) -> Tensor:
    """What students of every N make of the noises, flat: (student, noise, feature)."""
    device = pick_device()
    trainer = Trainer(STUDENT, TRAINING, cells(seed, SIZES), pool, device, compute=compute)
    trainer.run()
    with torch.no_grad():
        for name, parameter in trainer.parameters.items():
            parameter.copy_(trainer.average[name])
    # Samples are drawn as everywhere, by grouped convolutions in single precision.
    denoise = objective(trainer.aim, trainer.stack, TRAINING.sigma_data).denoise
    return flow_in_batches(denoise, noise, SAMPLER, device, students=len(SIZES)).flatten(2)


def effects() -> list[str]:
    teacher = MoLRG.random(1, 32, 4, stream("bench", "teacher"))
    pool = teacher.sample(SIZES[-1], stream("bench", "pool")).float().reshape(-1, 2, 4, 4)
    noise = torch.randn(NOISES, 2, 4, 4, generator=stream("bench", "noise"))
    true = flow_in_batches(teacher.denoise, noise.flatten(1), SAMPLER, torch.device("cpu")).float()
    single = students("a", ComputeSettings(), pool, noise)
    others = {
        "another seed": students("b", ComputeSettings(), pool, noise),
        "batched": students("a", ComputeSettings(backend="batched"), pool, noise),
        "looped": students("a", ComputeSettings(backend="looped"), pool, noise),
        "tf32": students("a", ComputeSettings(precision="tf32"), pool, noise),
        "bf16": students("a", ComputeSettings(precision="bf16"), pool, noise),
    }

    def row(label: str, ours: Tensor, theirs: list[Tensor]) -> str:
        found = [probability_flow_distance(a, b) for a, b in zip(ours, theirs, strict=True)]
        shown = [f"{value:.4f} ± {2 * error:.4f}" for value, error in found]
        return f"| {label} | {' | '.join(shown)} |"

    return [
        f"| distance | {' | '.join(f'N = {n}' for n in SIZES)} |",
        "|---" * (1 + len(SIZES)) + "|",
        row("E_gen, single", single, [true] * len(SIZES)),
        *(row(f"E_gen, {name}", own, [true] * len(SIZES)) for name, own in others.items()),
        *(row(f"single to {name}", single, list(own)) for name, own in others.items()),
    ]


def main() -> None:
    torch.set_num_threads(1)
    device = pick_device()
    where = torch.cuda.get_device_name() if device.type == "cuda" else f"{cpu_model()}, one thread"
    rates, distances = speeds(), effects()
    with staged(ROOT / "docs" / "benchmarks" / "backends.md") as draft:
        draft.write_text(f"""# Backends and precisions

Written by `{COMMAND}` on {date.today()}: {where}, torch {torch.__version__}.

## How fast

Student-steps per second (of CPU time where that is what computes), batch 64, samples of shape
{SHAPE}; medians over {ROUNDS} rounds in which contenders take turns. Backends in single precision
unless another is named.

{chr(10).join(rates)}

## What rounding does

A U-Net of width {STUDENT.width} learns a low-rank Gaussian (r = 4, d = 32), {TRAINING.steps} steps,
one student an N. PFD over {NOISES} noises ± two standard errors, to the exact teacher (E_gen), and
between students that differ in nothing but what is named. Another seed is the scale: what two
trainings of one setting differ by.

{chr(10).join(distances)}
""")


if __name__ == "__main__":
    main()
