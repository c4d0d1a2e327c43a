"""Settings of representations."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings
from lowd.fields import Name, Seed, TrainingSize, check_ascending
from lowd.followups import FollowUp
from lowd.graph.labelled import check_classes
from lowd.kinds.representation.probing_settings import Probing
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.sources.settings import NoisyMoLRGTeacher
from lowd.studies import Study


class Representation(FollowUp):
    """Probes of the features of a study's own students, over σ.

    Attributes:
        seed: names every random stream of the study, together with what is drawn.
        points: how many labelled points are drawn of a mixture; of images there are as many as
            there are.
        held_out: share of the points that probes are tested on.
        models: of the study; all, if not given.
        samples: N's of the study; all, if not given.
        sigmas: noise levels that features are taken at, ascending.
        layer: the middle one or the last.
        pooling: whether a U-Net's features are averaged over space.
        probe: how classes are told from features.
    """

    kind: Literal["representation"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "probe": ("accuracy", "accuracy_untrained", "accuracy_raw"),
        "peak": ("unimodality", "unimodality_untrained"),
        "snr": ("snr", "snr_exact"),
    }
    seed: Seed = 0
    points: PositiveInt = 3000
    held_out: float = Field(0.5, gt=0, lt=1)
    models: tuple[Name, ...] = ()
    samples: tuple[TrainingSize, ...] = ()
    sigmas: tuple[PositiveFloat, ...] = (
        *(0.02, 0.04, 0.09, 0.2, 0.4, 0.63, 0.93, 1.4, 2.0),
        *(4.5, 20.0),
    )
    layer: Literal["middle", "last"] = "last"
    pooling: Literal["flat", "mean"] = "flat"
    probe: Probing = Probing()

    @model_validator(mode="after")
    def _grids_ascend(self) -> "Representation":
        check_ascending("samples", self.samples)
        check_ascending("sigmas", self.sigmas, at_least=3)
        return self

    def shown(self, every: Mapping[str, Settings]) -> tuple[str, ...]:
        """All, but the signal-to-noise ratio where the teacher has none."""
        has_ratio = isinstance(self.base(every).teacher, NoisyMoLRGTeacher)
        return tuple(one for one in self.plots if has_ratio or one != "snr")

    def check_base(self, study: Study) -> None:
        """Raise ValueError unless its data have classes, and its students are what is asked for."""
        check_classes(self.study, study)
        for name in self.models:
            if name not in study.models:
                raise ValueError(
                    f"models: {self.study} has no model {name!r} (there are: "
                    f"{', '.join(study.models)})"
                )
        for n in self.samples:
            if n not in study.samples:
                raise ValueError(
                    f"samples: {self.study} has no students of N = {n} (there are: "
                    f"{', '.join(map(str, study.samples))})"
                )
        for name in self.models or study.models:
            if not isinstance(study.models[name], MLPSettings | UNetSettings):
                raise ValueError(
                    f"models: features are taken of MLPs and U-Nets, and {name} of {self.study} is "
                    "neither; name others"
                )
