"""Settings of scores along training."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.followups import GridFollowUp
from lowd.steps.train import check_snapshots


class Dynamics(GridFollowUp):
    """Scores along training.

    Attributes:
        snapshots: steps after which students are scored, ascending.
    """

    kind: Literal["dynamics"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "dynamics": ("loss_training", "loss_held_out", "e_gen", "e_mem", "gl", "rp_disjoint")
    }
    snapshots: tuple[PositiveInt, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _snapshots_can_be_taken(self) -> "Dynamics":
        check_snapshots(self.snapshots, self.training)
        return self
