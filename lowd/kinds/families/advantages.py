"""How much more diffusion families agree than the members of every other group do."""

from collections.abc import Mapping

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.kinds.families.agree_step import DRAWS, AgreeStep
from lowd.streams import stream_seed


def advantages(settings: AgreeStep, hits: Mapping[tuple[str, str], Tensor]) -> xr.Dataset:
    """What diffusion families agree more than the members of every other group do."""
    own = [member for member in settings.members if member.name == member.family]
    within: dict[str, Tensor] = {}
    for group in dict.fromkeys(member.group for member in own):
        names = [member.name for member in own if member.group == group]
        # Diffusion models against other families only, the rest against themselves as well.
        pairs = [(a, b) for at, a in enumerate(names) for b in names[at + (group == "diffusion") :]]
        if pairs:
            within[group] = torch.stack([hits[pair] for pair in pairs]).mean(0)
    generator = np.random.default_rng(stream_seed(settings.seed, "noises"))
    rows = []
    others = [group for group in within if group != "diffusion" and "diffusion" in within]
    for group in others:
        difference = (within["diffusion"] - within[group]).numpy()
        drawn = generator.integers(len(difference), size=(DRAWS, len(difference)))
        low, high = np.quantile(difference[drawn].mean(1), (0.025, 0.975))
        rows.append((float(difference.mean()), low, high))
    table = np.array(rows).reshape(len(others), 3)
    ends = ("", "_low", "_high")
    return xr.Dataset(
        {f"advantage{end}": ("group", table[:, at]) for at, end in enumerate(ends)},
        {"group": others},
    )
