"""Settings of a low-rank denoiser's training."""

from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings
from lowd.fields import check_ascending

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


class RecoveryMap(Settings):
    """One heat map over (N, rank).

    Attributes:
        clusters: K, mutually orthogonal subspaces.
        ranks: r of each, ascending.
        trials: random problems a cell.
        training: the denoiser's.
    """

    clusters: int = Field(ge=1, le=6)  # every matching of clusters is tried
    ranks: tuple[PositiveInt, ...] = Field(min_length=1)
    trials: int = Field(20, ge=2)
    training: LowRankTraining

    @model_validator(mode="after")
    def _ranks_ascend(self) -> "RecoveryMap":
        check_ascending("ranks", self.ranks)
        return self


class EquivalenceSettings(Settings):
    """Where the two losses of the theorems are compared.

    Attributes:
        rank: r of every subspace.
        samples: points of each.
        sigmas: noise levels.
        problems: random problems.
        draws: noises a point, even.
    """

    rank: PositiveInt = 4
    samples: PositiveInt = 12
    sigmas: tuple[PositiveFloat, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    problems: int = Field(default=40, ge=2)
    draws: int = Field(default=64, ge=4, multiple_of=2)
