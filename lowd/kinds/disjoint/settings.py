"""Settings of students of disjoint training sets beside each other."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from lowd.base import Settings
from lowd.comparisons import OfImages


class Disjoint(OfImages):
    """One study, of images."""

    figure: Literal["disjoint"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "histograms": ("between_mean", "nearest_mean"),
        "pairs": (),  # samples
    }

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any; besides, samples have to be shown."""
        super().check_on(every)
        studies = list(self.compared(every).values())
        if len(studies) != 1 or not studies[0].is_of_images:
            raise ValueError("studies: give one study, of images")
