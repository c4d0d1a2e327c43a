"""Images before they are marked, and others that never are."""

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.passage import Passage
from lowd.diffusion.settings import SamplerSettings
from lowd.store.arrays import read_store
from lowd.streams import stream
from lowd.watermark.evidence import Spread
from lowd.watermark.files import Images, as_saved


@dataclass(frozen=True)
class Supply:
    """Images of a study, none of which is used twice.

    Attributes:
        noise: unit noises that a server samples from.
        own: images that users have.
        clean: by scenario, images that nobody marks.
        typical: samples of the teacher, from which statistics are taken.
    """

    noise: Images
    own: Images
    clean: dict[str, Tensor]
    typical: Float[Tensor, "sample channel height width"]

    @classmethod
    def of(cls, teacher: Path, pool: Path, images: int, clean: int, seed: int) -> "Supply":
        """Those of a teacher's folder and its pool.

        A user has images that a trained teacher never saw, and samples of an exact one.

        Raises:
            ValueError: too few were held out.
        """
        samples = torch.from_numpy(read_store(pool)["samples"].values)
        theirs, rest = samples[:clean], samples[clean:]
        own = rest[: images + clean]
        if (teacher / "images.zarr").exists():
            own = torch.from_numpy(read_store(teacher / "images.zarr")["held_out"].values)
            if len(own) < images + clean:
                raise ValueError(
                    f"clean: {images} images and {clean} clean ones exceed the {len(own)} that the "
                    "teacher did not see; lower images or clean"
                )
        return cls(
            torch.randn(images, *samples.shape[1:], generator=stream(seed, "watermark noise")),
            as_saved(own[:images]),
            {"server": as_saved(theirs), "user": as_saved(own[images : images + clean])},
            rest,
        )

    @property
    def spread(self) -> Spread:
        """Mean and covariance of the teacher's samples."""
        return Spread.of(self.typical)


@dataclass(frozen=True)
class Hosts:
    """Images as they are marked at one noise level.

    Attributes:
        states: what the key is written into.
        unmarked: the images that these are of, as saved.
        without: what becomes of the states where no key is written, before it is saved.
        clean: others.
    """

    states: Images
    unmarked: Images
    without: Images
    clean: Float[Tensor, "other channel height width"]


def hosts(scenario: str, supply: Supply, passage: Passage, sampler: SamplerSettings) -> Hosts:
    """Images on their way through `passage.sigma`: sampled down to it, or inverted up to it."""
    if scenario == "server":
        states = passage.from_noise(supply.noise, sampler.sigma_max, sampler.steps)
        without = passage.down(states)
        return Hosts(states, as_saved(without), without, supply.clean[scenario])
    states = passage.up(supply.own)
    return Hosts(states, supply.own, passage.down(states), supply.clean[scenario])
