"""Settings of a Gaussian teacher."""

from math import prod
from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings


class GaussianTeacher(Settings):
    """A Gaussian of mean 0, known exactly by the variances along its principal axes.

    Attributes:
        shape: of a sample: [size] of a vector, [channels, height, width] of an image.
        spikes: what the variances of the leading axes have beyond the others', descending.
        decay: α of a power law: the variance of the j-th axis falls as j^−α, their mean is 1.
        axes: `random`, uniformly so; or `cosines` of growing frequency, as natural images have
            them about.
    """

    kind: Literal["gaussian"]
    shape: tuple[PositiveInt, ...] = Field(min_length=1)
    spikes: tuple[PositiveFloat, ...] = ()
    decay: NonNegativeFloat = 0.0
    axes: Literal["random", "cosines"] = "random"

    @model_validator(mode="after")
    def _spikes_lead(self) -> "GaussianTeacher":
        if len(self.spikes) >= prod(self.shape):
            raise ValueError(
                f"spikes: {len(self.spikes)} leave none of {prod(self.shape)} axes without; give "
                "fewer"
            )
        if list(self.spikes) != sorted(self.spikes, reverse=True):
            raise ValueError(f"spikes: {list(self.spikes)} must not ascend; sort them")
        return self
