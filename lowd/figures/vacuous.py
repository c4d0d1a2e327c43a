"""Scores of a threshold that cannot tell one student from another: said wherever they are shown."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from lowd.store.results import open_results

SCORES = {
    "gl": "GL",
    "rp_disjoint": "RP of disjoint training sets",
    "rp_same": "RP of the same training set",
    "rp_emp": "RP with the empirical denoiser",
}
"""What a threshold decides, and what to call it."""
ROUNDING = 1e-6
"""How near to 1 a τ asks for equality: single precision rounds a cosine there by 6e-8 a term."""


def vacuous(results: xr.Dataset, scores: Sequence[str] = tuple(SCORES)) -> list[str]:
    """What cannot be told from RP and GL of these results; nothing if they can vary.

    Args:
        results: of a study, with the attribute `threshold`; of others nothing is said.
        scores: the variables of `SCORES` that are shown; those that results lack are left out.

    Returns:
        Sentences for a caption, a log or a page, with the remedy: one if τ is within `ROUNDING` of
        1, or else one if scores are the same in every cell.
    """
    threshold = results.attrs.get("threshold")
    if threshold is None or not scores:
        return []
    flat: defaultdict[str, list[str]] = defaultdict(list)
    for name in scores:
        values = results[name].values if name in results else np.empty(0)
        values = values[np.isfinite(values)]
        if values.size > 1 and np.ptp(values) == 0:
            flat[f"{values[0]:.2f}"].append(SCORES[name])
    told = ", ".join(f"{' and '.join(names)} = {value}" for value, names in flat.items())
    if 1 - threshold < ROUNDING:
        return [
            f"τ = {threshold:.7f} is within rounding of 1: a sample has to equal another to exceed "
            f"it, so RP and GL tell no student from another{f' ({told})' if told else ''}; set "
            "`threshold` to a lower quantile or use more dimensions."
        ]
    if flat:
        return [
            f"{told} in every cell: at τ = {threshold:.3f} that tells no student from another; set "
            "another `threshold` or other N."
        ]
    return []


def vacuous_shown(shown: xr.Dataset | Mapping[str, xr.Dataset], scores: Sequence[str]) -> list[str]:
    """As `vacuous`, of what a figure is drawn from: of several studies each is called by name."""
    if isinstance(shown, xr.Dataset):
        return vacuous(shown, scores)
    return [f"{name}: {said}" for name, one in shown.items() for said in vacuous(one, scores)]


def vacuous_in(study: str, root: Path | str = ".") -> list[str]:
    """As `vacuous`, of all scores in the results of a study, by its name in params.yaml.

    Raises:
        FileNotFoundError, ValueError: as `open_results`.
    """
    return vacuous(open_results(study, root))
