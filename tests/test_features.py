"""A study whose descriptor is a network trained in it, through Snakemake."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from repositories import STUDIES

import lowd
from lowd.metrics import probability_flow_distance
from lowd.store.arrays import read_store

pytestmark = pytest.mark.campaign

NETWORK = {"kind": "trained_sscd", "width": 8, "features": 6, "steps": 5, "batch": 8}
STUDY = STUDIES["pictures"] | {"descriptor": NETWORK}
FEATURES = {
    *("teacher", "pool.zarr", "noise.zarr"),
    *(f"generated-{name}.zarr" for name in ("teacher", "empirical", "unet-4")),
}


@pytest.fixture(scope="module")
def network(pictures, tmp_path_factory):
    """A copy of where `pictures` has been run, and its jobs now that it has a network."""
    path = tmp_path_factory.mktemp("features") / "copy"
    repository = type(pictures)(shutil.copytree(pictures.path, path))
    repository.write_params({"pictures": STUDY})
    planned = jobs(repository)
    repository.run("workflow/run", "data/pictures/manifest.json")
    return repository, planned


def jobs(repository):
    """How many jobs of each rule are due."""
    printed = repository.run("snakemake", "-n", "data/pictures/manifest.json")
    return Counter(re.findall(r"^(?:local)?rule (\w+):$", printed, re.M))


def test_another_descriptor_trains_no_student_again(network):
    repository, planned = network
    scored = {"describe": 1, "appraise": 1, "controls": 1, "score": 1, "collect": 1}
    assert planned == {"descriptor": 1, "embed": 6, **scored, "figure": 5, "manifest": 1}
    assert jobs(repository) == {}


def test_features_are_declared_and_stated(network):
    repository, _ = network
    declared = set(json.loads((repository.path / "data/pictures/manifest.json").read_text()))
    made = {f"data/pictures/features/{name}" for name in FEATURES}
    made |= {
        f"data/pictures/descriptor/{name}" for name in ("weights.safetensors", "yardstick.json")
    }
    made |= {f"provenance/pictures/embed-{name}.json" for name in FEATURES}
    made |= {f"provenance/pictures/{name}.json" for name in ("descriptor", "appraise")}
    assert made <= declared
    assert all((repository.path / path).exists() for path in declared)


def test_scores_are_those_of_features(network):
    repository, _ = network
    folder = repository.path / "data/pictures/features"
    ours = read_store(folder / "generated-unet-4.zarr")["samples"].sel(N=8, replicate=1)
    true = read_store(folder / "generated-teacher.zarr")["samples"]
    assert ours.sizes["feature"] == 6
    np.testing.assert_allclose(np.linalg.norm(ours.values, axis=-1), 1, rtol=1e-5)
    results = lowd.open_results("pictures", repository.path)
    found = results["e_gen"].sel(model="unet-4", N=8, replicate=1)
    assert float(found) == pytest.approx(probability_flow_distance(ours.values, true.values).value)


def test_results_and_captions_say_how_well_the_network_finds_copies(network):
    repository, _ = network
    results = lowd.open_results("pictures", repository.path)
    for name in ("found", "mistaken", "precision"):
        assert 0 <= float(results[f"teacher_copies_{name}"]) <= 1
    assert results.attrs["descriptor"].startswith("trained_sscd, which takes ")
    caption = Path(repository.path, "figures/pictures/plane.txt").read_text()
    assert f"Descriptor {results.attrs['descriptor']}" in " ".join(caption.split())
