"""Markers of whole small studies, against loops over what the study left."""

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr
from captions import is_legible, keeps_to_the_standard
from jobs import make, run

from lowd.cost.bills import bill
from lowd.cost.probes import DenoiserProbe, FlowProbe, ScoreProbe
from lowd.distributions.empirical import Empirical
from lowd.distributions.molrg import MoLRG
from lowd.kinds.markers.places import POINTS
from lowd.kinds.markers.settings import MARKERS
from lowd.kinds.markers.turns import turns
from lowd.metrics.transition import CENSORED
from lowd.models.mlp import MLP
from lowd.steps.teachers.teacher import load_teacher
from lowd.store.arrays import read_store
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.store.results import open_results
from lowd.store.students import load_students

RANK, REPLICATES, SAMPLES = 3, 3, (2, 8, 32)
PARAMS = {
    "studies": {
        "plane": {
            "teacher": {"kind": "molrg", "dimension": 8, "rank": RANK},
            "pool": {"size": 128},
            "noise": {"size": 96},
            "sampler": {"steps": 8, "sigma_min": 0.02, "sigma_max": 5},
            "samples": list(SAMPLES),
            "replicates": REPLICATES,
            "training": {"steps": 200, "batch": 16, "warm_up": 5, "learning_rate": 0.01},
            "models": {
                "mlp-8": {"architecture": "mlp", "width": 8},
                "mlp-32": {"architecture": "mlp", "width": 32},
            },
        }
    },
    "findings": {"marked": {"kind": "markers", "study": "plane"}},
}


# A whole study is trained, and figures of twenty panels are drawn.
pytestmark = pytest.mark.campaign


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder where the study and its markers have been made, and the jobs."""
    path = tmp_path_factory.mktemp("marked")
    return path, make(path, PARAMS, "plane.zarr", "marked.zarr")


@pytest.fixture(autouse=True)
def folder(made, monkeypatch):
    monkeypatch.chdir(made[0])


@pytest.fixture
def marked():
    return open_results("marked")


def jobs_of(graph, step):
    return [job for job in graph.jobs if job.step.name == step]


def test_the_teacher_memorises_nothing_and_the_memoriser_all(marked):
    for marker in ("copied", "s", "s_denoising"):
        assert marked[f"{marker}_emp"].values == pytest.approx(1)
    for marker in ("s", "s_other", "s_excess", "gap", "s_denoising", "truth_training"):
        assert marked[f"{marker}_teacher"].values == pytest.approx(0, abs=1e-6)
    for marker in ("underfitting", "memory_training", "memory_trajectory"):
        assert marked[f"{marker}_emp"].values == pytest.approx(0, abs=1e-6)
    # By chance: of three dimensions a sample is three times nearer about once in 3³ times.
    assert float(marked["copied_teacher"].sel(N=[8, 32]).mean()) < 0.08
    assert marked["nearer_emp"].values == pytest.approx(1)
    # 32 points of three dimensions lie within a few σ of each other.
    few = marked.sel(N=[2, 8])
    assert few["lid_emp"].values == pytest.approx(0, abs=0.01)
    assert few["lid_auc_emp"].values == pytest.approx(1, abs=0.01)
    # 192 points of a subspace, where the term of second order in σ² is not yet 0.
    assert float(marked["lid_teacher"].sel(N=32).mean()) == pytest.approx(RANK, abs=0.05)
    # Each replicate's unseen set is another's own, so that chance is ½ with little error.
    assert float(marked["nearer_teacher"].mean()) == pytest.approx(0.5, abs=0.06)


def test_the_fraction_is_that_of_the_study_s_own_errors(marked):
    study = open_results("plane")
    gen, mem, emp = study["e_gen"] ** 2, study["e_mem"] ** 2, study["e_emp"] ** 2
    expected = (gen + emp - mem) / (2 * emp)
    xr.testing.assert_allclose(marked["s"], expected.transpose(*marked["s"].dims))
    assert ((marked["s"] > 0.5) == (study["e_gen"] > study["e_mem"])).all()
    excess = marked["s"] - marked["s_other"]
    xr.testing.assert_allclose(marked["s_excess"], excess)


def test_forward_passes_are_those_of_one_student_at_a_time(marked):
    """Everything anew of one student at one level, without stacks or tables."""
    n, replicate, at = 8, 1, 4
    stack = load_students(Path("data/plane/students/mlp-32/weights.safetensors"))
    index = stack.cells.index({"N": n, "replicate": replicate})
    network = stack.denoiser(slice(index, index + 1), torch.device("cpu"))
    pool = torch.from_numpy(read_store(Path("data/plane/pool.zarr"))["samples"].values)
    part = len(pool) // REPLICATES
    own, other = (pool[r * part : r * part + n] for r in (replicate, (replicate + 1) % REPLICATES))
    levels = read_store(Path("data/marked/levels.zarr"))
    sigma = float(levels["sigma"][at])
    held_out, noise = (torch.from_numpy(levels[k].values) for k in ("held_out", "unit_noise"))
    truth = load_teacher(Path("data/plane/teacher"), torch.device("cpu")).denoise
    variance = float(held_out.double().var(dim=0).sum())

    def squares(x, y):
        return float((x - y).double().square().sum(1).mean()) / variance

    found = marked.sel(model="mlp-32", N=n, replicate=replicate).isel(sigma=at)
    with torch.no_grad():
        losses, beyond = {}, {}
        for name, clean, unit in (
            ("training", own[torch.arange(POINTS) % n], noise[:POINTS]),
            ("held_out", held_out, noise[POINTS:]),
        ):
            noisy = clean + sigma * unit
            denoised, exact = network(noisy[None], sigma)[0], truth(noisy, sigma)
            losses[name] = squares(denoised, clean)
            beyond[name] = losses[name] - squares(exact, clean)
            assert float(found[f"loss_{name}"]) == pytest.approx(losses[name], rel=1e-4)
            if name == "training":
                memory = Empirical(own).denoise(noisy, sigma)
                assert float(found["memory_training"]) == pytest.approx(
                    squares(denoised, memory) ** 0.5, rel=1e-4
                )
                continue
            for variable, points in (("s_level", own), ("s_level_other", other)):
                way = (Empirical(points).denoise(noisy, sigma) - exact).double()
                gone = (denoised - exact).double()
                fraction = float((gone * way).sum() / way.square().sum())
                assert float(found[variable]) == pytest.approx(fraction, rel=1e-3)
    gap = beyond["held_out"] - beyond["training"]
    assert float(found["gap_level"]) == pytest.approx(gap, rel=1e-3, abs=1e-6)


def test_markers_turn_where_they_are_halfway(marked):
    """A planted marker of every kind, linear in log₂ N, crosses where it was put."""
    planted = marked.copy()
    log2_n = np.log2(marked["N"])
    at = xr.DataArray([2.0, 3.0], dims="model")
    for marker in MARKERS:
        planted[marker] = marked[marker] * 0 + 0.5 + (at - log2_n) / 10
        planted[f"{marker}_emp"] = marked[f"{marker}_emp"] * 0 + 1
        planted[f"{marker}_teacher"] = marked[f"{marker}_teacher"] * 0
    found = turns(planted)
    for marker in ("s", "copied", "underfitting", "lid"):
        assert found[f"log2_n_{marker}"].values == pytest.approx(np.tile([[2], [3]], REPLICATES))
        span = np.diff(np.log2(marked["parameters"].values)).item()
        assert float(found[f"slope_{marker}"]) == pytest.approx(1 / span)
    # Chance is ½ and memory 1: they turn at ¾, below the grid.
    assert (found["censored_nearer"] == CENSORED["below"]).all()


def test_a_diverged_student_has_no_markers_and_leaves_the_others_theirs(made, tmp_path):
    _, graph = made
    (job,) = (j for j in jobs_of(graph, "mark") if j.wildcards["model"] == "mlp-8")
    given = {role: paths[0] for role, paths in job.inputs.items()}
    tensors, metadata = load_checkpoint(given["students"])
    tensors["diverged"][4] = 100
    save_checkpoint(tmp_path / "weights.safetensors", tensors, metadata)
    samples = read_store(given["generated"])
    lost = metadata["cells"][4]
    samples["samples"].loc[lost] = np.nan
    from lowd.store.arrays import write_store

    write_store(tmp_path / "generated.zarr", samples)
    given |= {
        "students": tmp_path / "weights.safetensors",
        "generated": tmp_path / "generated.zarr",
        "features": tmp_path / "generated.zarr",
    }
    job.step.run(job.settings, **given, output=tmp_path / "marked.zarr")
    found, whole = (
        read_store(path, finite=False) for path in (tmp_path / "marked.zarr", job.outputs[0])
    )
    for name in found.data_vars:
        assert np.isnan(found[name].sel(lost)).all(), name
        others = found[name].where(found[name].notnull(), whole[name])
        np.testing.assert_allclose(others, whole[name], rtol=2e-3, atol=1e-4, err_msg=name)


def test_what_is_asked_of_denoisers_is_what_is_billed(made, monkeypatch):
    _, graph = made
    (job,) = (j for j in jobs_of(graph, "mark") if j.wildcards["model"] == "mlp-8")
    found = bill(job, graph)
    assert found.is_modelled
    rows = {"network": 0, "teacher": 0, "pairs": 0}

    def counting(owner, name, key, size):
        original = getattr(owner, name)

        def counted(*arguments):
            rows[key] += size(*arguments)
            return original(*arguments)

        monkeypatch.setattr(owner, name, counted)

    counting(MLP, "forward", "network", lambda _, x, *level: x.shape[0] * x.shape[1])
    counting(MoLRG, "denoise", "teacher", lambda _, x, sigma: len(x))
    counting(Empirical, "denoise", "pairs", lambda one, x, sigma: len(one.points) * len(x))
    run(job)
    flows = sum(p.students * p.rows * n for p, n in found.work if isinstance(p, FlowProbe))
    cells = len(SAMPLES) * REPLICATES
    # One pass forward at every point that the dimension is looked for at.
    assert rows["network"] == pytest.approx(flows + cells * 2 * POINTS)
    values = [n for p, n in found.work if isinstance(p, DenoiserProbe) and p.kind == "value"]
    assert rows["teacher"] == sum(values)
    pairs = [n for p, n in found.work if isinstance(p, ScoreProbe) and p.kind == "empirical"]
    assert rows["pairs"] == sum(pairs)


@pytest.mark.parametrize("figure", ["markers", "levels"])
@pytest.mark.filterwarnings("error")
def test_figures_can_be_drawn_of_any_results(figure, marked):
    from importlib import import_module

    import matplotlib.pyplot as plt

    from lowd.figures.find import figure_module
    from lowd.figures.style import styled

    module = import_module(figure_module(figure))
    lost = marked.copy(deep=True)
    for name in lost.data_vars:
        if {"model", "N"} <= set(lost[name].dims):
            lost[name][{"model": 1, "N": 0}] = np.nan
    for results in (lost, marked.isel(model=[0])):
        with styled():
            drawn = module.draw(results)
            drawn.canvas.draw()
            plt.close(drawn)
            is_legible(drawn)
        keeps_to_the_standard(module.caption(results))
