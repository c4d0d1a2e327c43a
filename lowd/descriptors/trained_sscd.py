"""A small SSCD (arXiv:2202.10261), trained on a study's own images."""

import math
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from lowd.descriptors.augmentation import augment
from lowd.descriptors.contrastive import info_nce, spread
from lowd.descriptors.embedding import Network
from lowd.descriptors.network import CopyNetwork, initialised
from lowd.descriptors.settings import TrainedSSCDSettings
from lowd.progress import report_done, report_total
from lowd.store.checkpoints import load_checkpoint, save_checkpoint

WARM_UP = 20
"""Steps over which the learning rate rises; from there it falls to 0 by half a cosine."""
WEIGHT_DECAY = 1e-4


def train(
    settings: TrainedSSCDSettings,
    images: Float[Tensor, "image channel height width"],
    initialisation: torch.Generator,
    draws: torch.Generator,
    device: torch.device,
) -> CopyNetwork:
    """Teach a network to know two augmented copies of an image from all others.

    The loss is InfoNCE plus λ times the entropy regulariser; no mixup.

    Args:
        settings: architecture and training.
        images: within [-1, 1].
        initialisation: what weights are drawn from; on the CPU, as all generators here.
        draws: what batches and augmentations are drawn from.
        device: where to compute.

    Raises:
        ValueError: there are fewer than two images, or the loss is not finite.
    """
    if len(images) < 2:
        raise ValueError(f"descriptor: {len(images)} image to learn from; give at least two")
    network = initialised(images.shape[1], settings.width, settings.features, initialisation)
    network = network.to(device)
    images = images.to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=settings.learning_rate, weight_decay=WEIGHT_DECAY
    )

    def rate(step: int) -> float:
        return min(1, (step + 1) / WARM_UP) * (1 + math.cos(math.pi * step / settings.steps)) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    size = min(settings.batch, len(images))
    report_total(settings.steps, "steps")
    for step in range(settings.steps):
        # No image twice: its copies would be taken for those of two.
        batch = images[torch.randperm(len(images), generator=draws)[:size].to(device)]
        copies = [augment(batch, draws, flips=settings.flips) for _ in range(2)]
        one, other = network(torch.cat(copies)).chunk(2)
        loss = info_nce(one, other, settings.temperature) + settings.entropy * spread(one, other)
        if not loss.isfinite():
            raise ValueError(
                f"descriptor.learning_rate: with {settings.learning_rate} the loss is not finite "
                f"at step {step}; lower it"
            )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        report_done(step + 1)
    return network.eval()


def save(path: Path, network: CopyNetwork, settings: TrainedSSCDSettings, channels: int) -> None:
    """Write a network; raises as `save_checkpoint` does."""
    metadata = {
        "kind": settings.kind,
        "channels": channels,
        "width": settings.width,
        "features": settings.features,
    }
    save_checkpoint(path, network.state_dict(), metadata)


def load(settings: TrainedSSCDSettings, weights: Path | None, device: torch.device) -> Network:
    """The network that `save` wrote to `weights`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: none is given, or it is damaged or holds something else.
    """
    if weights is None:
        raise ValueError("weights: give those that `lowd descriptor` left")
    tensors, metadata = load_checkpoint(weights)
    if metadata.get("kind") != settings.kind:
        raise ValueError(f"{weights}: no descriptor; give what `lowd descriptor` wrote")
    network = CopyNetwork(metadata["channels"], metadata["width"], metadata["features"])
    network.load_state_dict(tensors)
    return network.to(device).eval()
