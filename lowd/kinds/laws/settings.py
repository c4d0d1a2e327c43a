"""Settings of laws on trial."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from lowd.base import Settings
from lowd.comparisons import Across
from lowd.fields import Name
from lowd.kinds.laws.find import names
from lowd.misspelt import meant


class Laws(Across):
    """What papers claim, beside what studies say of it.

    Attributes:
        laws: of each law the studies, findings and comparisons whose results it is measured of.
    """

    figure: Literal["laws"]
    laws: dict[Name, tuple[Name, ...]] = Field(min_length=1)
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {"verdicts": ("holds", "value")}

    @field_validator("laws")
    @classmethod
    def _laws_are_there(cls, laws: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for law, studies in laws.items():
            if law not in names():
                near = meant(law, names()) or f" (there are: {', '.join(names())})"
                raise ValueError(f"{law}: no such law{near}")
            if not studies:
                raise ValueError(f"{law}: names no study; give one or more, or leave it out")
            if len(set(studies)) < len(studies):
                raise ValueError(f"{law}: names a study twice; leave one out")
        return laws

    @property
    def compared_names(self) -> tuple[str, ...]:
        """All that is named, each once."""
        return tuple(dict.fromkeys(study for studies in self.laws.values() for study in studies))

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any kind; what is named has to be there and leave results of its own."""
        for law, studies in self.laws.items():
            for position, name in enumerate(studies):
                key, one = f"laws.{law}[{position}]", every.get(name)
                if one is None:
                    near = meant(name, every) or f" (there are: {', '.join(every)})"
                    raise ValueError(f"{key}: no study, finding or comparison {name!r}{near}")
                if isinstance(one, Across) and (isinstance(one, Laws) or not one.plots):
                    raise ValueError(
                        f"{key}: {name} has no results that a law is measured of; name the studies "
                        "that it compares"
                    )
