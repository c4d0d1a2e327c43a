"""Transitions of several studies against the dimension of their data."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lowd.figures.plotted import table
from lowd.figures.style import styled
from lowd.kinds.dimension.figures import estimates, transitions
from lowd.kinds.dimension.relate import RelateStep, relate
from lowd.steps.members import Member
from lowd.store.arrays import read_store, write_store

RANKS = (2, 4, 8)
N = 2 ** np.arange(1, 10)
EXPONENT, CONSTANT = 0.7, 10.0


def study(rank, clusters, model="mlp", ceiling=0.95):
    """Results whose N* per cluster is CONSTANT · r^EXPONENT, and GL's twice that."""
    log2_n = np.log2(CONSTANT * rank**EXPONENT * clusters) + np.array([-0.1, 0, 0.1])
    grid = np.log2(N)[:, None] - log2_n
    cells = ("model", "N", "replicate")
    data = {
        "e_gen": (cells, 1 - grid[None] / 20),
        "e_mem": (cells, 1 + grid[None] / 20),
        "log2_n_e": (("model", "replicate"), log2_n[None]),
        "log2_n_gl": (("model", "replicate"), log2_n[None] + 1),
        "gl_teacher": (("N", "replicate"), np.full(grid.shape, ceiling)),
    }
    data |= {f"e_{kind}_se": (cells, np.full((1, *grid.shape), 0.01)) for kind in ("gen", "mem")}
    axes = {"model": [model], "N": N, "replicate": range(3)}
    return xr.Dataset(data, axes).assign_coords(parameters=("model", [100 * rank]))


@pytest.fixture(params=[(1, 2), (1,)], ids=["one and two clusters", "one cluster"])
def related(request, tmp_path, monkeypatch):
    """What `relate` makes of exact studies, and of real images."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    members, results, points = [], [], []
    for clusters in request.param:
        for rank in RANKS:
            name = f"k{clusters}-r{rank}"
            low = clusters == 2 and rank == 8
            write_store(Path(f"{name}.zarr"), study(rank, clusters, ceiling=0.5 if low else 0.95))
            samples = rng.normal(size=(600, rank)) @ rng.normal(size=(rank, 16))
            pool = xr.Dataset({"samples": (("sample", "feature"), samples)})
            write_store(Path(f"{name}-pool.zarr"), pool)
            members.append(Member(name=name, clusters=clusters, rank=rank))
            results.append(Path(f"{name}.zarr"))
            points.append(Path(f"{name}-pool.zarr"))
    write_store(Path("real.zarr"), study(3, 1, "unet"))
    images = rng.normal(size=(300, 3)) @ rng.normal(size=(3, 16))
    parts = {"training": images[:200], "held_out": images[200:]}
    variables = {name: ((f"{name}_image", "feature"), part) for name, part in parts.items()}
    write_store(Path("teacher/images.zarr"), xr.Dataset(variables))
    settings = RelateStep(members=(*members, Member(name="real")))
    output = tmp_path / "related.zarr"
    relate(
        settings,
        results=[*results, Path("real.zarr")],
        points=[*points, Path("teacher")],
        output=output,
    )
    return read_store(output, finite=False)


def test_the_exponent_is_that_of_points_per_cluster(related):
    for clusters in related["kind"].values.tolist():
        one = related.sel(model="mlp", kind=clusters, rule="e")
        assert float(one["exponent"]) == pytest.approx(EXPONENT)
        assert float(one["exponent_low"]) < EXPONENT < float(one["exponent_high"])
        at = related.sel(study=f"k{clusters}-r4", model="mlp")
        assert 2 ** float(at["log2_n_e"].mean()) == pytest.approx(CONSTANT * 4**EXPONENT)
        assert float(at["constant"]) == pytest.approx(CONSTANT * 4 ** (EXPONENT - 1))


def test_every_study_keeps_its_own_numbers_of_parameters(related):
    own = related["parameters"].sel(model="mlp")
    for study, rank in zip(related["study"].values, related["rank"].values, strict=True):
        if np.isfinite(rank):
            assert float(own.sel(study=study)) == 100 * rank
    assert float(related["parameters"].sel(study="real", model="unet")) == 300


def test_gl_is_left_out_where_its_ceiling_is_low(related):
    kept = related["log2_n_gl"].sel(model="mlp").notnull().all("replicate")
    names = related["study"].values[kept.values].tolist()
    two = 2 in related["kind"].values
    assert names == ["k1-r2", "k1-r4", "k1-r8", *(["k2-r2", "k2-r4"] if two else [])]
    for clusters in related["kind"].values:
        one = related["exponent"].sel(model="mlp", kind=clusters, rule="gl")
        assert float(one) == pytest.approx(EXPONENT)


def test_dimensions_are_estimated_of_pools_and_of_all_real_images(related):
    found = related["dimension"].sel(neighbours=10, divisor="k-1")
    for rank in RANKS:
        assert float(found.sel(study=f"k1-r{rank}")) == pytest.approx(rank, rel=0.2)
    assert float(found.sel(study="real")) == pytest.approx(3, rel=0.2)
    real = related.sel(study="real", model="unet")
    expected = 2 ** float(real["log2_n_e"].mean()) / float(
        real["dimension"].sel(neighbours=20, divisor="k-1")
    )
    assert float(real["constant"]) == pytest.approx(expected)
    known = related["two_nn"].isel(study=(related["rank"] == 2).values)
    assert (abs(known - 2) < 0.3).all()


def test_figures_quote_what_was_measured(related):
    with styled():
        rows = table(transitions.draw(related)).splitlines()
        estimates.draw(related)
    first = [row for row in rows if row.startswith("c,") and "E_gen=E_mem: 0.70 [" in row]
    assert len(first) == len(RANKS)
    text = transitions.caption(related)
    assert "real (of dimension " in text and "published: 630" in text
    assert "two-NN" in estimates.caption(related)
