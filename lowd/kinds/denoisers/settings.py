"""Settings of a teacher beside denoisers fitted to the same images."""

import math
from collections.abc import Mapping
from contextlib import suppress
from typing import ClassVar, Literal

from lowd.base import Settings
from lowd.comparisons import OfImages
from lowd.cost.sources import shares
from lowd.kinds.denoisers.contrast import MixtureSettings
from lowd.sources.image_settings import FolderSource
from lowd.sources.settings import TrainedTeacher


class Denoisers(OfImages):
    """One study, and the mixture to fit.

    Attributes:
        mixture: the mixture that is fitted to the teacher's images.
    """

    figure: Literal["denoisers"]
    mixture: MixtureSettings
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {"denoisers": ("apart", "pfd", "rp")}

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any; besides, one teacher has to have learned from images, which are fitted."""
        super().check_on(every)
        (first, *others) = self.compared(every).values()
        teacher = first.teacher
        if others or not isinstance(teacher, TrainedTeacher):
            raise ValueError("studies: give one study, whose teacher learned from images")
        with suppress(LookupError):  # of a folder, and where files are not there yet
            _check_clusters(self.mixture.clusters, teacher)
        numbers = math.prod(teacher.shape)
        if self.mixture.rank > numbers:
            raise ValueError(
                f"mixture.rank: {self.mixture.rank} exceeds the {numbers} numbers of an image"
            )


def _check_clusters(clusters: int, teacher: TrainedTeacher) -> None:
    """Raise ValueError if there are more than images; of a folder the step alone counts them."""
    if isinstance(teacher.images, FolderSource):
        return
    training, _ = shares(teacher)
    if clusters > training:
        raise ValueError(
            f"mixture.clusters: {clusters} exceeds the {training} images that the teacher learns "
            "from; lower it"
        )
