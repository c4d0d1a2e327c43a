"""What the imprint step is asked for, and what it measures by."""

from typing import Final, Literal

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings

Scenario = Literal["server", "user"]
Direction = Literal[
    "random",
    "off-jacobian",
    "off-mean-jacobian",
    "in-jacobian",
    "bottom",
    "pixels",
    "pixels-bottom",
]
RingKind = Literal["low", "high", "tree-ring"]
TREE_RING: Final = "tree-ring"
PLAIN, WHITENED, RESIDUAL, RINGED = DETECTORS = ("plain", "whitened", "residual", "rings")
OF_JACOBIANS = ("off-jacobian", "in-jacobian", "off-mean-jacobian")
"""Directions that take Jacobians."""
RATE = 0.01
"""Of false alarms."""
LEVELS = (0.05, 0.01, 0.001)
"""That p-values have to hold."""
RATES = 49
"""Of the ROC, evenly spaced in their logarithm from 0.001 to 1."""


class ImprintStep(Settings):
    """Settings of the imprint step: those of the study, and the sampler of the one it is on."""

    seed: int
    sampler: SamplerSettings
    scenarios: tuple[Scenario, ...]
    images: int
    clean: int
    sigmas: tuple[float, ...]
    keys: int
    psnr: float
    directions: tuple[Direction, ...]
    rings: tuple[RingKind, ...]
    radius: float
    attacks: tuple[tuple[str, float], ...]
    steps: int
