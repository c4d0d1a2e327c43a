"""Results of now against those of another commit, in units of their own error bars.

Both were mostly computed from the same noises, so that their errors are not independent: what
differs by less than its bars may still have changed, and what differs by more certainly has.
"""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import xarray as xr
from scipy import stats

from lowd.provenance.git import git
from lowd.store.arrays import read_store
from lowd.store.results import open_results

CHANCE = 0.01
"""How often a figure that has not changed, measured from fresh noises, is called different."""


@dataclass(frozen=True)
class Comparison:
    """A figure's numbers, now and before.

    Attributes:
        study: its study.
        figure: its name.
        values: how many numbers were compared.
        missing: how many there are in one of the two alone.
        different: how many are not the same to the bit.
        largest: the largest difference, in units of its combined standard error.
        where: which number that is.
        bound: what `largest` stays below with probability 1 − CHANCE if nothing has changed.
    """

    study: str
    figure: str
    values: int
    missing: int
    different: int
    largest: float
    where: str
    bound: float

    @property
    def agrees(self) -> bool:
        """Whether all is within its error bars, and there in both."""
        return self.largest <= self.bound and not self.missing


def compare(study: str, revision: str, plotted: Mapping[str, tuple[str, ...]]) -> list[Comparison]:
    """Every figure of a study against that of a revision; none if the study is new since.

    Args:
        study: its name.
        revision: a commit.
        plotted: by figure the scores that it shows, of which the first is of that figure alone.

    Raises:
        ValueError: git has no such revision.
        OSError: there are no results here.
    """
    now, before = open_results(study), _results_at(study, revision)
    if before is None:
        return []
    here = {*now.data_vars, *before.data_vars}
    return [
        _compared(study, figure, scores, now, before)
        for figure, scores in plotted.items()
        if scores and scores[0] in here
    ]


def _compared(
    study: str, figure: str, scores: tuple[str, ...], now: xr.Dataset, before: xr.Dataset
) -> Comparison:
    ratios: dict[str, float] = {}
    missing = different = 0
    for name in scores:
        in_now, in_before = name in now.data_vars, name in before.data_vars
        if in_now != in_before:
            missing += now[name].size if in_now else before[name].size
        if not (in_now and in_before):
            continue
        ours, theirs, error, other = xr.align(
            now[name], before[name], _error(now, name), _error(before, name), join="inner"
        )
        missing += now[name].size + before[name].size - 2 * ours.size
        for index in np.ndindex(ours.shape):
            a, b = float(ours.values[index]), float(theirs.values[index])
            place = ",".join(
                f"{dim}={ours[dim].values[at]}" for dim, at in zip(ours.dims, index, strict=True)
            )
            scale = np.hypot(float(error.values[index]), float(other.values[index]))
            ratios[f"{name} {place}".strip()] = ratio(a, b, scale)
            different += a != b and not (np.isnan(a) and np.isnan(b))
    where = max(ratios, key=ratios.__getitem__, default="")
    bound = float(stats.norm.isf(CHANCE / 2 / max(1, len(ratios))))
    largest = ratios.get(where, 0.0)
    return Comparison(study, figure, len(ratios), missing, different, largest, where, bound)


def ratio(ours: float, theirs: float, error: float) -> float:
    """How far apart two numbers are, in units of an error: infinite if one alone is NaN."""
    if ours == theirs or (np.isnan(ours) and np.isnan(theirs)):
        return 0.0
    found = abs(ours - theirs) / error if error else np.inf
    return np.inf if np.isnan(found) else float(found)


def _error(results: xr.Dataset, name: str) -> xr.DataArray:
    """The standard error of a score; of a slope, what its 95 % interval implies.

    Of what has neither, as losses, it is what replicates differ by, and 0 of what has none.
    """
    if f"{name}_se" in results:
        return results[f"{name}_se"]
    if f"{name}_low" not in results:
        none = 0 * results[name]
        return none + results[name].std("replicate", ddof=1) if "replicate" in none.dims else none
    return (results[f"{name}_high"] - results[f"{name}_low"]) / (2 * stats.norm.isf(0.025))


def _results_at(study: str, revision: str) -> xr.Dataset | None:
    path = f"results/{study}.zarr"
    asked = ("--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    named = git("rev-parse", *asked)
    if named is None:
        raise ValueError(f"--against {revision}: git knows no such commit")
    commit = named.decode().strip()
    if not git("ls-tree", commit, "--", path):
        return None
    packed = git("archive", "--format=zip", commit, "--", path)
    assert packed is not None
    with tempfile.TemporaryDirectory() as folder:
        with ZipFile(BytesIO(packed)) as archive:
            archive.extractall(folder)
        return read_store(Path(folder, path), finite=False).load()
