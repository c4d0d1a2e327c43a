"""Pictures that explain a metric, drawn when the site is built."""

import math
from collections.abc import Callable
from io import StringIO
from itertools import pairwise

import matplotlib.pyplot as plt
import torch
from torch import Tensor

from lowd.diffusion.noise_levels import karras_sigmas
from lowd.distributions.empirical import Empirical
from lowd.figures.style import BLUE, COLUMN, GREY, VERMILION, styled

CENTRES, WIDTH = (-1.2, 1.2), 0.35
TRAINING = (-1.75, -1.3, -0.9, 0.85, 1.35, 1.6)
STEPS = 120


def teacher(x: Tensor, sigma: Tensor) -> Tensor:
    """The posterior mean of an even mixture of two Gaussians in one dimension."""
    centres = torch.tensor(CENTRES, dtype=x.dtype)
    variance = WIDTH**2 + sigma**2
    weights = torch.softmax(-((x - centres) ** 2) / (2 * variance), dim=1)
    means = centres + WIDTH**2 / variance * (x - centres)
    return (weights * means).sum(dim=1, keepdim=True)


def paths(denoise: Callable[[Tensor, Tensor], Tensor], noises: Tensor) -> tuple[Tensor, Tensor]:
    """Noise levels, (level,), and where every noise is at them, (level, noise)."""
    sigmas = karras_sigmas(STEPS, 0.02, 4.0, 7.0).double()
    x, found = noises * sigmas[0], [noises * sigmas[0]]
    for sigma, lower in pairwise(sigmas):
        x = x + (lower - sigma) / sigma * (x - denoise(x, sigma))
        found.append(x)
    return sigmas, torch.stack(found).squeeze(2)


def flows() -> str:
    """The same noises through the teacher, a training set and a student, as SVG."""
    memory = Empirical(torch.tensor(TRAINING, dtype=torch.float64)[:, None])
    noises = torch.special.ndtri((torch.arange(12) + 0.5).double() / 12)[:, None]
    shown = {
        "teacher": teacher,
        "training set, N = 6": memory.denoise,
        "student": lambda x, sigma: (teacher(x, sigma) + memory.denoise(x, sigma)) / 2,
    }
    ends = {}
    with styled():
        figure, axes = plt.subplots(1, 3, figsize=(2 * COLUMN, 2.2), sharey=True)
        for ax, (name, denoise) in zip(axes, shown.items(), strict=True):
            sigmas, x = paths(denoise, noises)
            ends[name] = x[-1]
            position = -torch.log10(sigmas.clamp(min=0.01))
            ax.plot(position, x, color=BLUE, linewidth=0.7)
            ax.plot(position[-1].expand(len(x[-1])), x[-1], "o", color=BLUE)
            for centre in CENTRES:
                ax.axhspan(centre - 2 * WIDTH, centre + 2 * WIDTH, color=GREY, alpha=0.12, lw=0)
            if name != "teacher":
                ax.plot([2.25] * len(TRAINING), TRAINING, "_", color=VERMILION, markersize=7)
            ax.set(title=name, ylim=(-3.2, 3.2), xlabel="noise level σ")
            ax.set_xticks([-math.log10(4), 0, 1, 2], ["4", "1", "0.1", "0"])
            ax.grid(visible=False)
        axes[0].set_ylabel("x")
        distances = [(ends["student"] - end).square().mean().sqrt() for end in ends.values()]
        told = "$E_{{gen}}$ = {:.2f}, $E_{{mem}}$ = {:.2f}".format(*distances)
        axes[2].text(1, 1, told, transform=axes[2].transAxes, ha="right", va="top")
        drawn = StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return drawn.getvalue()
