"""Settings of memorisation, convergence and recovery."""

from collections.abc import Mapping
from math import prod
from typing import ClassVar, Literal

from pydantic import PositiveInt

from lowd.distributions.spectra import spectrum
from lowd.followups import FollowUp
from lowd.sources.settings import GaussianTeacher
from lowd.studies import Study

LINEAR = "linear"
"""What the student in closed form is called, beside the models."""


class Recovery(FollowUp):
    """Students of a Gaussian teacher, beside the linear one in closed form.

    Attributes:
        directions: how many principal axes of the teacher are to be recovered; if not given, as
            many as have spikes.
    """

    kind: Literal["recovery"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "overlaps": ("memorisation", "convergence", "recovery", "direction_recovery")
    }
    directions: PositiveInt | None = None

    def leading(self, teacher: GaussianTeacher) -> int:
        """How many directions are to be recovered."""
        return self.directions or len(teacher.spikes)

    def check_base(self, study: Study) -> None:
        """As of any; besides, the teacher needs leading axes, and the noises have to tell them."""
        teacher = study.teacher
        if not isinstance(teacher, GaussianTeacher):
            raise ValueError(
                f"study: the teacher of {self.study} is of kind {teacher.kind}, whose principal "
                "axes are not known; give a study with a gaussian one"
            )
        size, leading = prod(teacher.shape), self.leading(teacher)
        if not 0 < leading < size:
            raise ValueError(
                f"directions: {leading} of the {size} axes of {self.study} are no leading ones; "
                f"give 1 to {size - 1}"
            )
        variances = spectrum(size, teacher.spikes, teacher.decay)
        if not variances[leading - 1] > variances[leading]:
            raise ValueError(
                f"directions: axes {leading} and {leading + 1} of {self.study} have one variance, "
                "so that none of them leads; give another number"
            )
        if LINEAR in study.models:
            raise ValueError(
                f"study: models.{LINEAR} of {self.study} has the name of the student in closed "
                "form; give it another"
            )
        if study.noise.size < 2 * size:
            raise ValueError(
                f"study: {study.noise.size} noises of {self.study} tell no linear map of {size} "
                f"dimensions; raise its noise.size to {2 * size} or more"
            )
