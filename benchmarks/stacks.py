"""How much faster a stack of students trains than a loop over them.

Every contender does the same work on one thread: EDM loss (ε loss for diffusers) on fresh draws,
backward, gradients clipped, Adam with warm-up and cosine decay, average of the weights. They take
turns in short slices, and every ratio is of two slices of the same turn, so that whatever else the
machine does touches both. Time is CPU time of this process.
"""

import argparse
import math
import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median
from time import process_time

import diffusers
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from plain import NETWORKS, copy_weights, edm_loss
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lowd.diffusion.loss import edm_loss as stacked_edm_loss
from lowd.diffusion.preconditioning import precondition
from lowd.figures.export import export
from lowd.figures.style import BLUE, COLUMN, GREEN, GREY, VERMILION, styled
from lowd.models.build import build, parameter_count
from lowd.models.settings import DiTSettings, MLPSettings, ModelSettings, UNetSettings
from lowd.training.draws import BLOCK, Cell
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer

PROJECT = Path(__file__).parents[1]
OUTPUT = PROJECT / "docs" / "benchmarks"
COMMAND = "python benchmarks/stacks.py"
REPEATS = 5
SLICE = 0.8
"""CPU-seconds of one slice, at least; a stack's shortest is a block of steps."""
POOL = 1024
MATMUL = 1024


@dataclass(frozen=True)
class Case:
    """One architecture at one width; `expected` is the speed-up to reach, by size of the stack."""

    label: str
    model: ModelSettings
    shape: tuple[int, ...]
    batch: int
    expected: dict[int, float]

    def pool(self) -> Tensor:
        return torch.randn((POOL, *self.shape), generator=torch.Generator().manual_seed(0))

    def training(self, steps: int) -> TrainingSettings:
        return TrainingSettings(steps=steps, batch=self.batch, warm_up=min(100, steps // 2))


def mlp(width: int, expected: dict[int, float]) -> Case:
    model = MLPSettings(architecture="mlp", width=width)
    return Case(f"MLP, width {width}", model, (24,), 128, expected)


def unet(width: int, expected: dict[int, float]) -> Case:
    model = UNetSettings(architecture="unet", width=width)
    return Case(f"U-Net, {width} channels", model, (1, 8, 8), 64, expected)


def dit(width: int, expected: dict[int, float]) -> Case:
    model = DiTSettings(architecture="dit", width=width)
    return Case(f"DiT, width {width}", model, (1, 8, 8), 64, expected)


CASES = (
    mlp(16, {4: 0.8 * 2.95, 16: 0.8 * 5.6, 64: 0.8 * 7.2}),
    mlp(64, {4: 0.8 * 2.3, 16: 0.8 * 3.4, 64: 0.8 * 4.3}),
    mlp(256, {4: 1.0, 16: 1.0}),
    unet(8, {4: 0.8 * 2.2, 16: 0.8 * 3.1, 64: 0.8 * 2.7}),
    unet(16, {4: 1.0, 16: 1.0}),
    unet(32, {4: 1.0, 16: 1.0}),
    dit(32, {4: 1.0, 16: 1.0, 64: 1.0}),
)


@dataclass
class Contender:
    """A way to train: `prepare(steps)` readies fresh students, and what it returns trains them."""

    students: int
    prepare: Callable[[int], Callable[[], object]]
    steps: int = BLOCK

    def slice(self) -> tuple[int, float]:
        """Student-steps done and CPU-seconds taken."""
        train = self.prepare(self.steps)
        start = process_time()
        train()
        return self.students * self.steps, process_time() - start

    def calibrate(self) -> None:
        """Make a slice long enough to be measured; its first run also warms up."""
        self.slice()
        _, seconds = self.slice()
        self.steps *= math.ceil(SLICE / seconds)


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
    network = NETWORKS[case.model.architecture](
        case.shape, **case.model.model_dump(exclude={"architecture"})
    )
    settings = case.training(steps)

    def loss(clean: Tensor) -> Tensor:
        log_sigma = settings.log_sigma_mean + settings.log_sigma_std * torch.randn(len(clean))
        return edm_loss(
            network, clean, torch.randn_like(clean), log_sigma.exp(), settings.sigma_data
        )

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


def same_loss(case: Case) -> None:
    """Raise unless the stack and the plain network give one loss for one set of weights."""
    torch.manual_seed(0)
    stack = build(case.model, 1, case.shape)
    for p in stack.parameters():
        nn.init.normal_(p, std=0.2)
    network = NETWORKS[case.model.architecture](
        case.shape, **case.model.model_dump(exclude={"architecture"})
    )
    copy_weights(stack, network)
    clean, noise = torch.randn(2, case.batch, *case.shape)
    sigma = torch.randn(case.batch).exp()
    theirs = edm_loss(network, clean, noise, sigma, 0.5)
    ours = stacked_edm_loss(precondition(stack, 0.5), clean[None], noise[None], sigma[None], 0.5)
    torch.testing.assert_close(ours.mean(), theirs, rtol=1e-4, atol=1e-6)


def flops_per_step(case: Case) -> float:
    """Floating-point operations of one training step of one student: its matrix products.

    Convolutions and products of forward and backward count, elementwise work does not.
    """
    train = train_stack(case, 1, BLOCK)
    # The counter knows attention only as the two products it is made of.
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        train()
    return counter.get_total_flops() / BLOCK


def matmul_rate(matrix: Tensor) -> float:
    """FLOP per CPU-second of the machine's own matrix product."""
    start = process_time()
    for _ in range(10):
        matrix @ matrix
    return 10 * 2 * MATMUL**3 / (process_time() - start)
