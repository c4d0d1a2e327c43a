"""Settings of studies' cells and controls in the plane of GL and RP."""

from typing import Literal

from lowd.comparisons import Comparison


class Controls(Comparison):
    """Studies side by side."""

    figure: Literal["controls"]
