"""Bills of what jobs count, against what their steps do when they run."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
import zarr
from jobs import run
from PIL import Image

from lowd.cost.bills import bill
from lowd.cost.probes import DenoiserProbe, EquivalenceProbe, Mixture
from lowd.cost.sources import holding, shares
from lowd.cost.units import unit
from lowd.geometry.jacobian import PROBES, randomised_rank
from lowd.graph.graph import Graph
from lowd.kinds.jacobians.costs import Linearised
from lowd.kinds.jacobians.linearise import POINTS, SIGMAS
from lowd.models.settings import MLPSettings
from lowd.sources.image_settings import ArraySource, DigitsSource, FolderSource, ZarrSource
from lowd.sources.images import load_images
from lowd.table import read_graph
from lowd.training.settings import EDMSettings

EDM = EDMSettings()
IMAGES = 90
TRAINING = {"steps": 5, "warm_up": 0, "batch": 4}
UNET, MLP = {"architecture": "unet", "width": 4}, {"architecture": "mlp", "width": 4}
GRID = {
    "pool": {"size": 64},
    "noise": {"size": 12},
    "sampler": {"steps": 3},
    "samples": [2, 4, 8, 16],
    "replicates": 2,
    "training": TRAINING,
}
SUBSPACES = GRID | {
    "teacher": {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 2, "clusters": 1},
    "models": {"mlp": MLP, "unet": UNET},
}
PARAMS = {
    "studies": {
        "pictures": GRID
        | {
            "teacher": {
                "kind": "trained",
                "images": {"source": "npz", "path": "inputs/images.npz", "shape": [1, 4, 4]},
                "model": UNET,
                "training": TRAINING,
            },
            "descriptor": "centred",
            "models": {"unet": UNET},
        },
        "plane": SUBSPACES,
        "space": SUBSPACES | {"teacher": SUBSPACES["teacher"] | {"rank": 3}},
        "maps": {
            "kind": "theory",
            "dimension": 8,
            "samples": [2, 4],
            "recovery_maps": [
                {"clusters": k, "ranks": [2], "trials": 2, "training": {"steps": 5}} for k in (1, 2)
            ],
            "equivalence": {
                "rank": 2, "samples": 4, "problems": 3, "draws": 6, "sigmas": [0.1, 1.0, 3.0],
            },
        },
    },
    "findings": {
        "kinds": {
            "kind": "families",
            "study": "pictures",
            "samples": 8,
            "training": TRAINING,
            "members": {"mlp": {"model": MLP}, "unet": {"model": UNET}},
        }
    },
    "across": {
        "dimensions": {"figure": "dimension", "studies": ["plane", "space", "pictures"]},
        "ranks": {"figure": "jacobians", "studies": ["plane", "pictures"]},
        "lemma": {
            "figure": "denoisers", "studies": ["pictures"], "mixture": {"clusters": 2, "rank": 3},
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with all that seven steps read, and the jobs."""
    path = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        Path("params.yaml").write_text(yaml.safe_dump(PARAMS))
        Path("inputs").mkdir()
        pixels = np.random.default_rng(0).integers(0, 256, (IMAGES, 1, 4, 4), dtype=np.uint8)
        np.savez("inputs/images.npz", images=pixels)
        graph = read_graph()
        asked = ("agree", "contrast", "linearise", "relate")
        targets = [path for job in graph.jobs if job.step.name in asked for path in job.outputs]
        for job in graph.leading_to(targets).in_order:
            if job.step.name not in asked:
                run(job)
    return path, graph


@pytest.fixture
def jobs(made, monkeypatch):
    """The job of a step, and its bill, where all that it reads is there."""
    path, graph = made
    monkeypatch.chdir(path)

    def one(step):
        (job,) = (job for job in graph.jobs if job.step.name == step)
        found = bill(job, graph)
        assert found.is_modelled
        return job, found

    return one


def units(found, kind):
    return sum(count for probe, count in found.work if probe.kind == kind)


def counted(monkeypatch, owner, name, size=lambda *_: 1):
    """How much is asked of a function from now on, by `size` of its arguments."""
    asked, original = [], getattr(owner, name)

    def counting(*arguments, **named):
        asked.append(size(*arguments))
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, counting)
    return asked


def test_families_are_paired_as_often_as_billed(jobs, monkeypatch):
    from lowd.kinds.families import quality

    job, found = jobs("agree")
    rolled = counted(monkeypatch, torch.Tensor, "roll")
    distances = counted(monkeypatch, quality, "frechet_distance")
    run(job)
    noises = 12
    # By two rules.
    assert units(found, "alike") == len(rolled) / 2 * noises
    assert units(found, "frechet") == len(distances) * noises
    assert found.students == 2 * 4


def test_noises_are_paired_through_low_rank_denoisers_as_often_as_billed(jobs, monkeypatch):
    from lowd.theory import equivalence

    job, found = jobs("equate")
    hard, soft = (counted(monkeypatch, equivalence, n) for n in ("hard_denoise", "denoise"))
    run(job)
    pairs = sum(count for probe, count in found.work if isinstance(probe, EquivalenceProbe))
    # Both noises of a pair, by two kinds of hard weights and one of soft ones.
    assert (len(hard), len(soft)) == (4 * pairs, 2 * pairs)


def test_rows_put_through_each_denoiser_are_those_billed(jobs, monkeypatch):
    from lowd.distributions.gaussian import Gaussian
    from lowd.distributions.molrg import MoLRG
    from lowd.models.unet import UNet

    job, found = jobs("contrast")
    rows = {
        "mixture": counted(monkeypatch, MoLRG, "denoise", lambda _, x, sigma: len(x)),
        "gaussian": counted(monkeypatch, Gaussian, "denoise", lambda _, x, sigma: len(x)),
        "unet": counted(monkeypatch, UNet, "forward", lambda _, x, *level: x.shape[1]),
    }
    run(job)
    billed = {
        (probe.model.architecture, getattr(probe.model, "rank", 0)): count
        for probe, count in found.work
        if isinstance(probe, DenoiserProbe)
    }
    assert billed["mixture", 3] == sum(rows["mixture"])
    assert billed["unet", 0] == sum(rows["unet"])
    assert billed["mixture", 16] == pytest.approx(sum(rows["gaussian"]) * 2 / 3)


@pytest.mark.campaign
def test_jacobians_have_as_many_rows_as_billed(jobs, monkeypatch):
    from lowd.distributions.molrg import MoLRG
    from lowd.models.mlp import MLP

    job, found = jobs("linearise")
    exact = counted(monkeypatch, MoLRG, "denoise", lambda _, x, sigma: len(x))
    network = counted(monkeypatch, MLP, "forward", lambda _, x, *level: x.shape[1])
    decomposed = counted(monkeypatch, torch.linalg, "svdvals", lambda stack: len(stack))
    run(job)
    billed = {
        probe.model.architecture: count
        for probe, count in found.work
        if isinstance(probe, DenoiserProbe)
    }
    assert billed["mixture"] == sum(exact) == POINTS * len(SIGMAS) * 16
    # Of four N the first, a middle one and the last.
    assert billed["mlp"] == sum(network) == 3 * sum(exact)
    assert units(found, "singular") == sum(decomposed)
    assert found.students == 1 + 2 * 3 + 1 + 3


@pytest.mark.parametrize("rank", [3, 16])
def test_products_with_a_large_jacobian_are_as_many_as_billed(rank):
    shape, dimension = (1, 32, 40), 1280
    draw = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(dimension, rank, generator=draw)).Q
    columns = {"forward": 0, "transposed": 0}

    def product(kind):
        def multiply(directions):
            columns[kind] += directions.shape[1]
            return basis @ (basis.T @ directions)

        return multiply

    found = randomised_rank(product("forward"), product("transposed"), dimension, draw)
    assert found == rank
    billed = Linearised(Mixture(clusters=1, rank=rank), EDM, shape, 1, kept=rank)
    assert billed.passes == columns
    assert columns["forward"] > PROBES


def test_neighbours_are_searched_for_as_many_points_as_billed(jobs, monkeypatch):
    from scipy.spatial import KDTree

    job, found = jobs("relate")
    asked = counted(monkeypatch, KDTree, "query", lambda _, points, k: len(points))
    run(job)
    # A unit is a point's neighbours by all four numbers of them.
    points = 64 + 1024  # of a pool, to train on and for reference
    assert units(found, "levina_bickel") == sum(asked) / 4 == 2 * (2 * points + IMAGES)
    assert units(found, "two_nn") == 2 * points + IMAGES


def test_studies_whose_points_nothing_makes_are_not_modelled(made):
    _, graph = made
    (job,) = (job for job in graph.jobs if job.step.name == "relate")
    alone = bill(job, Graph([job]))
    assert not alone.is_modelled and not alone.work


@pytest.mark.parametrize("kind", ["array", "packed", "file", "zarr"])
def test_own_images_are_counted_without_being_read(kind, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (7, 3, 6, 4), dtype=np.uint8)
    shape = {"shape": (3, 6, 4)}
    match kind:
        case "array" | "packed":
            save = np.savez if kind == "array" else np.savez_compressed
            save(tmp_path / "own.npz", images=pixels, others=pixels[:2])
            source = ArraySource(source="npz", path=tmp_path / "own.npz", **shape)
        case "zarr":
            zarr.open_group(tmp_path / "own", mode="w")["images"] = pixels
            source = ZarrSource(source="zarr", path=tmp_path / "own", **shape)
        case _:
            for row, image in enumerate(pixels):
                Image.fromarray(image.transpose(1, 2, 0)).save(tmp_path / f"{row}.png")
            source = FolderSource(source="folder", path=tmp_path, **shape)
    expected = "array" if kind == "zarr" else kind
    assert holding(source) == (7, (3, 6, 4), expected)
    assert len(load_images(source).images) == 7


def test_published_images_are_as_many_as_there_are():
    source = DigitsSource(source="digits")
    assert holding(source).images == len(load_images(source).images)


def test_images_that_are_not_there_are_not_counted(tmp_path):
    for source in (
        ArraySource(source="npz", path=tmp_path / "no.npz", shape=(1, 4, 4)),
        ZarrSource(source="zarr", path=tmp_path / "no", shape=(1, 4, 4)),
        FolderSource(source="folder", path=tmp_path, shape=(1, 4, 4)),
    ):
        with pytest.raises(LookupError):
            holding(source)


def test_shares_of_images_are_those_of_the_teacher(jobs, made):
    from lowd.store.arrays import read_store

    _, graph = made
    (job,) = (j for j in graph.jobs if j.step.name == "teacher" and j.study == "pictures")
    jobs("contrast")
    stored = read_store(job.outputs[0] / "images.zarr")
    assert shares(job.settings.teacher) == (len(stored["training"]), len(stored["held_out"]))


@pytest.mark.parametrize("kind", ["value", "transposed", "forward"])
def test_a_unit_of_a_denoiser_is_a_row(kind, monkeypatch):
    from lowd.models.mlp import MLP

    settings = MLPSettings(architecture="mlp", width=8)
    given = {"kind": kind, "aim": EDM, "shape": (1, 4, 4), "model": settings}
    rows, multiply = unit(DenoiserProbe(rows=6, **given))
    seen = counted(monkeypatch, MLP, "forward", lambda _, x, *level: x.shape[1])
    multiply()
    assert rows == sum(seen) == 6
    # More than can be measured whole are measured in part.
    monkeypatch.setattr("lowd.cost.units.FLOPS", 1e4)
    part, _ = unit(DenoiserProbe(rows=6000, **given))
    assert 1 <= part < 6000
