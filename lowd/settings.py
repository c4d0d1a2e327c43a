"""params.yaml, validated once."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.fields import Name
from lowd.findings import AnyFinding, BiasVariance
from lowd.parsing import parse_settings
from lowd.sources.settings import (
    DiffusersTeacher,
    MoLRGImagesTeacher,
    MoLRGTeacher,
    TrainedTeacher,
)
from lowd.steps.contrast import MixtureSettings
from lowd.steps.relate import NEIGHBOURS
from lowd.studies import AnyStudy, Study, TheoryStudy

RELATIONS = {
    "dimension": ("transitions", "estimates"),
    "jacobians": ("jacobians",),
    "denoisers": ("denoisers",),
    "disjoint": ("histograms", "pairs"),
}
"""Figures across studies that are drawn from results of their own."""


IMAGES_NEEDED = ("denoisers", "disjoint")
"""Figures across studies that describe images themselves."""


class Comparison(Settings):
    """A figure across studies: what it shows, and of which ones."""

    figure: Literal[
        "controls", "slopes", "dimension", "jacobians", "denoisers", "disjoint", "decomposition"
    ]
    studies: tuple[Name, ...] = Field(min_length=1)
    mixture: MixtureSettings | None = None

    def figures(self, name: str) -> list[str]:
        """The figures that go by this name."""
        return [f"{name}-{shown}" for shown in RELATIONS.get(self.figure, ())] or [name]


class Params(Settings):
    """All of params.yaml."""

    studies: dict[Name, AnyStudy] = Field(min_length=1)
    findings: dict[Name, AnyFinding] = Field(default_factory=dict)
    across: dict[Name, Comparison] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _findings_stand_on_studies(self) -> "Params":
        for name, finding in self.findings.items():
            key = f"findings.{name}"
            if name in (*self.studies, "across"):
                raise ValueError(f"{key}: a study or folder has this name; choose another")
            if finding.study not in self.transitions:
                raise ValueError(
                    f"{key}.study: no transition study {finding.study!r} (there are: "
                    f"{', '.join(self.transitions)})"
                )
            try:
                finding.check_on(self.transitions[finding.study])
            except ValueError as error:
                raise ValueError(f"{key}.{error}") from None
        return self

    @model_validator(mode="after")
    def _compared_studies_exist(self) -> "Params":
        if "across" in self.studies:
            raise ValueError(
                "studies.across: figures across studies have this name; choose another"
            )
        drawn: dict[str, str] = {}
        for name, comparison in self.across.items():
            if name in self.stages:
                raise ValueError(f"across.{name}: a study has this name; choose another")
            for figure in comparison.figures(name):
                if figure in drawn:
                    raise ValueError(
                        f"across.{name}: across.{drawn[figure]} has a figure {figure} too; choose "
                        "another name"
                    )
                drawn[figure] = name
            for position, study in enumerate(comparison.studies):
                if study in comparison.studies[:position]:
                    raise ValueError(f"across.{name}.studies[{position}]: {study} stands twice")
                key = f"across.{name}.studies[{position}]"
                if comparison.figure in IMAGES_NEEDED and self._is_embedded(study):
                    raise ValueError(
                        f"{key}: {study} compares features of its descriptor, and the figure "
                        f"`{comparison.figure}` needs images; give a study whose descriptor is "
                        "identity or centred"
                    )
                if comparison.figure == "decomposition":
                    if not isinstance(self.findings.get(study), BiasVariance):
                        raise ValueError(f"{key}: no finding {study!r} of kind bias-variance")
                elif study not in self.transitions:
                    raise ValueError(f"{key}: no transition study {study!r}")
        return self

    @model_validator(mode="after")
    def _pairs_can_be_shown(self) -> "Params":
        for name, comparison in self.across.items():
            if comparison.figure == "disjoint":
                studies = [self.transitions[study] for study in comparison.studies]
                if len(studies) != 1 or not studies[0].is_of_images:
                    raise ValueError(f"across.{name}.studies: give one study, of images")
        return self

    @model_validator(mode="after")
    def _relations_can_be_drawn(self) -> "Params":
        for name, comparison in self.across.items():
            if comparison.figure == "jacobians":
                for position, study in enumerate(comparison.studies):
                    if isinstance(self.transitions[study].teacher, DiffusersTeacher):
                        raise ValueError(
                            f"across.{name}.studies[{position}]: the teacher of {study} is a "
                            "pipeline, which has no denoiser at some of this figure's noise levels"
                        )
            if comparison.figure != "dimension":
                continue
            teachers = [self.transitions[study].teacher for study in comparison.studies]
            exact = [t for t in teachers if isinstance(t, MoLRGTeacher | MoLRGImagesTeacher)]
            if len({t.rank for t in exact if t.clusters == 1}) < 2:
                raise ValueError(
                    f"across.{name}.studies: give MoLRG studies of one cluster and of two ranks "
                    "or more, against which transitions are drawn"
                )
            for study in comparison.studies:
                if (size := self.transitions[study].pool.size) <= NEIGHBOURS[-1]:
                    raise ValueError(
                        f"studies.{study}.pool.size: {size} points have no {NEIGHBOURS[-1]} "
                        f"neighbours, from which across.{name} estimates the dimension; raise it"
                    )
        return self

    @model_validator(mode="after")
    def _denoisers_can_be_fitted(self) -> "Params":
        for name, comparison in self.across.items():
            if (comparison.figure == "denoisers") != (comparison.mixture is not None):
                raise ValueError(
                    f"across.{name}.mixture: the figure `denoisers` needs clusters and rank of the "
                    "mixture to fit, and no other does"
                )
            if comparison.mixture is None:
                continue
            (first, *others) = comparison.studies
            teacher = self.transitions[first].teacher
            if others or not isinstance(teacher, TrainedTeacher):
                raise ValueError(
                    f"across.{name}.studies: give one study, whose teacher learned from images"
                )
            if comparison.mixture.rank > math.prod(teacher.shape):
                raise ValueError(
                    f"across.{name}.mixture.rank: {comparison.mixture.rank} exceeds the "
                    f"{math.prod(teacher.shape)} numbers of an image"
                )
        return self

    def _is_embedded(self, study: str) -> bool:
        return study in self.transitions and self.transitions[study].is_embedded

    @property
    def transitions(self) -> dict[str, Study]:
        """The studies of students on a grid."""
        return {name: one for name, one in self.studies.items() if isinstance(one, Study)}

    @property
    def theories(self) -> dict[str, TheoryStudy]:
        """The studies of low-rank denoisers."""
        return {name: one for name, one in self.studies.items() if isinstance(one, TheoryStudy)}

    @property
    def every(self) -> dict[str, Study | TheoryStudy | AnyFinding]:
        """Studies and findings."""
        return {**self.studies, **self.findings}

    @property
    def stages(self) -> dict[str, str]:
        """DVC's stage for every study and every finding."""
        return {name: f"study@{name}" for name in self.studies} | {
            name: f"finding@{name}" for name in self.findings
        }

    def check_names(self, names: Iterable[str]) -> None:
        """Raise ValueError unless each is the name of a study or of a finding."""
        for name in names:
            if name not in self.stages:
                raise ValueError(
                    f"params.yaml has no study {name!r} (there are: {', '.join(self.stages)})"
                )


def load_params(path: Path) -> Params:
    """All settings of a params.yaml.

    Raises:
        OSError: there is no such file.
        ValueError: one line for each setting refused, with its key and the reason.
    """
    return parse_settings(Params, path.read_text(), str(path))


if __name__ == "__main__":
    # python -m lowd.settings > workflow/schemas/params.schema.json
    print(json.dumps(Params.model_json_schema(), indent=1))
