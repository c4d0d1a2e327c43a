"""Students of different data agree before they have the truth.

The N at which directions are recovered is compared with the one at which two students agree, in
octaves; the interval is what both of theirs allow, so too wide rather than too narrow. Every
network, and the linear student, is a case; no interval where an N* is outside the grid.
"""

import xarray as xr

from lowd.kinds.laws.declaration import Claimed, Law, Measured
from lowd.kinds.laws.intervals import less


def measure(results: xr.Dataset) -> dict[str, Measured]:
    """Octaves between recovery and convergence, by model."""
    found = {}
    for model in results["model"].values.tolist():
        one = results.sel(model=model)
        recovered, converged = (
            Measured(*(float(one[f"log2_n_{rule}{end}"]) for end in ("", "_low", "_high")))
            for rule in ("recovery", "convergence")
        )
        found[model] = less(recovered, converged)
    return found


LAW = Law(
    name="convergence before recovery",
    claim="Students of disjoint data converge to each other before they recover the true "
    "directions.",
    source="Maillard & Goldt 2026 (arXiv:2605.21402)",
    measured="Octaves of N from convergence to recovery; interval by those of both, over "
    "replicates.",
    unit="octaves",
    rule="All of the interval is above 0.",
    claimed=Claimed(">", 0.0),
    measure=measure,
)
