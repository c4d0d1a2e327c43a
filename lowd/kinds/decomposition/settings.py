"""Settings of bias and variance of several follow-ups."""

from typing import Literal

from lowd.base import Settings
from lowd.comparisons import Comparison


class Decomposition(Comparison):
    """Follow-ups of kind bias-variance side by side."""

    figure: Literal["decomposition"]

    def check_study(self, key: str, name: str, study: Settings | None) -> None:
        """Raise ValueError unless bias and variance are what it is about."""
        if getattr(study, "kind", None) != "bias-variance":
            raise ValueError(f"{key}: no finding {name!r} of kind bias-variance")
