"""Who trains how, where stacks are held against loops: the cases, and their contenders."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time

import diffusers
import torch
from plain import NETWORKS, copy_weights, edm_loss
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import lowd.diffusion.loss
from lowd.diffusion.preconditioning import precondition
from lowd.models.build import build, parameter_count
from lowd.models.settings import DiTSettings, MLPSettings, ModelSettings, UNetSettings
from lowd.training.draws import Cell
from lowd.training.settings import BLOCK, TrainingSettings
from lowd.training.trainer import Trainer

SLICE = 0.8
"""About the CPU-seconds of a slice; half a block of steps of a large stack takes longer."""
POOL = 1024
LOOP, DIFFUSERS = "loop", "diffusers"


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
