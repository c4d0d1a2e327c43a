"""Settings of squared bias and variance over training sets and over seeds."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from lowd.base import Settings
from lowd.fields import Name, TrainingSize
from lowd.followups import GridFollowUp
from lowd.misspelt import meant


class Point(Settings):
    """A cell of the grid over models and N.

    Attributes:
        model: a name among the models.
        samples: its N, one of the grid's.
    """

    model: Name
    samples: TrainingSize


class BiasVariance(GridFollowUp):
    """Squared bias and variance over models at one N, and over N for one model.

    Attributes:
        reference: where the two lines cross.
        replicates: training sets, and seeds, of each point; two have no jackknife error.
    """

    kind: Literal["bias-variance"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "decomposition": ("squared_error", "squared_bias", "variance", "slope")
    }
    reference: Point
    replicates: int = Field(8, ge=3)

    @model_validator(mode="after")
    def _point_is_on_both_lines(self) -> "BiasVariance":
        if self.reference.model not in self.models:
            raise ValueError(
                f"reference.model: {self.reference.model!r} is none of {', '.join(self.models)}"
                + meant(self.reference.model, self.models)
            )
        if len(self.samples) < 2:
            raise ValueError(f"samples: {list(self.samples)} has no slope; give two or more")
        if self.reference.samples not in self.samples:
            raise ValueError(
                f"reference.samples: {self.reference.samples} is none of {list(self.samples)}"
            )
        return self
