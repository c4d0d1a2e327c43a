"""`lowd step relate`: samples the transition takes, against the data's intrinsic dimension."""

from pathlib import Path
from typing import TYPE_CHECKING

from lowd.base import Settings
from lowd.steps.members import Member

if TYPE_CHECKING:
    import numpy as np
    import xarray as xr

NEIGHBOURS = (3, 5, 10, 20)
POINTS = 4096
CEILING = 0.8
"""Below it, GL's transition moves with the teacher's own GL, which depends on the dimension."""


class RelateStep(Settings):
    """Settings of the relate step, in the order of results and points."""

    members: tuple[Member, ...]


def relate(settings: RelateStep, *, results: list[Path], points: list[Path], output: Path) -> None:
    """Join transitions and intrinsic dimensions of several studies: the store `output`.

    Over (study, model, replicate), per cluster: `log2_n_e` and `log2_n_gl`, the latter only where
    the teacher's own GL is at least 0.8. Over (study, neighbours, divisor) `dimension`, Levina and
    Bickel's estimate, and over studies `two_nn`, that of scikit-dimension. Over (model, clusters)
    and for both rules the `exponent` of N* in r with the ends of its 95 % bootstrap interval over
    ranks and replicates, and over (study, model) the `constant` N*/r, or N* over the estimate with
    20 neighbours for real images. `e_gen` and `e_mem` are there to be plotted.
    """
    import numpy as np
    import xarray as xr

    from lowd.store.arrays import read_store, write_store

    found = []
    for member, result, cloud in zip(settings.members, results, points, strict=True):
        one = _transitions(read_store(result, finite=False), member.clusters)
        try:
            one = one.merge(_dimensions(_flat(cloud)))
        except ValueError as error:
            raise ValueError(f"{member.name}: {cloud}: {error}") from None
        rank = np.nan if member.rank is None else float(member.rank)
        # Each on the new axis, lest a number that all studies share becomes a scalar.
        own = {"clusters": ("study", [member.clusters]), "rank": ("study", [rank])}
        one = one.reset_coords("parameters").expand_dims(study=[member.name]).assign_coords(own)
        found.append(one)
    dataset = xr.concat(found, "study", join="outer", coords="minimal", compat="override")
    dataset = dataset.set_coords("parameters")
    known = dataset["dimension"].sel(neighbours=NEIGHBOURS[-1], divisor="k-1")
    dataset["constant"] = 2 ** dataset["log2_n_e"].mean("replicate", skipna=False) / dataset[
        "rank"
    ].fillna(known)
    write_store(output, dataset.merge(_exponents(dataset)))


def _flat(cloud: Path) -> "np.ndarray":
    """Points as vectors: a teacher's pool, or the real images it learned from and held out."""
    import numpy as np

    from lowd.store.arrays import read_store

    store = read_store(cloud / "images.zarr" if (cloud / "images.zarr").exists() else cloud)
    every = [array.values.reshape(len(array), -1) for array in store.data_vars.values()]
    return np.concatenate(every)[:POINTS].astype(float)


def _transitions(results: "xr.Dataset", clusters: int) -> "xr.Dataset":
    """Points of transition, N per cluster; GL's where the teacher's own is high enough."""
    import numpy as np
    import xarray as xr

    shift = np.log2(clusters)
    kept = results[["e_gen", "e_gen_se", "e_mem", "e_mem_se", "log2_n_e", "log2_n_gl"]]
    ceiling = results["gl_teacher"].mean("replicate")
    away: xr.DataArray = abs(np.log2(results["N"]) - kept["log2_n_gl"])  # type: ignore[assignment]
    nearest = away.fillna(np.inf).argmin("N")
    at = ceiling.isel(N=nearest)
    return kept.assign(
        log2_n_e=kept["log2_n_e"] - shift,
        log2_n_gl=(kept["log2_n_gl"] - shift).where(at >= CEILING),
    )


def _dimensions(points: "np.ndarray") -> "xr.Dataset":
    """Intrinsic dimension by every estimator."""
    import skdim
    import xarray as xr

    from lowd.geometry.intrinsic_dimension import levina_bickel

    estimates = [
        [levina_bickel(points, k, divisor=k - less) for less in (1, 2)] for k in NEIGHBOURS
    ]
    dims = ("neighbours", "divisor")
    return xr.Dataset(
        {
            "dimension": (dims, [[one.value for one in row] for row in estimates]),
            "dimension_se": (dims, [[one.standard_error for one in row] for row in estimates]),
            "two_nn": float(skdim.id.TwoNN().fit(points).dimension_),
        },
        {"neighbours": list(NEIGHBOURS), "divisor": ["k-1", "k-2"]},
    )


def _exponents(dataset: "xr.Dataset") -> "xr.Dataset":
    """Exponents of N* in r, of every model and number of clusters, by both rules."""
    import numpy as np
    import xarray as xr

    from lowd.metrics.transition import bootstrap_slope
    from lowd.streams import stream_seed

    exact = dataset.isel(study=dataset["rank"].notnull().values)
    kinds = sorted(set(exact["clusters"].values.tolist()))
    shape = (dataset.sizes["model"], len(kinds), 2)
    values = np.full((3, *shape), np.nan)
    for m, model in enumerate(dataset["model"].values):
        for k, clusters in enumerate(kinds):
            one = exact.sel(model=model).isel(study=(exact["clusters"] == clusters).values)
            for rule, name in enumerate(("e", "gl")):
                crossings = one[f"log2_n_{name}"].transpose("study", "replicate").values
                # What is left of a partly censored study would be biased towards the grid.
                whole = np.where(
                    np.isfinite(crossings).all(axis=1, keepdims=True), crossings, np.nan
                )
                ranks = one["rank"].values[np.isfinite(whole).all(axis=1)]
                if len(np.unique(ranks)) > 1:
                    generator = np.random.default_rng(stream_seed("exponent", str(model), name))
                    log2_rank = np.log2(one["rank"].values)
                    values[:, m, k, rule] = bootstrap_slope(log2_rank, whole, generator)
    dims = ("model", "kind", "rule")
    names = ("exponent", "exponent_low", "exponent_high")
    return xr.Dataset(
        {name: (dims, one) for name, one in zip(names, values, strict=True)},
        {"kind": kinds, "rule": ["e", "gl"]},
    )
