"""Where images are edited: noisy states, on the way from noise or reached by inversion."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.passage import Passage
from lowd.geometry.local import Dense, Products, local
from lowd.geometry.regions import box_region
from lowd.kinds.editing.measure_edits_step import MeasureEditsStep
from lowd.streams import stream


@dataclass(frozen=True)
class Place:
    """States of all images at one noise level, with what a denoiser makes of them.

    Attributes:
        x: (M, *shape).
        sigma: their level.
        local: Jacobians there.
        denoised: D(x; σ), flat.
        end: the image that each is sampled to, flat.
    """

    x: Float[Tensor, " noise *shape"]
    sigma: float
    local: Dense | Products
    denoised: Float[Tensor, "noise feature"]
    end: Float[Tensor, "noise feature"]


@dataclass(frozen=True)
class Places:
    """A denoiser, and the images that it edits."""

    settings: MeasureEditsStep
    denoise: Denoiser
    unit: Float[Tensor, " noise *shape"]
    real: Float[Tensor, " noise *shape"]

    def passage(self, sigma: float) -> Passage:
        """Between images and their states at σ."""
        sampler = self.settings.sampler
        return Passage(self.denoise, sigma, sampler.sigma_min, sampler.steps)

    @cached_property
    def inside(self) -> Bool[Tensor, " feature"]:
        """The region."""
        return box_region(self.settings.region, self.settings.shape)

    def at(self, start: str, sigma: float) -> Place:
        """States at σ of the images of one start."""
        passage, settings = self.passage(sigma), self.settings
        if start == "noise":
            x = passage.from_noise(self.unit, settings.sigma_max, settings.sampler.steps)
        else:
            x = passage.up(self.real)
        with torch.no_grad():
            denoised = self.denoise(x, sigma)
        generator = stream(settings.seed, "subspaces")
        return Place(
            x,
            sigma,
            local(self.denoise, x, sigma, generator),
            denoised.flatten(1).double(),
            self.end(x, sigma),
        )

    def end(self, x: Float[Tensor, " noise *shape"], sigma: float) -> Tensor:
        """The images that states are sampled to, (M, feature) in float64."""
        return self.passage(sigma).down(x).flatten(1).double()

    def moved(self, place: Place, step: Float[Tensor, "noise feature"]) -> Tensor:
        """States that have gone a step."""
        return place.x + step.reshape(place.x.shape).to(place.x)

    def change(
        self, place: Place, step: Float[Tensor, "noise feature"]
    ) -> Float[Tensor, "noise feature"]:
        """What a step changes of the images at the end."""
        return self.end(self.moved(place, step), place.sigma) - place.end
