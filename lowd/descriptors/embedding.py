"""Features of many images, in batches."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.descriptors.settings import NetworkSettings
from lowd.metrics.descriptors import unit

Network: TypeAlias = Callable[[Tensor], Tensor]
"""From images (M, channel, height, width) in [-1, 1] to features (M, F)."""


def load_network(
    settings: NetworkSettings,
    weights: Path | None,
    device: torch.device,
) -> Network:
    """The network of a descriptor; raises as the `load` of its kind does.

    Args:
        settings: of the descriptor.
        weights: what was trained, for a kind that is.
        device: where to compute.
    """
    # By name, so that a step's code digest can hold the kind in use and no other.
    return importlib.import_module(f"lowd.descriptors.{settings.kind}").load(
        settings, weights, device
    )


@torch.no_grad()
def embedded(
    network: Network,
    images: Float[Tensor, "image channel height width"],
    batch: int,
    device: torch.device,
) -> Float[Tensor, "image feature"]:
    """Features of unit norm, in single precision on the CPU.

    Values beyond [-1, 1] are clipped, as a file of the image would clip them. An image that is not
    finite, as of a student that diverged, has NaN for features, and no other image is touched.

    Raises:
        ValueError: the network fails, or answers with something else than finite (M, F).
    """
    finite = images.flatten(1).isfinite().all(dim=1)
    parts = [_answer(network, part.to(device)) for part in images[finite].clamp(-1, 1).split(batch)]
    if len({part.shape[1] for part in parts}) > 1:
        raise ValueError("descriptor: the number of features changes from batch to batch")
    features = unit(torch.cat(parts))
    every = features.new_full((len(images), features.shape[1]), torch.nan)
    every[finite] = features
    return every


def _answer(network: Network, images: Tensor) -> Tensor:
    try:
        features = network(images)
    except Exception as error:  # whatever the code of others may raise
        raise ValueError(
            f"descriptor: fails on images {tuple(images.shape)} ({type(error).__name__}: {error})"
        ) from error
    if not isinstance(features, Tensor):
        raise ValueError(f"descriptor: answers with {type(features).__name__}, not Tensor")
    if features.ndim != 2 or len(features) != len(images) or features.shape[1] == 0:
        raise ValueError(
            f"descriptor: maps {len(images)} images to {tuple(features.shape)}, not to (image, "
            "feature)"
        )
    if not features.isfinite().all():
        raise ValueError("descriptor: a feature is not finite; give another network")
    return features.float().cpu()
