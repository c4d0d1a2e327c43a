"""What the measure-edits step is asked for: by itself, since what it runs reads it too."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from lowd.base import Settings
from lowd.distributions.settings import MixtureSettings
from lowd.geometry.boxes import Box

Start = Literal["noise", "images"]
SHOWN = 4
"""Images on the sheets."""


class EditSampler(Settings):
    """Heun's method between σ and the image, down and up: the same steps either way.

    Attributes:
        steps: steps between the two.
        sigma_min: the lowest noise level, before 0.
    """

    steps: PositiveInt = 10
    sigma_min: PositiveFloat = 0.02


class MeasureEditsStep(Settings):
    """Settings of the measure-edits step; `lowd.kinds.editing.settings` explains the words.

    Attributes:
        sigma_max: the level of the study's noises.
    """

    seed: int
    shape: tuple[int, int, int]
    images: int
    starts: tuple[Start, ...]
    sigmas: tuple[float, ...]
    strengths: tuple[float, ...]
    singular: tuple[int, ...]
    region: Box
    compose: tuple[Box, Box]
    protect: tuple[int, ...]
    floor: float
    least_left: float
    mixture: MixtureSettings | None
    sampler: EditSampler
    sigma_max: float
