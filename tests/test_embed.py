"""Stores of features: what they keep of stores of images, and what is not computed twice."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.graph.descriptors import EMBED
from lowd.provenance.statement import read_statement
from lowd.steps.appraise import AppraiseStep
from lowd.steps.embed import EmbedStep, embed
from lowd.store.arrays import read_store, write_store
from lowd.table import step_of

CUSTOM = {"descriptor": {"kind": "custom", "entry": "our_descriptor:make", "batch": 4}}
MODULE = """
from pathlib import Path

def make(add=0.0):
    def describe(images):
        with Path("calls").open("a") as calls:
            calls.write(f"{len(images)}\\n")
        return images.flatten(1)[:, :3] + add
    return describe
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty folder but for a descriptor that notes how many images it is given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    sys.modules.pop("our_descriptor", None)
    Path("inputs").mkdir()
    Path("inputs/our_descriptor.py").write_text(MODULE)
    return tmp_path


def lowd(step, settings, code=0, **paths):
    options = [word for name, path in paths.items() for word in (f"--{name}", str(path))]
    result = CliRunner().invoke(app, ["step", step, "--settings", json.dumps(settings), *options])
    assert result.exit_code == code, result.output
    return result.output


def calls():
    """Sizes of the batches described since this was asked last."""
    path = Path("calls")
    sizes = [int(line) for line in path.read_text().split()] if path.exists() else []
    path.unlink(missing_ok=True)
    return sizes


def write_images(path, seed=0):
    """Generated samples (N, replicate, noise, …) of which one student diverged."""
    values = np.random.default_rng(seed).uniform(-1, 1, (2, 2, 3, 1, 2, 2)).astype(np.float32)
    values[1, 0] = np.nan
    dims = ("N", "replicate", "noise", "channel", "height", "width")
    write_store(Path(path), xr.Dataset({"samples": (dims, values)}, {"N": [2, 8]}))
    return values


def test_features_are_laid_out_as_images_are_and_of_unit_norm():
    values = write_images("images.zarr")
    lowd("embed", CUSTOM, images="images.zarr", output="features.zarr")
    found = read_store(Path("features.zarr"), finite=False)
    assert found["samples"].dims == ("N", "replicate", "noise", "feature")
    assert found["N"].values.tolist() == [2, 8]
    expected = values.reshape(2, 2, 3, 4)[..., :3]
    expected = expected / np.linalg.norm(expected, axis=-1, keepdims=True)
    np.testing.assert_allclose(found["samples"].values, expected, rtol=1e-6)
    assert found["samples"].dtype == np.float32


def test_a_diverged_student_stays_nan_and_is_never_described():
    write_images("images.zarr")
    lowd("embed", CUSTOM, images="images.zarr", output="features.zarr")
    nan = np.isnan(read_store(Path("features.zarr"), finite=False)["samples"].values)
    assert nan[1, 0].all()
    assert nan.sum() == 3 * 3
    assert calls() == [4, 4, 1]


def test_noises_and_a_teachers_images_are_described_where_they_are_looked_for():
    values = np.random.default_rng(0).uniform(-3, 3, (4, 1, 2, 2)).astype(np.float32)
    image = ("channel", "height", "width")
    write_store(Path("noise.zarr"), xr.Dataset({"noise": (("noise", *image), values)}))
    lowd("embed", CUSTOM, images="noise.zarr", output="features/noise.zarr")
    found = read_store(Path("features/noise.zarr"))["noise"]
    clipped = values.clip(-1, 1).reshape(4, 4)[:, :3]
    expected = clipped / np.linalg.norm(clipped, axis=1, keepdims=True)
    np.testing.assert_allclose(found.values, expected, rtol=1e-6)
    both = {"training": (("one", *image), values), "held_out": (("two", *image), values[:2])}
    write_store(Path("teacher/images.zarr"), xr.Dataset(both))
    lowd("embed", CUSTOM, images="teacher", output="features/teacher")
    real = read_store(Path("features/teacher/images.zarr"))
    assert {name: one.shape for name, one in real.items()} == {
        "training": (4, 3),
        "held_out": (2, 3),
    }


def test_the_same_images_are_not_described_twice():
    write_images("images.zarr")
    kept = {"scratch": "kept", "images": "images.zarr"}
    lowd("embed", CUSTOM, **kept, output="first.zarr")
    assert calls()
    shutil.copytree("images.zarr", "elsewhere.zarr")
    lowd("embed", CUSTOM, **kept | {"images": "elsewhere.zarr"}, output="again.zarr")
    assert calls() == []
    first, again = (sorted(Path(p).rglob("*")) for p in ("first.zarr", "again.zarr"))
    assert [p.read_bytes() for p in first if p.is_file()] == [
        p.read_bytes() for p in again if p.is_file()
    ]


@pytest.mark.parametrize("change", ["images", "settings", "module", "damage", "no scratch"])
def test_other_images_another_network_or_a_damaged_copy_are_described_again(change):
    write_images("images.zarr")
    paths = {"images": "images.zarr", "output": "features.zarr", "scratch": "kept"}
    lowd("embed", CUSTOM, **paths)
    assert calls()
    settings = CUSTOM
    if change == "images":
        write_images("images.zarr", seed=1)
    elif change == "settings":
        settings = {"descriptor": CUSTOM["descriptor"] | {"options": {"add": 1.0}}}
    elif change == "module":
        Path("inputs/our_descriptor.py").write_text(MODULE + "\nMORE = 1\n")
    elif change == "damage":
        (chunk,) = Path("kept").glob("*/samples/c/0/0/0/0")
        chunk.write_bytes(chunk.read_bytes()[:-3])
    else:
        del paths["scratch"]
    lowd("embed", settings, **paths)
    assert calls()
    lowd("embed", settings, **paths | {"scratch": "kept"})
    assert calls() == []


def test_what_is_no_store_of_images_is_refused():
    write_store(Path("v.zarr"), xr.Dataset({"samples": (("sample", "feature"), np.ones((2, 3)))}))
    message = lowd("embed", CUSTOM, images="v.zarr", output="f.zarr", code=1)
    assert "v.zarr: nothing is over channel, height, width" in message


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def make():\n    return 3\n", "gives 3, not a function"),
        ("def make(more):\n    return None\n", "can't be loaded with options {}"),
        ("def make():\n    return lambda images: 1 / 0\n", "fails on images"),
        ("def make():\n    return lambda images: [1]\n", "answers with list, not Tensor"),
    ],
)
def test_a_descriptor_of_the_users_own_that_does_not_work_is_named(source, message):
    write_images("images.zarr")
    Path("inputs/our_descriptor.py").write_text(source)
    told = lowd("embed", CUSTOM, images="images.zarr", output="f.zarr", code=1)
    assert "descriptor" in told
    assert message in " ".join(told.split())


def test_a_custom_descriptors_module_is_an_input_and_its_kind_the_only_code():
    write_images("images.zarr")
    paths = {"images": "images.zarr", "output": "f.zarr", "statement": "s.json"}
    lowd("embed", CUSTOM, **paths)
    stated = read_statement(Path("s.json"))
    assert [one.name for one in stated.inputs["custom"]] == ["inputs/our_descriptor.py"]
    assert [*stated.modules] == ["lowd.steps.embed", "lowd.descriptors.custom"]
    assert "lowd/descriptors/network.py" not in {source.name for source in stated.sources}
    job = EMBED.job(EmbedStep.model_validate(CUSTOM), {}, study="s", stored="f.zarr")
    assert job.code == stated.code[:16]


def test_appraisal_adds_to_the_yardstick_and_changes_no_threshold():
    values = np.random.default_rng(0).uniform(-1, 1, (8, 1, 4, 4)).astype(np.float32)
    dims = ("sample", "channel", "height", "width")
    write_store(Path("pool.zarr"), xr.Dataset({"reference": (dims, values)}))
    before = {"descriptor": "identity", "mean": None, "rule": {}, "threshold": 0.5, "teacher": {}}
    Path("yardstick.json").write_text(json.dumps(before))
    settings = {"seed": 3, **CUSTOM}
    paths = {"images": "pool.zarr", "yardstick": "yardstick.json", "output": "out.json"}
    lowd("appraise", settings, **paths)
    after = json.loads(Path("out.json").read_text())
    assert after["descriptor"].startswith("custom, which takes ")
    assert set(after["teacher"]) == {"copies_found", "copies_mistaken", "copies_precision"}
    assert all(0 <= value <= 1 for value, _ in after["teacher"].values())
    assert {k: after[k] for k in ("mean", "rule", "threshold")} == {
        k: before[k] for k in ("mean", "rule", "threshold")
    }
    step = AppraiseStep.model_validate(settings)
    assert step_of(step).draws(step) == ("3/descriptor/copies",)


@pytest.mark.parametrize("outcome", [{}, {"add": 1.0}])
def test_features_that_new_code_leaves_are_compared_and_never_put_in_place(outcome):
    from lowd.cli.planned import Planned, hold
    from lowd.cli.rederive import rederive

    write_images("images.zarr")
    lowd("embed", CUSTOM, images="images.zarr", output="f.zarr", statement="provenance/s/e.json")
    before = read_store(Path("f.zarr"), finite=False)
    changed = MODULE.replace("add=0.0", f"add={outcome.get('add', 0.0)}") + "# of now"
    Path("inputs/our_descriptor.py").write_text(changed)
    sys.modules.pop("our_descriptor", None)
    paths = {"images": Path("images.zarr"), "output": Path("f.zarr")}
    settings = EmbedStep.model_validate(CUSTOM)
    planned = Planned("embed", embed, settings, paths, Path("provenance/s/e.json"))
    _, held = hold([planned])
    found = rederive(held, 1)
    assert bool(found) == bool(outcome)
    xr.testing.assert_identical(read_store(Path("f.zarr"), finite=False), before)
