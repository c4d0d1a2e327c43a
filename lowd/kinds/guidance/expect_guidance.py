"""`lowd step expect-guidance`: what theory says of guidance, beside the solver's own results."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings

if TYPE_CHECKING:
    import torch
    import xarray as xr
    from torch import Tensor

    from lowd.distributions.gaussian import Gaussian
    from lowd.distributions.molrg import MoLRG

WEIGHTS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 7.0)
PAIRS, DIMENSION = 8, 6
"""Random Gaussians of one class and of all, and their dimension."""
RATIOS = (0.3, 1.0, 1.5)
"""λ_c/λ_u of the single direction."""
SIGMA_MIN, SIGMA_MAX, STEPS = 1e-3, 80.0, 256
BUMPS, WIDTH, OWN = ((-0.6, 0.0), (1.4, 0.0), (-1.4, 0.0), (-1.0, 0.8), (-1.0, -0.8)), 0.15, 2
"""Centres of bumps, the first OWN of the class, the others of another; their standard deviation."""
SPANS = {
    "every σ": (0.0, SIGMA_MAX),
    "σ ≥ 1": (1.0, SIGMA_MAX),
    "0.1 ≤ σ ≤ 1": (0.1, 1.0),
    "σ ≤ 0.3": (0.0, 0.3),
}
SAMPLES, FAR = 2000, 4
"""Noises; and how many standard deviations from both bumps a sample belongs to neither."""


class ExpectGuidanceStep(Settings):
    """Settings of the expect_guidance step."""

    seed: int


def expect_guidance(settings: ExpectGuidanceStep, *, output: Path) -> None:
    """Leave theory and the solver side by side in the store `output`.

    `entropy_change` (pair, theory_weight) is that of a class's Gaussian under guidance, from the
    solver's own affine map; `entropy_gap` (pair) h_u − h_c. `end_deviation` (ratio, theory_weight)
    is the solver's standard deviation where λ_u = 1, `closed_deviation` the closed form's and
    `tilted_deviation` that of p_c^{1+γ}p_u^{−γ}. Over (span, theory_weight) `near_share`, of the
    samples of a class of two bumps those in the bump nearer to the other class, and `spurious`,
    those in neither; `mode_samples` (theory_weight, noise, coordinate) are guided at every σ.
    """
    import xarray as xr

    from lowd.store.arrays import write_store

    dataset = xr.merge([_entropies(settings.seed), _deviations(), _modes(settings.seed)])
    write_store(output, dataset.assign_coords(theory_weight=list(WEIGHTS)))


def _entropies(seed: int) -> "xr.Dataset":
    import numpy as np
    import torch
    import xarray as xr

    from lowd.distributions.gaussian import Gaussian
    from lowd.streams import stream

    changes, gaps = [], []
    for pair in range(PAIRS):
        generator = stream(seed, "theory", f"pair={pair}")
        own, other = _covariance(generator), _covariance(generator)
        if pair % 2:  # all data vary wherever the class does
            other = own + other
        means = torch.randn(2, DIMENSION, generator=generator, dtype=torch.float64)
        conditional, every = Gaussian(means[0], own), Gaussian(means[1], other)
        volume = [float(torch.linalg.slogdet(each)[1]) / 2 for each in (own, other)]
        gaps.append(volume[1] - volume[0])
        maps = [_linear_part(conditional, every, weight) for weight in WEIGHTS]
        scale = DIMENSION * np.log(SIGMA_MAX)
        changes.append([float(torch.linalg.slogdet(a)[1]) + scale - volume[0] for a in maps])
    return xr.Dataset(
        {"entropy_change": (("pair", "theory_weight"), changes), "entropy_gap": ("pair", gaps)}
    )


def _covariance(generator: "torch.Generator") -> "Tensor":
    """With random axes, and variances whose logarithms are standard normal."""
    import torch

    normal = torch.randn(DIMENSION, DIMENSION, generator=generator, dtype=torch.float64)
    axes = torch.linalg.qr(normal).Q
    logs = torch.randn(DIMENSION, generator=generator, dtype=torch.float64)
    return (axes * logs.exp()) @ axes.mT


def _linear_part(conditional: "Gaussian", every: "Gaussian", weight: float) -> "Tensor":
    """Of the affine map that the solver makes of two Gaussians' guided flow, (d, d)."""
    import torch

    from lowd.diffusion.guidance import guided
    from lowd.diffusion.noise_levels import karras_sigmas
    from lowd.diffusion.solvers.flow import probability_flow
    from lowd.diffusion.solvers.heun import solve as heun

    size = len(conditional.mean)
    points = torch.cat([torch.zeros(1, size), SIGMA_MAX * torch.eye(size)]).double()
    denoise = guided(conditional.denoise, every.denoise, weight)
    ends = probability_flow(denoise, points, karras_sigmas(STEPS, SIGMA_MIN, SIGMA_MAX), heun)
    return (ends[1:] - ends[0]) / SIGMA_MAX


def _deviations() -> "xr.Dataset":
    import numpy as np
    import xarray as xr

    from lowd.distributions.gaussian import Gaussian
    from lowd.theory.guidance import end_deviation, tilted_deviation

    every = Gaussian([0.0], [[1.0]])
    measured = [
        [float(_linear_part(Gaussian([0.0], [[r]]), every, w)) * SIGMA_MAX for w in WEIGHTS]
        for r in RATIOS
    ]
    closed, tilted = (
        np.array([[form(ratio, 1.0, weight) for weight in WEIGHTS] for ratio in RATIOS])
        for form in (end_deviation, tilted_deviation)
    )
    dims = ("ratio", "theory_weight")
    return xr.Dataset(
        {
            "end_deviation": (dims, measured),
            "closed_deviation": (dims, closed),
            # Where there is no such density it has none.
            "tilted_deviation": (dims, np.where(np.isfinite(tilted), tilted, np.nan)),
        },
        {"ratio": list(RATIOS)},
    )


def _modes(seed: int) -> "xr.Dataset":
    import numpy as np
    import torch
    import xarray as xr

    from lowd.diffusion.settings import SamplerSettings
    from lowd.kinds.guidance.references import flow
    from lowd.metrics.estimate import proportion
    from lowd.steps.scoring import tabulate
    from lowd.streams import stream

    centres = torch.tensor(BUMPS, dtype=torch.float64)
    own, every = _bumps(centres[:OWN]), _bumps(centres)
    noises = torch.randn(SAMPLES, 2, generator=stream(seed, "modes"), dtype=torch.float64)
    sampler = SamplerSettings(steps=64, sigma_min=SIGMA_MIN, sigma_max=SIGMA_MAX / 4)
    near, spurious, kept = [], [], []
    for span in SPANS.values():
        made = [flow(own.denoise, every.denoise, noises, sampler, w, span) for w in WEIGHTS]
        distances = [torch.cdist(samples, centres[:OWN]) for samples in made]
        lost = [each.amin(dim=1) > FAR * WIDTH for each in distances]
        spurious.append([proportion(each) for each in lost])
        near.append(
            [
                proportion(each.argmin(dim=1)[~far] == 0)
                for each, far in zip(distances, lost, strict=True)
            ]
        )
        kept.append(torch.stack(made).float().numpy())
    dims = ("span", "theory_weight")
    return xr.Dataset(
        {
            **tabulate("near_share", dims, near),
            **tabulate("spurious", dims, spurious),
            "mode_samples": (("theory_weight", "mode_noise", "coordinate"), np.array(kept[0])),
        },
        {"span": list(SPANS)},
    )


def _bumps(centres: "Tensor") -> "MoLRG":
    """Round bumps of one width and weight."""
    import torch

    from lowd.distributions.molrg import MoLRG

    axes = torch.eye(2, dtype=torch.float64).expand(len(centres), 2, 2)
    return MoLRG(axes, variances=WIDTH**2, means=centres)
