"""Settings of a low-rank denoiser's training."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings

Range = Annotated[tuple[PositiveFloat, PositiveFloat], Field(description="[lowest, highest]")]


class LowRankTraining(Settings):
    """How the bases of a low-rank denoiser are trained.

    Attributes:
        steps: steps of the optimiser, every one on all points.
        restarts: trainings from other initial bases; the one with the lowest loss is kept.
        learning_rate: the highest; it decays along half a cosine.
        momentum: of the gradient, before it is orthogonalised.
        sigma_first: noise levels at the first step, log-uniform between these.
        sigma_last: noise levels at the last step, geometrically approached.
    """

    steps: PositiveInt
    restarts: PositiveInt = 1
    learning_rate: PositiveFloat = 0.15
    momentum: float = Field(0.9, ge=0, lt=1)
    sigma_first: Range = (0.5, 1.0)
    sigma_last: Range = (0.01, 0.03)

    @model_validator(mode="after")
    def _levels_ascend(self) -> "LowRankTraining":
        for name in ("sigma_first", "sigma_last"):
            low, high = getattr(self, name)
            if low >= high:
                raise ValueError(f"{name}: {low} is not below {high}; give [lowest, highest]")
        return self
