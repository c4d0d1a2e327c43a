"""What a generation learns from."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings

FIRST = "first"
"""What the first generation, which all modes share, is called in place of a mode."""


class Mode(Settings):
    """How the training sets of a generation come about.

    Attributes:
        data: `control`, new samples of the teacher; `replace`, samples of the generation before;
            `accumulate`, these and all training sets so far; `subsample`, N of all those by chance;
            `fresh`, samples of the generation before and a share of new ones of the teacher.
        share: of new samples of the teacher, with `fresh`.
        candidates: how many samples a student of the generation before makes for each it replaces.
        select: which are taken, where there are more than N: any, or by their distances; `filter`
            keeps those that are no nearer to another than a threshold.
        quantile: of the distances of the first training set's points to their nearest others: the
            threshold that a filter starts from.
    """

    data: Literal["control", "replace", "accumulate", "subsample", "fresh"]
    share: Annotated[float, Field(gt=0, lt=1)] | None = None
    candidates: PositiveInt = 1
    select: Literal["none", "farthest", "filter"] = "none"
    quantile: Annotated[float, Field(ge=0, le=1)] | None = None

    @model_validator(mode="after")
    def _says_what_it_takes(self) -> "Mode":
        if (self.data == "fresh") != (self.share is not None):
            raise ValueError(
                f"share: {self.share} with data {self.data}; give it with fresh, and there alone"
            )
        if (self.select == "filter") != (self.quantile is not None):
            raise ValueError(
                f"quantile: {self.quantile} with select {self.select}; give it with filter, and "
                "there alone"
            )
        if self.data not in ("replace", "subsample") and (
            self.select != "none" or self.candidates > 1
        ):
            raise ValueError(
                f"data: {self.data} takes all there is, and nothing can be selected; use replace "
                "or subsample, or leave select and candidates out"
            )
        if self.data == "replace" and (self.candidates == 1) == (self.select != "none"):
            raise ValueError(
                f"candidates: {self.candidates} with data replace and select {self.select}; "
                "give 2 or more to select from, 1 to take all"
            )
        return self

    @property
    def takes_new(self) -> bool:
        """Whether it needs more of the teacher's samples after the first generation."""
        return self.data in ("control", "fresh")
