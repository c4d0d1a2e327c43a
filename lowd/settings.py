"""params.yaml, validated once: studies, and the settings each step of a study needs."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import (
    Discriminator,
    Field,
    PositiveFloat,
    PositiveInt,
    Tag,
    ValidationError,
    model_validator,
)

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.findings import (
    AnyFinding,
    BiasVariance,
    Families,
    Name,
    Seed,
    TrainingSize,
    check_ascending,
)
from lowd.metrics.settings import DescriptorKind, NearestRule, ThresholdSettings
from lowd.models.settings import ModelSettings
from lowd.sources.settings import (
    MoLRGImagesTeacher,
    MoLRGTeacher,
    TeacherSettings,
    TrainedTeacher,
)
from lowd.steps.contrast import MixtureSettings
from lowd.steps.relate import NEIGHBOURS
from lowd.theory.settings import EquivalenceSettings, RecoveryMap
from lowd.training.settings import TrainingSettings

Validated = TypeVar("Validated", bound=Settings)
INPUTS = "inputs"
"""The folder of the user's own images and modules, which DVC and the workflow watch."""
RESERVED = ("teacher", "empirical", "controls")
"""What stands beside the models in a study's folders."""


class SizeSettings(Settings):
    """How many to draw."""

    size: PositiveInt


class Study(Settings):
    """A teacher, a grid of students over (model, N, replicate), and how they are scored."""

    kind: Literal["transition"] = "transition"
    seed: Seed = 0
    teacher: TeacherSettings
    pool: SizeSettings
    noise: SizeSettings = SizeSettings(size=512)
    sampler: SamplerSettings = SamplerSettings()
    models: dict[Name, ModelSettings] = Field(min_length=1)
    samples: tuple[TrainingSize, ...] = Field(min_length=1)
    replicates: int = Field(2, ge=2)
    training: TrainingSettings
    descriptor: DescriptorKind = "identity"
    threshold: ThresholdSettings = NearestRule(nearest=0.95)

    @model_validator(mode="after")
    def _samples_fit(self) -> "Study":
        for position, n in enumerate(self.samples):
            if n > self.pool.size:
                raise ValueError(
                    f"samples[{position}]: {n} exceeds the pool ({self.pool.size}); raise pool.size"
                )
            if n * self.replicates > self.pool.size:
                raise ValueError(
                    f"samples[{position}]: {self.replicates} disjoint replicates of {n} would "
                    f"overlap in a pool of {self.pool.size}; raise pool.size or lower replicates"
                )
        check_ascending(self.samples)
        return self

    @model_validator(mode="after")
    def _models_fit(self) -> "Study":
        for name, model in self.models.items():
            if name in RESERVED:
                raise ValueError(
                    f"models.{name}: the workflow has files of this name; choose another"
                )
            try:
                model.check_shape(self.teacher.shape)
            except ValueError as error:
                raise ValueError(f"models.{name}.{error}") from None
        return self

    @model_validator(mode="after")
    def _enough_noises(self) -> "Study":
        if self.noise.size < 4:
            raise ValueError(
                f"noise.size: {self.noise.size} noises have no standard error in either half; "
                "draw at least 4"
            )
        return self

    @model_validator(mode="after")
    def _teacher_is_usable(self) -> "Study":
        teacher = self.teacher
        images = getattr(teacher, "images", None)
        path = getattr(images, "path", None)
        # Elsewhere a change would go unnoticed, and in a study's own folders it would be tidied up.
        if path is not None and (path.parts[:1] != (INPUTS,) or ".." in path.parts):
            raise ValueError(f"teacher.images.path: {path} is not in {INPUTS}/; move it there")
        if len(teacher.shape) not in (1, 3):
            raise ValueError(
                f"teacher.shape: {list(teacher.shape)} is neither a vector's [size] nor an image's "
                "[channels, height, width]"
            )
        return self

    @property
    def is_of_images(self) -> bool:
        """Whether samples can be shown: grey or coloured."""
        return len(self.teacher.shape) == 3 and self.teacher.shape[0] in (1, 3)


class TheoryStudy(Settings):
    """Maps over (N, rank) of whether low-rank denoisers find the subspaces that points lie on."""

    kind: Literal["theory"]
    seed: Seed = 0
    dimension: PositiveInt
    samples: tuple[PositiveInt, ...] = Field(min_length=1)
    tolerance: PositiveFloat = 0.5
    maps: tuple[RecoveryMap, ...] = Field(min_length=1)
    equivalence: EquivalenceSettings = EquivalenceSettings()

    @model_validator(mode="after")
    def _subspaces_fit(self) -> "TheoryStudy":
        check_ascending(self.samples)
        for at, one in enumerate(self.maps):
            asked = {f"maps[{at}].ranks[{i}]": rank for i, rank in enumerate(one.ranks)}
            for key, rank in (asked | {"equivalence.rank": self.equivalence.rank}).items():
                if one.clusters * rank > self.dimension:
                    raise ValueError(
                        f"{key}: {one.clusters} orthogonal subspaces of rank {rank} do not fit "
                        f"in dimension {self.dimension}; give {self.dimension // one.clusters} or "
                        "less"
                    )
            if one.clusters in [other.clusters for other in self.maps[:at]]:
                raise ValueError(f"maps[{at}].clusters: {one.clusters} has a map already")
        return self

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "TheoryStudy":
        sigmas = self.equivalence.sigmas
        if not sigmas or list(sigmas) != sorted(set(sigmas)):
            raise ValueError(
                f"equivalence.sigmas: {list(sigmas)} must be one or more, ascending without "
                "repetition"
            )
        if self.tolerance >= math.sqrt(2):
            raise ValueError(
                f"tolerance: {self.tolerance} is not below √2, which no error of a subspace of "
                "rank 1 exceeds; lower it"
            )
        return self


def _kind(study: Any) -> str:
    """Which study is meant; one that says nothing is about the transition."""
    return study.get("kind", "transition") if isinstance(study, Mapping) else "transition"


AnyStudy = Annotated[
    Annotated[Study, Tag("transition")] | Annotated[TheoryStudy, Tag("theory")],
    Discriminator(_kind),
]


RELATIONS = {
    "dimension": ("transitions", "estimates"),
    "jacobians": ("jacobians",),
    "denoisers": ("denoisers",),
    "disjoint": ("histograms", "pairs"),
}
"""Figures across studies that are drawn from results of their own."""


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
            study = self.transitions[finding.study]
            largest, sets = finding.needed
            if largest * sets > study.pool.size:
                raise ValueError(
                    f"{key}.samples: {sets} disjoint training sets of {largest} exceed the pool of "
                    f"{finding.study} ({study.pool.size}); raise its pool.size"
                )
            for network, model in finding.networks.items():
                if network.split(".")[1] in RESERVED:
                    raise ValueError(f"{key}.{network}: the workflow has files of this name")
                try:
                    model.check_shape(study.teacher.shape)
                except ValueError as error:
                    raise ValueError(f"{key}.{network}.{error}") from None
            if isinstance(finding, Families):
                left = study.pool.size // sets - largest
                if left < study.noise.size:
                    raise ValueError(
                        f"{key}.samples: {largest} leaves {left} points of half the pool, and "
                        f"{study.noise.size} have to be held out; lower it"
                    )
                if not study.is_of_images:
                    raise ValueError(f"{key}.study: {finding.study} is not of images")
                _check_solvers(key, finding, study.sampler)
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

    @property
    def transitions(self) -> dict[str, Study]:
        """The studies of students on a grid."""
        return {name: one for name, one in self.studies.items() if isinstance(one, Study)}

    @property
    def theories(self) -> dict[str, TheoryStudy]:
        """The studies of low-rank denoisers."""
        return {name: one for name, one in self.studies.items() if isinstance(one, TheoryStudy)}

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


def _check_solvers(key: str, finding: Families, sampler: SamplerSettings) -> None:
    """Raise ValueError unless all members and solvers start from the same noise."""
    for name, solver in finding.solvers.items():
        if name in RESERVED:
            raise ValueError(f"{key}.solvers.{name}: the workflow has files of this name")
        if solver.sampler.sigma_max != sampler.sigma_max:
            raise ValueError(
                f"{key}.solvers.{name}.sampler.sigma_max: {solver.sampler.sigma_max} is not the "
                f"study's ({sampler.sigma_max}), so that noises would differ"
            )
    for name, member in finding.members.items():
        last = getattr(member.objective, "sigma_max", None)
        if last is not None and last < sampler.sigma_max:
            raise ValueError(
                f"{key}.members.{name}.objective.sigma_max: {last} is less than the study's "
                f"({sampler.sigma_max}), from where samples start"
            )


def load_params(path: Path) -> Params:
    """All settings of a params.yaml.

    Raises:
        OSError: there is no such file.
        ValueError: one line for each setting refused, with its key and the reason.
    """
    return parse_settings(Params, path.read_text(), str(path))


def parse_settings(model: type[Validated], text: str, source: str) -> Validated:
    """Settings from YAML, which JSON is too; nothing is converted, so that `yes` is no number.

    Args:
        model: the settings expected.
        text: YAML.
        source: what to call the text in errors.

    Raises:
        ValueError: one line for each setting refused, with its key and the reason.
    """
    try:
        raw = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).replace('in "<unicode string>",', "at").split())
        raise ValueError(f"{source}: not YAML ({reason})") from None
    try:
        # By way of JSON, whose arrays may be tuples.
        return model.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        raise ValueError("\n".join(_explain(error, raw, source))) from None


# What pydantic calls an extra input is to the user a word misspelt.
PLAIN = {"extra_forbidden": "no such setting", "missing": "required"}


class _Loader(yaml.SafeLoader):
    """YAML without its traps: 1e-3 is a number, and of two equal keys the last does not win."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                reason = f"key {key.value!r} is not text: quote it"
            elif key.value in seen:
                reason = f"key {key.value!r} stands twice"
            else:
                seen.add(key.value)
                continue
            raise yaml.composer.ComposerError(None, None, reason, key.start_mark)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _explain(error: ValidationError, raw: object, source: str) -> Iterator[str]:
    """One line for each thing refused: `studies.digits.samples[3]: why`."""
    for issue in error.errors():
        path, value = "", raw
        for position, key in enumerate(issue["loc"]):
            last = position == len(issue["loc"]) - 1
            if isinstance(key, int):
                path += f"[{key}]"
                value = value[key] if isinstance(value, list) and key < len(value) else None
            elif isinstance(value, Mapping) and (
                key in value or (last and issue["type"] == "missing")
            ):
                path += f".{key}"
                value = value.get(key)
            elif key == "[key]":
                path += " (name)"
            # Anything else is the tag of a union, which the user did not write.
        message = PLAIN.get(issue["type"], issue["msg"].removeprefix("Value error, "))
        if issue["type"] == "union_tag_invalid":
            message = f"{issue['ctx']['tag']!r} is none of {issue['ctx']['expected_tags']}"
        path = path.removeprefix(".")
        if issue["type"] == "value_error" and _names_key(message):
            yield f"{path}.{message}".removeprefix(".")
        else:
            shown = f" (got {issue['input']!r})" if _scalar(issue["input"]) else ""
            yield f"{path or source}: {message}{shown}"


def _names_key(message: str) -> bool:
    """Whether a check's own message starts with the key, relative to where it was raised."""
    head = message.split(": ")[0]
    return ": " in message and " " not in head


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


if __name__ == "__main__":
    # python -m lowd.settings > workflow/schemas/params.schema.json
    print(json.dumps(Params.model_json_schema(), indent=1))
