"""What a study found, as one labelled dataset."""

from pathlib import Path

import xarray as xr

from lowd.store.arrays import read_store


def open_results(study: str, root: Path | str = ".") -> xr.Dataset:
    """Everything the figures of a study plot: scores with standard errors, controls, transitions.

    Args:
        study: its name in params.yaml.
        root: the folder that params.yaml is in.

    Returns:
        Dimensions `model`, `N` and `replicate`, and `disjoint_pair` and `same_pair` for scores of
        two students; every score `x` has its standard error `x_se`. A student that diverged
        scores NaN.

    Raises:
        FileNotFoundError: the study has no results here yet.
        ValueError: its store is damaged.
    """
    path = Path(root, "results", f"{study}.zarr")
    if not path.exists():
        made = ", ".join(sorted(p.stem for p in path.parent.glob("*.zarr"))) or "none"
        raise FileNotFoundError(f"{path}: no results of this study (there are: {made}); run it")
    return read_store(path, finite=False)
