"""Settings of the ranks of denoisers' Jacobians."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from lowd.base import Settings
from lowd.comparisons import Comparison
from lowd.sources.settings import DiffusersTeacher
from lowd.studies import Study


class Jacobians(Comparison):
    """Studies whose students' and teachers' Jacobians are measured."""

    figure: Literal["jacobians"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {"jacobians": ("rank",)}

    def check_study(self, key: str, name: str, study: Settings | None) -> None:
        """As of any; besides, its teacher has to have a denoiser at every noise level."""
        super().check_study(key, name, study)
        if isinstance(study, Study) and isinstance(study.teacher, DiffusersTeacher):
            raise ValueError(
                f"{key}: the teacher of {name} is a pipeline, which has no denoiser at some of "
                "this figure's noise levels"
            )
