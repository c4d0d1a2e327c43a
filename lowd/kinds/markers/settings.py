"""Settings of the markers of memorisation."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from lowd.followups import FollowUp

MARKERS = (
    "copied",
    "nearer",
    "s",
    "s_excess",
    "s_denoising",
    "lid",
    "lid_auc",
    "gap",
    "underfitting",
)


class Markers(FollowUp):
    """What the stored samples and the students of a study say of memorisation."""

    kind: Literal["markers"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "markers": MARKERS,
        "levels": ("s_level", "gap_level", "memory_training", "truth_training"),
    }
