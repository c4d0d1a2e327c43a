"""params.yaml, validated once."""

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, get_args

from pydantic import Discriminator, Field, Tag, model_validator

from lowd.base import Settings
from lowd.comparisons import Across
from lowd.discovery import modules_of_kinds
from lowd.fields import Name
from lowd.followups import FollowUp
from lowd.grid import KindSettings
from lowd.parsing import text_of, validated
from lowd.studies import Study
from lowd.written.declared import Declared, read_declared

DECLARED = tuple(
    each
    for module in modules_of_kinds("settings")
    for each in vars(module).values()
    if isinstance(each, type)
    and each.__module__ == module.__name__
    and issubclass(each, KindSettings)
)
"""The settings of every kind there is."""


def _word(settings: Any, unsaid: str = "") -> str | None:
    """Which kind is meant, by settings or by what is in params.yaml; None if it is no mapping."""
    if isinstance(settings, Mapping):
        return str(settings.get("figure") or settings.get("kind", unsaid))
    return getattr(settings, "figure", None) or getattr(settings, "kind", None)


def _any(kinds: Iterable[type], unsaid: str = "") -> Any:
    """Settings of any of these kinds, told apart by the word that each declares."""
    tagged = []
    for kind in kinds:
        fields = kind.model_fields  # type: ignore[attr-defined]
        (word,) = get_args((fields.get("figure") or fields["kind"]).annotation)
        tagged.append(Annotated[kind, Tag(word)])
    return Annotated[reduce(or_, tagged), Discriminator(lambda each: _word(each, unsaid))]


_FINDINGS = frozenset(
    word
    for each in DECLARED
    if issubclass(each, FollowUp)
    for word in get_args(each.model_fields["kind"].annotation)
)

if TYPE_CHECKING:
    AnyStudy: TypeAlias = KindSettings
    AnyFollowUp: TypeAlias = FollowUp
    AnyComparison: TypeAlias = Across
else:
    AnyFollowUp = _any(each for each in DECLARED if issubclass(each, FollowUp))
    AnyComparison = _any(each for each in DECLARED if issubclass(each, Across))
    # One that says nothing is about the transition.
    AnyStudy = _any(
        (each for each in DECLARED if not issubclass(each, FollowUp | Across)), "transition"
    )


class Params(Settings):
    """All of params.yaml.

    Attributes:
        studies: studies by name: of the transition, if no `kind` is given.
        findings: studies that stand on another, by name.
        across: figures across studies, by name.
    """

    studies: dict[Name, AnyStudy] = Field(min_length=1)
    findings: dict[Name, AnyFollowUp] = Field(default_factory=dict)
    across: dict[Name, AnyComparison] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _follow_ups_have_names_of_their_own(self) -> "Params":
        for name in self.findings:
            if name in (*self.studies, "across"):
                raise ValueError(
                    f"findings.{name}: a study or folder has this name; choose another"
                )
        return self

    @model_validator(mode="after")
    def _figures_have_names_of_their_own(self) -> "Params":
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
        return self

    @model_validator(mode="after")
    def _have_what_they_stand_on(self) -> "Params":
        rooms = {"studies": self.every, "findings": self.every}
        for room, every in (rooms | {"across": {**self.every, **self.across}}).items():
            for name, settings in getattr(self, room).items():
                try:
                    settings.check_on(every)
                except ValueError as error:
                    raise ValueError(f"{room}.{name}.{error}") from None
        return self

    @property
    def transitions(self) -> dict[str, Study]:
        """The studies of students on a grid."""
        return {name: one for name, one in self.studies.items() if isinstance(one, Study)}

    @property
    def every(self) -> dict[str, KindSettings]:
        """Studies and follow-ups."""
        return {**self.studies, **self.findings}

    @property
    def stages(self) -> dict[str, str]:
        """DVC's stage for every study and every follow-up."""
        return {name: f"study@{name}" for name in self.studies} | {
            name: f"finding@{name}" for name in self.findings
        }

    def check_names(self, names: Iterable[str]) -> None:
        """Raise ValueError unless each is the name of a study or of a follow-up."""
        for name in names:
            if name not in self.stages:
                raise ValueError(
                    f"params.yaml has no study {name!r} (there are: {', '.join(self.stages)})"
                )


def load_params(path: Path) -> Params:
    """All settings of a params.yaml, and of the studies in files beside it.

    Raises:
        OSError: there is no such file.
        ValueError: one line for each setting refused, with its key and the reason.
    """
    declared = load_declared(path)
    try:
        return validated(Params, declared.settings, str(path))
    except ValueError as error:
        raise ValueError(declared.where_written(str(error))) from None


def load_declared(path: Path) -> Declared:
    """The same, not yet validated; raises as `load_params`, for what stands in files alone."""
    try:
        text = text_of(path, str(path))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"there is no {path} in this folder; go to the root of a repository of lowd, or write "
            "one with `lowd init FOLDER`"
        ) from None
    return read_declared(path, text, _FINDINGS)
