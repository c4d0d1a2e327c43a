"""Settings of closed-form students beside trained ones."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt

from lowd.distributions.settings import MixtureSettings
from lowd.followups import FollowUp
from lowd.studies import Study


class Explained(FollowUp):
    """Theories of what students make of the noises.

    Attributes:
        noises: the first so many of the study's.
        replicates: the first so many of the study's training sets of each N.
        mixture: a mixture of low-rank Gaussians as a theory, if given.
        equivariant: up to which N patches from anywhere are tried, whose number is N times that
            of pixels.
    """

    kind: Literal["explained"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {"explained": ("cosine", "r2", "pfd")}
    noises: int = Field(96, ge=4)
    replicates: PositiveInt = 1
    mixture: MixtureSettings | None = None
    equivariant: PositiveInt = 64

    def check_base(self, study: Study) -> None:
        """As of any; besides, it has to be of images and have what is asked for."""
        if len(study.teacher.shape) != 3:
            raise ValueError(
                f"study: samples of {self.study} are vectors, whose numbers have no neighbours; "
                "give a study of images"
            )
        for key, most in {"noises": study.noise.size, "replicates": study.replicates}.items():
            if getattr(self, key) > most:
                raise ValueError(
                    f"{key}: {getattr(self, key)} exceeds the {most} of {self.study}; give fewer"
                )
