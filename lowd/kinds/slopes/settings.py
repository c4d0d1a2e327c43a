"""Settings of how transitions of several studies scale with |θ|."""

from typing import Literal

from lowd.comparisons import Comparison


class Slopes(Comparison):
    """Their slopes of log₂ N* against log₂ |θ|."""

    figure: Literal["slopes"]
