"""Keys written into images, one method after another."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser
from lowd.diffusion.passage import Passage
from lowd.kinds.watermark.directions import (
    POINTS,
    Direction,
    Kept,
    directions,
)
from lowd.kinds.watermark.hosts import Hosts, Supply, hosts
from lowd.kinds.watermark.imprint_step import OF_JACOBIANS, TREE_RING, ImprintStep
from lowd.kinds.watermark.looking import Ring
from lowd.streams import stream
from lowd.watermark.adding import add_to_pixels, add_to_states, moved
from lowd.watermark.evidence import Spread
from lowd.watermark.files import Images, as_saved
from lowd.watermark.keys import draw_key
from lowd.watermark.rings import Rings


@dataclass(frozen=True)
class Written:
    """Marked images of one method.

    Attributes:
        how: the direction or the ring, which says how the key is looked for.
        images: as saved.
        strength: length of what was added, of every image.
        pmp_change: of a unit of it in the posterior mean; NaN in pixels.
        end_change: of a unit of it in the image, before it is saved.
        passage: up which detectors go.
    """

    how: Direction | Ring
    images: Images
    strength: Float[Tensor, " image"]
    pmp_change: Float[Tensor, " image"]
    end_change: Float[Tensor, " image"]
    passage: Passage


@dataclass(frozen=True)
class Bench:
    """Where watermarks of one teacher are tried."""

    settings: ImprintStep
    supply: Supply
    spread: Spread
    denoise: Denoiser

    def passage(self, sigma: float) -> Passage:
        """To and from a noise level."""
        return Passage(self.denoise, sigma, self.settings.sampler.sigma_min, self.settings.steps)

    @property
    def whole(self) -> Passage:
        """To and from pure noise, in twice the steps."""
        sampler = self.settings.sampler
        return Passage(self.denoise, sampler.sigma_max, sampler.sigma_min, 2 * self.settings.steps)

    @cached_property
    def keys(self) -> Float[Tensor, "key feature"]:
        """Each of its own stream."""
        size = self.supply.own[0].numel()
        seed = self.settings.seed
        return torch.stack(
            [draw_key(size, stream(seed, "watermark key", at)) for at in range(self.settings.keys)]
        )

    def hosts(self, scenario: str, sigma: float) -> Hosts:
        """Images on their way through a noise level."""
        return hosts(scenario, self.supply, self.passage(sigma), self.settings.sampler)

    def kept(self, at: Hosts, sigma: float) -> Kept | None:
        """What the denoiser keeps there, if a direction asks for it."""
        if not set(OF_JACOBIANS) & set(self.settings.directions):
            return None
        points = self.supply.typical[-POINTS:]
        noise = torch.randn(points.shape, generator=stream(self.settings.seed, "watermark points"))
        return Kept.of(self.passage(sigma), at.states, points + sigma * noise)

    def added(self, at: Hosts, sigma: float, kept: Kept | None) -> Iterator[Written]:
        """Keys added along every direction, all at one PSNR."""
        passage = self.passage(sigma)
        for how in directions(self.settings.directions, self.keys, at, kept, self.spread):
            if how.in_pixels:
                yield self._in_pixels(how, at, passage)
            else:
                yield self._in_states(how, at, passage)

    def ringed(self, at: Hosts, scenario: str, sigma: float) -> Iterator[Written]:
        """Keys on rings, as strong as overwriting makes them."""
        passage, settings = self.passage(sigma), self.settings
        shape = tuple(at.states.shape[1:])
        for name in settings.rings:
            if name != TREE_RING:
                rings = Rings(shape, settings.radius, name)
                yield self._overwritten(name, rings, at, passage, at.states)
            elif scenario == "server" and sigma == settings.sigmas[0]:
                rings = Rings(shape, settings.radius, "low")
                noise = settings.sampler.sigma_max * self.supply.noise
                yield self._overwritten(name, rings, at, self.whole, noise)

    def _in_pixels(self, how: Direction, at: Hosts, passage: Passage) -> Written:
        images, strength = add_to_pixels(at.unmarked, how.written, self.settings.psnr)
        change = (images - at.unmarked).flatten(1).norm(dim=1).to(torch.float64)
        unknown = torch.full_like(strength, torch.nan)
        return Written(how, images, strength, unknown, change / strength, passage)

    def _in_states(self, how: Direction, at: Hosts, passage: Passage) -> Written:
        images, strength = add_to_states(
            passage, at.states, at.unmarked, how.written, self.settings.psnr
        )
        after = moved(at.states, strength, how.written)
        return self._measured(how, images, passage, at.states, after, at.without)

    def _overwritten(
        self, name: str, rings: Rings, at: Hosts, passage: Passage, states: Images
    ) -> Written:
        settings, spread = self.settings, self.spread
        scale = (passage.sigma**2 + float(spread.variances.mean())) ** 0.5
        how = Ring.drawn(name, rings, settings.keys, scale, spread, settings.seed)
        after = rings.write(states, how.own(len(states)), spread.mean)
        if name == TREE_RING:
            # Down as the hosts were sampled, so that nothing but the key is another.
            lowest, sampler = self.passage(settings.sigmas[0]), settings.sampler
            moved_there = lowest.from_noise(after / passage.sigma, sampler.sigma_max, sampler.steps)
            images = as_saved(lowest.down(moved_there))
        else:
            images = as_saved(passage.down(after))
        return self._measured(how, images, passage, states, after, at.without)

    def _measured(
        self,
        how: Direction | Ring,
        images: Images,
        passage: Passage,
        before: Images,
        after: Images,
        without: Images,
    ) -> Written:
        strength = _length(after - before)
        posterior = _length(passage.denoised(after) - passage.denoised(before))
        end = _length(images - as_saved(without))
        return Written(how, images, strength, posterior / strength, end / strength, passage)


def _length(change: Tensor) -> Float[Tensor, " image"]:
    return torch.linalg.vector_norm(change.flatten(1).to(torch.float64), dim=1)
