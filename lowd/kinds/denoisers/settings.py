"""Settings of a teacher beside denoisers fitted to the same images."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from lowd.base import Settings
from lowd.comparisons import OfImages
from lowd.kinds.denoisers.contrast import MixtureSettings
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
        numbers = math.prod(teacher.shape)
        if self.mixture.rank > numbers:
            raise ValueError(
                f"mixture.rank: {self.mixture.rank} exceeds the {numbers} numbers of an image"
            )
