"""Settings of comparisons: figures across studies that are there without them."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from lowd.base import Settings
from lowd.fields import Name
from lowd.grid import KindSettings
from lowd.studies import Study


class Across(KindSettings):
    """What is shown of several studies at once.

    Attributes:
        plots: as of any kind, of figures that are drawn from results of the comparison's own; none
            if it is drawn from the studies' results, whose figures have the same scores.
    """

    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @property
    def compared_names(self) -> tuple[str, ...]:
        """Of all whose results are compared."""
        return ()

    def figures(self, name: str) -> list[str]:
        """The figures of a comparison of this name."""
        return [f"{name}-{shown}" for shown in self.plots] or [name]


class Comparison(Across):
    """What is shown, and of which studies.

    Attributes:
        studies: their names.
    """

    studies: tuple[Name, ...] = Field(min_length=1)

    @property
    def compared_names(self) -> tuple[str, ...]:
        """The studies."""
        return self.studies

    def check_on(self, every: Mapping[str, Settings]) -> None:
        """As of any kind; all studies have to be there and be such as can be compared."""
        for position, name in enumerate(self.studies):
            key = f"studies[{position}]"
            if name in self.studies[:position]:
                raise ValueError(f"{key}: {name} stands twice")
            self.check_study(key, name, every.get(name))

    def check_study(self, key: str, name: str, study: Settings | None) -> None:
        """Raise ValueError unless it is a study that can be compared."""
        if not isinstance(study, Study):
            raise ValueError(f"{key}: no transition study {name!r}")

    def compared(self, every: Mapping[str, Settings]) -> dict[str, Study]:
        """The studies that are compared, in their order."""
        found = {name: every[name] for name in self.studies}
        return {name: study for name, study in found.items() if isinstance(study, Study)}


class OfImages(Comparison):
    """A comparison that describes images themselves."""

    def check_study(self, key: str, name: str, study: Settings | None) -> None:
        """As of any; besides, no network may stand between images and what is compared."""
        super().check_study(key, name, study)
        if isinstance(study, Study) and study.is_embedded:
            raise ValueError(
                f"{key}: {name} compares features of its descriptor, and this figure needs "
                "images; give a study whose descriptor is identity or centred"
            )
