"""Which arrays and attributes of a store are named where it is not as it was left."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import small_study as study
import xarray as xr
from small_study import flip, folder, git, remove, sound  # noqa: F401
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.planned import beside_python
from lowd.provenance.digests import digest

SCORES, POOL = "results/s.zarr", "data/s/pool.zarr"
GIVEN = {"generated": [f"data/s/generated/{model}.zarr" for model in study.MODELS]}
GIVEN |= {"yardstick": ["results/s.yardstick.json"]}


def scores():
    cells = (("N", "replicate"), np.linspace(0, 1, 6).reshape(2, 3))
    return xr.Dataset(
        {"e_gen": cells, "gl": (cells[0], cells[1] + 1, {"units": "1"}), "samples": 3.0},
        {"N": [2, 4]},
        {"seed": 0},
    )


@pytest.fixture
def results(folder):  # noqa: F811
    """The study's results, committed."""
    remove(SCORES)
    study.run("collect", {}, GIVEN, {SCORES: scores()})
    study.make_figure()
    study.lock()
    study.commit("scores")


@pytest.fixture
def cache(folder, tmp_path_factory):  # noqa: F811
    """The study's data in DVC's cache, as DVC leaves it."""
    elsewhere = tmp_path_factory.mktemp("dvc")
    shutil.copytree("data", elsewhere / "data")
    (elsewhere / ".dvcignore").write_text(".snakemake_timestamp\n")
    for command in (["init", "-q", "--no-scm"], ["add", "-q", "data/s"]):
        subprocess.run(
            ["dvc", *command], cwd=elsewhere, env=beside_python(), check=True, capture_output=True
        )
    shutil.copytree(elsewhere / ".dvc/cache", ".dvc/cache")


def inside(path):
    """What audit says differs inside of what it accuses, which is `path` alone."""
    result = CliRunner().invoke(app, ["audit", "--json"])
    (fault,) = json.loads(result.stdout)["faults"]
    assert fault["file"] == path
    reason, _, parts = fault["reason"].partition("; inside it differs ")
    assert reason == f"changed: not what {maker(path)} says was left"
    return parts


def maker(path):
    return {SCORES: "provenance/s/collect.json", POOL: "provenance/s/pool.json"}[path]


def chunk(array):
    (file,) = (one for one in Path(array).rglob("*") if one.is_file() and one.name != "zarr.json")
    return file


def edit(path, change):
    content = json.loads(Path(path).read_text())
    change(content)
    Path(path).write_text(json.dumps(content))


def set_units(content):
    content["attributes"]["units"] = "2"


def set_seed(content):
    content["attributes"]["seed"] = 1


def drop_units(content):
    del content["attributes"]["units"]


def set_fill(content):
    content["fill_value"] = 1.0


def test_a_flipped_bit_is_held_against_its_array(results):
    for array in ("e_gen", "gl", "N", "samples"):
        kept = chunk(f"{SCORES}/{array}").read_bytes()
        for position in (0, len(kept) // 2, len(kept) - 1):
            flip(chunk(f"{SCORES}/{array}"), position)
            assert inside(SCORES) == f"array {array}"
            chunk(f"{SCORES}/{array}").write_bytes(kept)


def test_both_of_two_arrays_are_named(results):
    flip(chunk(f"{SCORES}/gl"))
    remove(chunk(f"{SCORES}/e_gen"))
    assert inside(SCORES) == "array e_gen, array gl"


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("gl/zarr.json", set_units, "attribute units of gl"),
        ("gl/zarr.json", drop_units, "attribute units of gl"),
        ("zarr.json", set_seed, "attribute seed"),
        ("e_gen/zarr.json", set_fill, "metadata of e_gen"),
        ("e_gen/zarr.json", lambda content: content, "metadata of e_gen"),
    ],
)
def test_edited_attributes_are_named(results, file, change, named):
    edit(f"{SCORES}/{file}", change)
    assert inside(SCORES) == named


def test_a_file_that_is_of_no_array_is_named_as_one(results):
    Path(SCORES, "more").touch()
    flip(chunk(f"{SCORES}/gl"))
    assert inside(SCORES) == "array gl, file more"


def test_a_new_array_and_one_that_is_gone_are_named(results):
    Path(SCORES, "gl").rename(Path(SCORES, "other"))
    assert inside(SCORES) == "array gl, array other"


def test_where_git_has_another_version_than_the_stated_the_arrays_checksums_tell(results):
    moved = scores()
    moved["gl"] += 1
    study.run("collect", {}, GIVEN, {SCORES: moved})
    study.make_figure()
    study.lock()
    git("add", "provenance", "dvc.lock", "figures")
    git("commit", "-qm", "all but the results")
    file = chunk(f"{SCORES}/e_gen")
    flip(file, len(file.read_bytes()) // 3)
    assert inside(SCORES) == "array e_gen"


def test_what_nothing_tells_is_not_said(results):
    """Neither git nor DVC has the pool, and its arrays can be read."""
    edit(f"{POOL}/zarr.json", lambda content: content["attributes"].update(seed=1))
    assert inside(POOL) == ""


def test_without_git_and_cache_a_checksum_tells(folder):  # noqa: F811
    file = chunk(f"{POOL}/samples")
    flip(file, len(file.read_bytes()) // 3)
    assert inside(POOL) == "array samples"


def test_dvcs_cache_tells_of_stores_inside_what_it_records(cache):
    kept = chunk(f"{POOL}/samples").read_bytes()
    study.write_store(Path("other.zarr"), xr.Dataset({"samples": (("a", "b"), study.pool() + 1)}))
    chunk(f"{POOL}/samples").write_bytes(chunk("other.zarr/samples").read_bytes())
    remove("other.zarr")
    assert inside(POOL) == "array samples"
    chunk(f"{POOL}/samples").write_bytes(kept)
    edit(f"{POOL}/zarr.json", lambda content: content["attributes"].update(seed=1))
    assert inside(POOL) == "attribute seed"


def test_a_cache_that_is_elsewhere_is_found_and_a_damaged_one_is_not_believed(cache):
    Path(".dvc/cache").rename("kept elsewhere")
    Path(".dvc/config.local").write_text("[cache]\n    dir = ../kept elsewhere\n")
    edit(f"{POOL}/zarr.json", lambda content: content["attributes"].update(seed=1))
    assert inside(POOL) == "attribute seed"
    record = Path("dvc.lock").read_text().split("data/s, md5: ")[1][:36]
    listing = Path("kept elsewhere/files/md5", record[:2], record[2:])
    listing.chmod(0o644)
    listing.write_text(listing.read_text().replace("samples/c", "samples/d"))
    assert inside(POOL) == ""


def test_verify_names_them_too(results):
    Path("params.yaml").write_text(study.PARAMS)
    before = digest(Path(SCORES))
    flip(chunk(f"{SCORES}/gl"))
    assert digest(Path(SCORES)) != before
    refused = CliRunner().invoke(app, ["verify"])
    assert refused.stderr == (
        f"lowd verify: {SCORES}: changed: not what {maker(SCORES)} says was left; inside it "
        "differs array gl; put it back with `git checkout`, or delete it to have it made again\n"
    )
