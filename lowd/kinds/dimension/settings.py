"""Settings of transitions beside the intrinsic dimension of the data."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from lowd.base import Settings
from lowd.comparisons import Comparison
from lowd.kinds.dimension.relate import NEIGHBOURS
from lowd.sources.settings import MoLRGImagesTeacher, MoLRGTeacher


class Dimension(Comparison):
    """Studies whose data have different dimensions."""

    figure: Literal["dimension"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "transitions": ("exponent",),
        "estimates": ("dimension",),
    }

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any; besides, some have to differ in rank, and points need neighbours."""
        super().check_on(every)
        teachers = [study.teacher for study in self.compared(every).values()]
        exact = [t for t in teachers if isinstance(t, MoLRGTeacher | MoLRGImagesTeacher)]
        if len({t.rank for t in exact if t.clusters == 1}) < 2:
            raise ValueError(
                "studies: give MoLRG studies of one cluster and of two ranks or more, against "
                "which transitions are drawn"
            )
        for position, (name, study) in enumerate(self.compared(every).items()):
            if study.pool.size <= NEIGHBOURS[-1]:
                raise ValueError(
                    f"studies[{position}]: {study.pool.size} points of {name} have no "
                    f"{NEIGHBOURS[-1]} neighbours, from which the dimension is estimated; raise "
                    f"studies.{name}.pool.size"
                )
