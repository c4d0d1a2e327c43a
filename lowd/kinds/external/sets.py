"""Training sets as `training_sets` left them."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from lowd.kinds.external.settings import Cell


@dataclass(frozen=True)
class Sets:
    """The training sets of a study, of points or of what a network makes of them.

    Attributes:
        rows: of those that are there, the rows of `points`.
        points: (point, …), all of them one after another.
        shared: (N, disjoint_pair), how many points two replicates share.
    """

    rows: dict[Cell, slice]
    points: np.ndarray
    shared: xr.DataArray

    @classmethod
    def of(cls, store: xr.Dataset) -> "Sets":
        """Those in a store."""
        first = store["first"]
        rows = {
            (n, replicate): slice(begin, begin + n)
            for n, row in zip(first["N"].values.tolist(), first.values.tolist(), strict=True)
            for replicate, begin in enumerate(row)
            if begin >= 0
        }
        return cls(rows, store["samples"].values, store["shared"])
