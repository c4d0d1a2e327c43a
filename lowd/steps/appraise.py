"""`lowd step appraise`: how well the descriptor finds copies at the study's threshold."""

from pathlib import Path

from lowd.base import Settings
from lowd.descriptors.settings import NetworkSettings

IMAGES = 1024
"""How many are copied."""


class AppraiseStep(Settings):
    """Settings of the appraise step."""

    seed: int
    descriptor: NetworkSettings


def appraise(
    settings: AppraiseStep,
    *,
    images: Path,
    yardstick: Path,
    output: Path,
    weights: Path | None = None,
) -> None:
    """Add to the JSON file `yardstick` what the network is, and how well it finds copies: `output`.

    An augmented copy of each held-out image in `images`, a teacher's folder, or of each reference
    sample in `images`, a pool, is compared with all of them: `copies_found`, the share of copies
    more similar to their original than the threshold; `copies_mistaken`, the share of copies that
    are so to another image; `copies_precision`, the mean average precision of their ranking.
    """
    import json

    import torch

    from lowd.descriptors.augmentation import augment
    from lowd.descriptors.copies import copy_detection
    from lowd.descriptors.embedding import embedded, load_network
    from lowd.descriptors.settings import TrainedSSCDSettings
    from lowd.device import pick_device
    from lowd.store.arrays import read_store
    from lowd.store.atomic import staged
    from lowd.streams import stream

    own = images / "images.zarr"
    rows = read_store(own)["held_out"] if own.exists() else read_store(images)["reference"]
    originals = torch.from_numpy(rows.values[:IMAGES]).clamp(-1, 1)
    chosen = settings.descriptor
    flips = isinstance(chosen, TrainedSSCDSettings) and chosen.flips
    copies = augment(originals, stream(settings.seed, "descriptor", "copies"), flips=flips)
    device = pick_device()
    network = load_network(chosen, weights, device)
    content = json.loads(yardstick.read_text())
    found = copy_detection(
        embedded(network, originals, chosen.batch, device),
        embedded(network, copies, chosen.batch, device),
        content["threshold"],
    )
    content["descriptor"] = (
        f"{chosen.kind}, which takes {found.found.value:.1%} of augmented copies and "
        f"{found.mistaken.value:.2%} of other images for copies"
    )
    content["teacher"] |= {f"copies_{name}": each for name, each in found._asdict().items()}
    with staged(output) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n")
