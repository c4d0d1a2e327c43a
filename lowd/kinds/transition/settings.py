"""Settings of the transition from memorising to generalising."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import model_validator

from lowd.kinds.transition.asked import check_metrics
from lowd.studies import Study


class Transition(Study):
    """A study of students on a grid, and nothing besides.

    Attributes:
        metrics: scores besides those of every study, by the names of functions in lowd.metrics.
    """

    kind: Literal["transition"] = "transition"
    metrics: tuple[str, ...] = ()
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "regimes": ("rp_emp", "rp_same", "rp_disjoint", "gl", "gl_teacher", "gl_other"),
        "errors": ("e_emp", "e_gen", "e_mem", "s"),
        "memorised": ("s",),
        "transition": ("slope_e", "slope_gl", "slope_rp"),
        "plane": (
            *("gl_emp", "gl", "gl_teacher", "gl_noise"),
            *("rp_disjoint", "rp_disjoint_emp", "rp_noise"),
        ),
    }

    @model_validator(mode="after")
    def _metrics_are_there(self) -> "Transition":
        check_metrics(self.metrics)
        return self
