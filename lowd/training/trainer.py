"""One optimiser step moves a whole stack of students.

Adam with warm-up and cosine decay, gradients clipped per student, exponential average of the
weights. What is learned is an objective's affair, denoising in EDM's way if none is given.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.adam import adam

from lowd.models.build import initialise
from lowd.models.settings import ModelSettings
from lowd.training.backends import run_by
from lowd.training.compute import ComputeSettings
from lowd.training.draws import Cell, Draws, draw_block
from lowd.training.flat import flatten
from lowd.training.objectives.build import assemble, objective
from lowd.training.precision import tf32
from lowd.training.scale import data_scale
from lowd.training.settings import BLOCK, EDMSettings, ObjectiveSettings, TrainingSettings

EPSILON = 1e-8
"""Adam's."""
NEVER = -1
"""The step at which a healthy student diverged."""


class Trainer:
    """A stack of students, its optimiser, and how far it has come.

    A student whose loss or gradient stops being finite is frozen at its last finite weights and
    marked in `diverged` with the step; the others go on as if it were not there. Within a block no
    value of a tensor is read, so that the device never has to be waited for.

    Args:
        model: the architecture all students share.
        settings: optimiser, schedule and noise levels.
        cells: one student each.
        pool: (point, *shape), the points that the cells' rows refer to.
        device: where to train; draws are made on the CPU whatever it is.
        aim: what is learned.
        keep: steps after which to keep the averages, ends of blocks.
        compute: precision and backend; single and grouped, if not given.

    Attributes:
        step: steps taken so far.
        average: each parameter's exponential average, (student, ...).
        diverged: (student,), the step at which training failed, or NEVER.
        losses: (student, block), the mean loss of every block of steps so far, on the CPU.
        snapshots: the averages kept so far, by step, on the CPU.
    """

    def __init__(
        self,
        model: ModelSettings,
        settings: TrainingSettings,
        cells: Sequence[Cell],
        pool: Float[Tensor, " point *shape"],
        device: torch.device | str = "cpu",
        aim: ObjectiveSettings | None = None,
        keep: Sequence[int] = (),
        compute: ComputeSettings | None = None,
    ) -> None:
        self.model = model
        self.settings = settings
        self.aim = aim or EDMSettings()
        self.compute = compute or ComputeSettings()
        self.cells = cells
        self.pool = pool.to(device)
        stack = assemble(self.aim, model, len(cells), tuple(pool.shape[1:])).to(pool.dtype)
        initialise(stack, [cell.initialisation() for cell in cells])
        self.stack = stack.to(device)
        self.parameters = dict(self.stack.named_parameters())
        self.flat = flatten(self.parameters)
        self._average = self.flat.whole.detach().clone()
        self.average = self.flat.views(self._average)
        networks = run_by(self.compute.backend, self.stack, model, pool.shape[1:])
        if self.pool.is_cuda and networks is not self.stack and isinstance(self.aim, EDMSettings):
            # Launches, not arithmetic, are what a loop over small networks costs a GPU.
            noisy = self.pool.new_zeros(len(cells), settings.batch, *pool.shape[1:])
            levels = noisy.new_zeros(noisy.shape[:2])
            graphed = torch.cuda.make_graphed_callables(networks, (noisy, levels))
            networks = cast(nn.Module, graphed)
        self.sigma_data = data_scale(settings, pool)
        self.objective = objective(self.aim, networks, self.sigma_data)
        self._moments = {
            "step": torch.zeros((), device=self.pool.device, dtype=torch.float32),
            "exp_avg": torch.zeros_like(self.flat.whole),
            "exp_avg_sq": torch.zeros_like(self.flat.whole),
        }
        assert self.flat.whole.grad is not None
        # By parameter, (student, number).
        self._gradients, self._first = (
            [part.flatten(1) for part in self.flat.views(whole).values()]
            for whole in (self.flat.whole.grad, self._moments["exp_avg"])
        )
        self.step = 0
        # What changes from step to step, where the device finds it.
        self._rate = self.flat.whole.new_zeros(())
        self._renewal = self._rate.clone()
        self._now = torch.zeros((), dtype=torch.int64, device=device)
        self.diverged = torch.full((len(cells),), NEVER, device=device)
        self.losses = torch.empty((len(cells), 0), dtype=pool.dtype)
        self.keep = frozenset(keep)
        self.snapshots: dict[int, dict[str, Tensor]] = {}

    def run(self, after_block: Callable[["Trainer"], None] = lambda trainer: None) -> None:
        """Train to the last step from wherever the state stands, calling back after each block."""
        while self.step < self.settings.steps:
            draws = draw_block(
                self.cells, self.step // BLOCK, self.settings.batch, self.pool.shape[1:]
            )
            draws = Draws(*(_sent(part, self.pool.device) for part in draws))
            steps = min(BLOCK, self.settings.steps - self.step)
            losses = [self._advance(*(part[:, k] for part in draws)) for k in range(steps)]
            mean = torch.stack(losses, dim=1).mean(1).cpu()
            self.losses = torch.cat([self.losses, mean[:, None]], dim=1)
            if self.step in self.keep:
                self.snapshots[self.step] = {
                    name: p.detach().to("cpu", copy=True) for name, p in self.average.items()
                }
            after_block(self)

    def state(self) -> dict[str, Tensor]:
        """All that training goes on from: weights, averages, moments, history, snapshots."""
        first, second = (self.flat.views(self._moments[key]) for key in ("exp_avg", "exp_avg_sq"))
        return {
            "step": torch.tensor(self.step),
            "diverged": self.diverged,
            "losses": self.losses,
            **{f"weights.{name}": p.detach() for name, p in self.parameters.items()},
            **{f"average.{name}": p for name, p in self.average.items()},
            **{f"first.{name}": moment for name, moment in first.items()},
            **{f"second.{name}": moment for name, moment in second.items()},
            **{
                f"snapshot.{step}.{name}": p
                for step, averages in self.snapshots.items()
                for name, p in averages.items()
            },
        }

    @torch.no_grad()
    def restore(self, state: dict[str, Tensor]) -> None:
        """Stand where `state()` was taken; training from there gives the same bits."""
        self.step = int(state["step"])
        self.diverged.copy_(state["diverged"])
        self.losses = state["losses"]
        self.snapshots = {
            step: {name: state[f"snapshot.{step}.{name}"] for name in self.parameters}
            for step in sorted(self.keep)
            if step <= self.step
        }
        self._moments["step"].fill_(self.step)
        parts: dict[str, Mapping[str, Tensor]] = {
            "weights": self.parameters,
            "average": self.average,
            "first": self.flat.views(self._moments["exp_avg"]),
            "second": self.flat.views(self._moments["exp_avg_sq"]),
        }
        for part, tensors in parts.items():
            for name, tensor in tensors.items():
                tensor.copy_(state[f"{part}.{name}"])

    def _advance(self, rows: Tensor, noise: Tensor, log_sigma: Tensor) -> Float[Tensor, " student"]:
        """One step of every student; returns their losses."""
        s = self.settings
        sigma = self.objective.levels(log_sigma.to(self.pool.dtype), s)
        clean = self.pool[rows]
        progress = self.step / s.steps
        precision, device = self.compute.precision, clean.device.type
        self._set_pace()
        assert self.flat.whole.grad is not None
        self.flat.whole.grad.zero_()
        with tf32(precision == "tf32"):
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bf16"):
                loss = self.objective.loss(clean, noise.to(clean.dtype), sigma, progress).mean(1)
            loss.sum().backward()
        self._clip_and_freeze(loss.detach())
        self._descend()
        self._average.lerp_(self.flat.whole.detach(), self._renewal)
        self.step += 1
        return loss.detach()

    def _set_pace(self) -> None:
        """Learning rate and renewal of the average, of this step."""
        self._now.fill_(self.step)
        self._rate.fill_(learning_rate(self.settings, self.step))
        # Early averages forget the initialisation fast (as in k-diffusion's and EDM's ramp-up).
        self._renewal.fill_(1 - min(self.settings.ema, (2 + self.step) / (11 + self.step)))

    @torch.no_grad()
    def _descend(self) -> None:
        """One step of Adam (Kingma & Ba 2015, arXiv:1412.6980)."""
        whole, moments = self.flat.whole, self._moments
        assert whole.grad is not None
        # Not by an optimiser, which imports torch's compiler for some seconds.
        adam(
            [whole],
            [whole.grad],
            [moments["exp_avg"]],
            [moments["exp_avg_sq"]],
            [],
            [moments["step"]],
            fused=True,
            amsgrad=False,
            beta1=self.settings.betas[0],
            beta2=self.settings.betas[1],
            lr=self._rate,
            weight_decay=0,
            eps=EPSILON,
            maximize=False,
        )

    @torch.no_grad()
    def _clip_and_freeze(self, loss: Float[Tensor, " student"]) -> None:
        """Clip each student's gradient to `gradient_clip`; freeze those that are not finite."""
        norms = [torch.linalg.vector_norm(g, dim=1) for g in self._gradients]
        # Row by row: a sum over the first axis rounds by where in the stack a student is.
        norm = torch.linalg.vector_norm(torch.stack(norms, dim=1), dim=1)
        healthy = self.diverged == NEVER
        broken = healthy & ~(loss.isfinite() & norm.isfinite())
        torch.where(broken, self._now, self.diverged, out=self.diverged)
        alive = (healthy & ~broken).to(norm)[:, None]
        scale = (self.settings.gradient_clip / norm).clamp(max=1).nan_to_num(0)[:, None] * alive
        assert self.flat.whole.grad is not None
        # Only frozen students have gradients that are not finite, and 0 times these is not 0.
        self.flat.whole.grad.nan_to_num_(0, 0, 0)
        count = len(self._gradients)
        torch._foreach_mul_([*self._gradients, *self._first], [scale] * count + [alive] * count)


def _sent(drawn: Tensor, device: torch.device) -> Tensor:
    """Draws on the device, to which they travel while the host goes on."""
    if device.type == "cuda":
        return drawn.pin_memory().to(device, non_blocking=True)
    return drawn.to(device)


def learning_rate(settings: TrainingSettings, step: int) -> float:
    """Of a step: linear warm-up, then half a cosine down to `final_rate` of the highest."""
    s = settings
    if step < s.warm_up:
        return s.learning_rate * (step + 1) / s.warm_up
    progress = (step - s.warm_up) / (s.steps - s.warm_up)
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return s.learning_rate * (s.final_rate + (1 - s.final_rate) * cosine)
