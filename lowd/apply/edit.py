"""Edits of a user's own images along directions of a pipeline's Jacobian.

Every image is inverted to σ, moved along a direction of its own, and sampled again; no noise is
added on the way, so that what differs is the edit's doing. Chen et al. 2024 (arXiv:2409.02374).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lowd.apply.pipeline import LoadedPipeline
from lowd.diffusion.passage import Passage
from lowd.geometry.directions import (
    FLOOR,
    LEAST_LEFT,
    brightening,
    locality,
    project_out,
    unit,
)
from lowd.geometry.local import Dense, Products, local
from lowd.progress import Watch, unwatched
from lowd.streams import stream

Along = Literal["loco", "best", "region", "whole", "random"]
ALONG: tuple[Along, ...] = ("loco", "best", "region", "whole", "random")


@dataclass(frozen=True)
class Request:
    """What is to be done with every image.

    Attributes:
        sigma: the noise level of the edit, in data units.
        along: LOCO Edit's direction; the generalised eigenvector; a singular vector of the
            region's rows, or of all; a random one inside the region.
        inside: the region, (feature) booleans.
        order: which singular vector, from 1.
        protect: directions of the rest that LOCO Edit projects out, r'.
        strengths: lengths of the edit over σ, 0 not among them.
        steps: of Heun's method, up and down.
        sigma_min: where inversion begins and the last step is from.
        seed: of random draws.
    """

    sigma: float
    along: Along
    inside: Bool[Tensor, " feature"]
    order: int = 1
    protect: int = 5
    strengths: tuple[float, ...] = (-2.0, 2.0)
    steps: int = 20
    sigma_min: float = 0.02
    seed: int = 0

    def check(self) -> None:
        """Raise ValueError, with the option, unless the numbers fit the region and each other."""
        size = self.inside.numel()
        region = int(self.inside.sum())
        rows = size if self.along == "whole" else region
        if self.along in ("loco", "region", "whole") and not 1 <= self.order <= rows:
            raise ValueError(f"--rank: {self.order} of a Jacobian of {rows} rows; give 1 to {rows}")
        if self.along == "loco" and not 1 <= self.protect <= size - region:
            raise ValueError(
                f"--protect: {self.protect} of the {size - region} numbers outside the region; "
                f"give 1 to {size - region}"
            )
        if not self.strengths or not all(isfinite(one) and one for one in self.strengths):
            raise ValueError(
                "--strength: give finite lengths in σ other than 0, which is always there"
            )


@dataclass(frozen=True)
class Edited:
    """One image, edited.

    Attributes:
        path: where it is from.
        image: as it was read, (channel, height, width).
        direction: the unit vector, in the image's shape.
        rebuilt: inverted and sampled again without an edit.
        pictures: edited images, by strength.
        gain: ‖Jv‖, what the denoised image changes by of a step.
        left: what the projection left of the unit vector.
        inside: share of the squared change inside the region, by strength.
        sine: of the angle at which a search by products ended; 0 where J was held.
    """

    path: Path
    image: Float[Tensor, "channel height width"]
    direction: Float[Tensor, "channel height width"]
    rebuilt: Float[Tensor, "channel height width"]
    gain: float
    left: float
    sine: float
    pictures: dict[float, Float[Tensor, "channel height width"]] = field(default_factory=dict)
    inside: dict[float, float] = field(default_factory=dict)


def edited(
    pipeline: LoadedPipeline,
    paths: list[Path],
    images: Float[Tensor, "image channel height width"],
    request: Request,
    watch: Watch = unwatched,
) -> Iterator[Edited]:
    """Every image in turn.

    Raises:
        NothingLeft: a projection left too little of a direction.
    """
    passage = Passage(pipeline.denoise, request.sigma, request.sigma_min, request.steps)
    for done, (path, image) in enumerate(zip(paths, images, strict=True)):
        watch("editing", done, len(paths))
        yield _edited(passage, path, image[None], request)
    watch("editing", len(paths), len(paths))


def _edited(passage: Passage, path: Path, image: Tensor, request: Request) -> Edited:
    sigma, shape = request.sigma, image.shape[1:]
    state = passage.up(image)
    about = local(passage.denoise, state, sigma, stream(request.seed, "subspaces"))
    direction, left = _direction(about, request)
    steps = torch.tensor([0.0, *request.strengths], dtype=torch.float64).to(direction) * sigma
    moved = state + (steps[:, None] * direction).reshape(-1, *shape).to(state)
    rebuilt, *pictures = passage.down(moved).cpu()
    found = Edited(
        path,
        image[0].cpu(),
        direction[0].reshape(shape).cpu(),
        rebuilt,
        gain=float(about.push(direction).norm()),
        left=left,
        sine=about.sine,
    )
    for strength, picture in zip(request.strengths, pictures, strict=True):
        change = (picture - rebuilt).flatten().double()
        found.pictures[strength] = picture
        found.inside[strength] = float(locality(change, request.inside.cpu()))
    return found


def _direction(about: Dense | Products, request: Request) -> tuple[Tensor, float]:
    """The unit vector, (1, feature), and what a projection left of it."""
    inside, order = request.inside, request.order
    if request.along == "random":
        draws = torch.randn(
            1, inside.numel(), generator=stream(request.seed, "directions"), dtype=torch.float64
        )
        return unit(draws.to(inside.device) * inside), 1.0
    if request.along == "best":
        return brightening(about.best(inside, request.protect, FLOOR)), 1.0
    right, _ = about.right(order, None if request.along == "whole" else inside)
    direction, left = right[..., order - 1], 1.0
    if request.along == "loco":
        rest, _ = about.right(request.protect, ~inside)
        direction, remains = project_out(direction, rest, LEAST_LEFT)
        left = float(remains)
    return brightening(direction), left
