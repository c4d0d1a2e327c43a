"""Settings of maps of what low-rank denoisers find, beside the theory."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lowd.fields import Seed, check_ascending
from lowd.grid import KindSettings
from lowd.theory.settings import EquivalenceSettings, RecoveryMap


class TheoryStudy(KindSettings):
    """Maps over (N, rank) of whether low-rank denoisers find the subspaces that points lie on.

    Attributes:
        seed: names every random stream.
        dimension: d of the space.
        samples: points per subspace, ascending.
        tolerance: ‖ÛÛᵀ − UUᵀ‖_F up to which a subspace counts as found.
        recovery_maps: heat maps over (N, rank), one for each number of clusters.
        equivalence: where the losses of the theorems are compared.
    """

    kind: Literal["theory"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "recovery": ("success", "error"),
        "threshold": ("pooled", "error"),
        "equivalence": ("clean_gap", "gap", "from_clustering"),
    }
    seed: Seed = 0
    dimension: PositiveInt
    samples: tuple[PositiveInt, ...] = Field(min_length=1)
    tolerance: PositiveFloat = 0.5
    recovery_maps: tuple[RecoveryMap, ...] = Field(min_length=1)
    equivalence: EquivalenceSettings = EquivalenceSettings()

    @model_validator(mode="after")
    def _subspaces_fit(self) -> "TheoryStudy":
        check_ascending("samples", self.samples)
        for at, one in enumerate(self.recovery_maps):
            asked = {f"recovery_maps[{at}].ranks[{i}]": rank for i, rank in enumerate(one.ranks)}
            for key, rank in (asked | {"equivalence.rank": self.equivalence.rank}).items():
                if one.clusters * rank > self.dimension:
                    raise ValueError(
                        f"{key}: {one.clusters} orthogonal subspaces of rank {rank} do not fit "
                        f"in dimension {self.dimension}; give {self.dimension // one.clusters} or "
                        "less"
                    )
            if one.clusters in [other.clusters for other in self.recovery_maps[:at]]:
                raise ValueError(f"recovery_maps[{at}].clusters: {one.clusters} has a map already")
        return self

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "TheoryStudy":
        check_ascending("equivalence.sigmas", self.equivalence.sigmas, at_least=1)
        if self.tolerance >= math.sqrt(2):
            raise ValueError(
                f"tolerance: {self.tolerance} is not below √2, which no error of a subspace of "
                "rank 1 exceeds; lower it"
            )
        return self
