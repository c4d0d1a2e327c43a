"""The directions that keys are written along, and in which detectors look for them."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.diffusion.passage import Passage
from lowd.geometry.directions import project_out
from lowd.geometry.jacobian import effective_rank, jacobian
from lowd.kinds.watermark.hosts import Hosts
from lowd.watermark.evidence import Spread
from lowd.watermark.keys import within

POINTS = 32
"""Samples of the teacher that the mean of JᵀJ is taken over."""
BOTTOM = 4
"""The lowest of so many parts of the covariance's axes."""


@dataclass(frozen=True)
class Direction:
    """How one kind of key is written and read.

    Attributes:
        name: the direction.
        keys: (key, feature), unit vectors that detectors know.
        written: (image, feature), unit vectors that images get.
        basis: of the subspace that keys are uniform on, if it is not all of the space.
        in_pixels: whether it is added to the image, and looked for there.
    """

    name: str
    keys: Float[Tensor, "key feature"]
    written: Float[Tensor, "image feature"]
    basis: Float[Tensor, "feature axis"] | None = None
    in_pixels: bool = False

    @property
    def dimension(self) -> int:
        """Of the sphere that keys are uniform on."""
        return (self.keys if self.basis is None else self.basis).shape[1]


@dataclass(frozen=True)
class Kept:
    """What denoisers keep at one noise level.

    Attributes:
        rank: the mean rank_.99 of J over images.
        top: right-singular vectors of each image's J, so many.
        bottom: eigenvectors of the mean of JᵀJ over other images, all but so many.
    """

    rank: int
    top: Float[Tensor, "image feature rank"]
    bottom: Float[Tensor, "feature rest"]

    @classmethod
    def of(
        cls,
        passage: Passage,
        states: Float[Tensor, "image channel height width"],
        others: Float[Tensor, "point channel height width"],
    ) -> "Kept":
        """That of the Jacobians at states, and at other states of the same noise level."""
        right, ranks = [], []
        for one in states:  # A Jacobian is as large as all images
            _, singular, rows = torch.linalg.svd(_dense(passage, one[None])[0])
            right.append(rows)
            ranks.append(effective_rank(singular))
        rank = round(float(torch.stack(ranks).double().mean()))
        rank = min(rank, states[0].numel() - 2)
        gram = torch.zeros(states[0].numel(), states[0].numel(), dtype=torch.float64)
        for one in others:
            own = _dense(passage, one[None])[0]
            gram += own.mT @ own / len(others)
        axes = torch.linalg.eigh(gram).eigenvectors
        top = torch.stack([rows[:rank].mT for rows in right])
        return cls(rank, top, axes[:, : len(axes) - rank])


def _dense(passage: Passage, x: Tensor) -> Tensor:
    return jacobian(passage.denoise, x, passage.sigma).to(torch.float64)


def directions(
    names: tuple[str, ...],
    keys: Float[Tensor, "key feature"],
    hosts: Hosts,
    kept: Kept | None,
    spread: Spread,
) -> Iterator[Direction]:
    """All directions asked for; image m gets key m modulo their number.

    Raises:
        NothingLeft: the top of J leaves nothing of a key.
    """
    which = torch.arange(len(hosts.states)) % len(keys)
    bottom = spread.bottom(keys.shape[1] // BOTTOM)
    for name in names:
        if name in ("random", "pixels"):
            yield Direction(name, keys, keys[which], in_pixels=name == "pixels")
        elif name in ("bottom", "pixels-bottom"):
            low = within(keys, bottom)
            yield Direction(name, low, low[which], bottom, in_pixels=name == "pixels-bottom")
        else:
            assert kept is not None
            if name == "off-jacobian":
                yield Direction(name, keys, project_out(keys[which], kept.top)[0])
            elif name == "in-jacobian":
                yield Direction(name, keys, within(keys[which], kept.top))
            else:
                off = within(keys, kept.bottom)
                yield Direction(name, off, off[which], kept.bottom)
