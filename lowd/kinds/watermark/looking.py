"""What detectors make of attacked images, and how well it tells marked ones from others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.passage import Passage
from lowd.geometry.directions import unit
from lowd.kinds.watermark.directions import Direction
from lowd.kinds.watermark.imprint_step import PLAIN, RESIDUAL, RINGED, WHITENED
from lowd.streams import stream, stream_seed
from lowd.watermark.attacks import Attack, attacked
from lowd.watermark.detection import against_decoys, cosine, p_value, published_p_value
from lowd.watermark.evidence import PIXEL_SIGMA, Spread, residual
from lowd.watermark.files import Images
from lowd.watermark.keys import within
from lowd.watermark.rings import Rings

DECOYS = 1999
FRESH = 16
"""Keys by which each unmarked image's p-values are seen to hold their level."""

Evidence = Mapping[str, Tensor]
"""By detector, (image, feature)."""


@dataclass(frozen=True)
class Scores:
    """Of one detector: the larger, the likelier a key is there.

    Attributes:
        clean: of every unmarked image with every key.
        marked: of every marked image with its own.
    """

    clean: Float[Tensor, "clean key"]
    marked: Float[Tensor, " image"]


def spoiled(images: Images, attack: Attack, name: tuple[str | int, ...]) -> Images:
    """Images after an attack, whose noise is of the stream of that name."""
    return attacked(images, attack, np.random.default_rng(stream_seed(*name, attack.name)))


def evidence_in_states(passage: Passage, images: Images, spread: Spread) -> Evidence:
    """Of the states that images are inverted to."""
    states = passage.up(images)
    return {
        PLAIN: spread.plain(states),
        WHITENED: spread.whitened(states, passage.sigma),
        RESIDUAL: residual(states, passage.denoised(states)),
        RINGED: states.flatten(1).to(torch.float64),
    }


def evidence_in_pixels(passage: Passage, images: Images, spread: Spread) -> Evidence:
    """Of images themselves, which takes no inversion; residuals alone take the denoiser."""
    near = Passage(passage.denoise, PIXEL_SIGMA, passage.sigma_min, passage.steps)
    return {
        PLAIN: spread.plain(images),
        WHITENED: spread.whitened(images, PIXEL_SIGMA),
        RESIDUAL: residual(images, near.denoised(images)),
    }


def scores_of(direction: Direction, clean: Evidence, marked: Evidence) -> dict[str, Scores]:
    """By every detector, with what it makes of unmarked and of marked images."""
    found = {}
    for detector in (PLAIN, WHITENED, RESIDUAL):
        own = marked[detector]
        which = torch.arange(len(own)) % len(direction.keys)
        low = cosine(direction.keys[None], clean[detector][:, None], direction.basis)
        high = cosine(direction.keys[which], own, direction.basis)
        found[detector] = Scores(low, high)
    return found


def chance_p_values(
    direction: Direction, clean: Float[Tensor, "clean feature"], generator: torch.Generator
) -> Float[Tensor, "clean key"]:
    """p-values of unmarked images, each with keys of its own that nobody wrote anywhere."""
    shape = (len(clean), FRESH, clean.shape[1])
    keys = torch.randn(shape, generator=generator, dtype=torch.float64)
    if direction.basis is not None:
        keys = within(keys, direction.basis)
    found = cosine(unit(keys), clean[:, None], direction.basis)
    return p_value(found, direction.dimension)


@dataclass(frozen=True)
class Ring:
    """Keys on rings, at the scale of states.

    Attributes:
        name: of the rings.
        rings: where they are.
        keys: a row each.
        decoys: others drawn alike.
        mean: from which coordinates are taken.
        scale: standard deviation of keys.
    """

    name: str
    rings: Rings
    keys: Float[Tensor, "key coordinate"]
    decoys: Float[Tensor, "decoy coordinate"]
    mean: Float[Tensor, " feature"]
    scale: float

    @classmethod
    def drawn(
        cls, name: str, rings: Rings, count: int, scale: float, spread: Spread, seed: int
    ) -> "Ring":
        """Keys and decoys of their own streams, of standard deviation `scale`."""
        keys = rings.keys(count, stream(seed, "watermark ring", name))
        decoys = rings.keys(DECOYS, stream(seed, "watermark decoys", name))
        return cls(name, rings, scale * keys, scale * decoys, spread.mean, scale)

    def own(self, count: int) -> Float[Tensor, "image coordinate"]:
        """The keys of so many images."""
        return self.keys[torch.arange(count) % len(self.keys)]

    def scores(self, clean: Evidence, marked: Evidence) -> dict[str, Scores]:
        """Against decoys."""
        low, high = (self.rings.read(one[RINGED], self.mean) for one in (clean, marked))
        found, _ = against_decoys(low, self.keys[None], self.decoys)
        own, _ = against_decoys(high, self.own(len(high))[:, None], self.decoys)
        return {RINGED: Scores(found, own[:, 0])}

    def chance_p_values(
        self, clean: Evidence, generator: torch.Generator
    ) -> tuple[Float[Tensor, "clean key"], Float[Tensor, "clean key"]]:
        """As of directions; and by Tree-Ring's formula, which takes states as they are."""
        read = self.rings.read(clean[RINGED], self.mean)
        # Decoys are keys drawn alike; those used here are of another stream.
        keys = self.scale * self.rings.keys(FRESH * len(read), generator)
        keys = keys.reshape(len(read), FRESH, -1)
        _, ours = against_decoys(read, keys, self.decoys)
        means = self.mean @ self.rings.basis
        columns = [published_p_value(read + means, keys[:, at] + means) for at in range(FRESH)]
        return ours, torch.stack(columns, dim=1)
