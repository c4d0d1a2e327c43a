"""Whole studies through DVC and Snakemake, each in a repository of its own."""

import copy
import fcntl
import hashlib
import json
import re
import shutil
import sys
from collections import Counter

import numpy as np
import pytest
import xarray as xr
import yaml
from repositories import MAPS, STUDIES

import lowd
from lowd.models.build import parameter_count
from lowd.models.settings import MLPSettings
from lowd.training.settings import BLOCK

CELL = ("model", "N", "replicate")
PAIR_OF_MODELS = ("same_pair", "N", "replicate")
PAIR_OF_REPLICATES = ("model", "N", "disjoint_pair")
SCORES = {
    **dict.fromkeys(("e_gen", "e_mem", "e_gap", "gl", "rp_emp"), CELL),
    "rp_disjoint": PAIR_OF_REPLICATES,
    "rp_same": PAIR_OF_MODELS,
    "e_emp": ("N", "replicate"),
    "gl_teacher": ("N", "replicate"),
}


FILES = ("svg", "png", "txt", "csv")
"""Of every figure."""


def contents(root, *paths):
    """The SHA-256 of every file under these paths but Snakemake's time stamps."""
    files = [
        file
        for path in paths
        for file in ([root / path] if (root / path).is_file() else (root / path).rglob("*"))
        if file.is_file() and file.name != ".snakemake_timestamp"
    ]
    assert files
    return {str(f.relative_to(root)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def steps_reported(repository, model):
    """The steps that the log of a training of `tiny` has lines of."""
    log = (repository.path / f"logs/tiny/train-{model}.log").read_text()
    return [int(step) for step in re.findall(r": step (\d+), loss", log)]


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_makes_all_it_declares_and_nothing_else(study, request):
    root = request.getfixturevalue(study).path
    figures = ["regimes", "errors", "memorised", "transition", "plane"] + ["samples"] * (
        study == "pictures"
    )
    models = STUDIES[study]["models"]
    expected = {
        *(f"data/{study}/{name}" for name in ("teacher", "pool.zarr", "noise.zarr")),
        *(f"data/{study}/generated/{name}.zarr" for name in ("teacher", "empirical", *models)),
        *(f"data/{study}/scores/{name}.zarr" for name in ("controls", *models)),
        *(f"data/{study}/students/{model}/weights.safetensors" for model in models),
        *(f"figures/{study}/{name}.{end}" for name in figures for end in FILES),
        f"data/{study}/manifest.json",
        f"results/{study}.zarr",
        f"results/{study}.yardstick.json",
    }
    rules = ("teacher", "pool", "noise", "describe", "generate-teacher", "generate-empirical")
    jobs = [*rules, "controls", "collect", "manifest"] + ["sheet"] * (study == "pictures")
    jobs += [f"{rule}-{model}" for rule in ("train", "generate", "score") for model in models]
    jobs += [f"figure-{figure}" for figure in figures if figure != "samples"]
    if study == "pictures":
        expected.add(f"data/{study}/images.zarr")
        jobs.append("images")
    expected |= {f"provenance/{study}/{job}.json" for job in jobs}
    assert set(json.loads((root / f"data/{study}/manifest.json").read_text())) == expected
    for path in expected:
        made = root / path
        assert made.stat().st_size > 0
        assert made.suffix != ".zarr" or (made / "zarr.json").is_file()
    found = {
        str(path.relative_to(root))
        for folder in (f"data/{study}", f"figures/{study}", f"provenance/{study}", "results")
        for path in (root / folder).iterdir()
    }
    assert found <= expected | {
        f"data/{study}/{name}" for name in ("students", "generated", "scores")
    }


def test_a_theory_study_makes_all_it_declares_and_nothing_else(maps):
    cells = ("K1-r2", "K1-r3", "K2-r2")
    figures = ("recovery", "threshold", "equivalence")
    expected = {
        *(f"data/maps/recovered/{cell}.zarr" for cell in cells),
        *(f"figures/maps/{name}.{end}" for name in figures for end in FILES),
        "data/maps/equivalence.zarr",
        "data/maps/manifest.json",
        "results/maps.zarr",
        "results/maps.yardstick.json",
        *(f"provenance/maps/recover-{cell}.json" for cell in cells),
        *(f"provenance/maps/figure-{figure}.json" for figure in figures),
        *(f"provenance/maps/{job}.json" for job in ("expect", "equate", "tabulate", "manifest")),
    }
    assert set(json.loads((maps.path / "data/maps/manifest.json").read_text())) == expected
    assert all((maps.path / path).exists() for path in expected)


def test_a_finding_makes_all_it_declares_and_its_study_before_it(along):
    expected = {
        "data/along/students/unet-4/weights.safetensors",
        "data/along/generated/unet-4.zarr",
        "data/along/generated/empirical.zarr",
        "data/along/manifest.json",
        "results/along.zarr",
        *(f"figures/along/dynamics.{end}" for end in FILES),
        *(
            f"provenance/along/{job}.json"
            for job in ("train-unet-4", "generate-unet-4", "generate-empirical", "follow")
        ),
        "provenance/along/figure-dynamics.json",
        "provenance/along/manifest.json",
    }
    assert set(json.loads((along.path / "data/along/manifest.json").read_text())) == expected
    assert all((along.path / path).exists() for path in expected)
    stages = yaml.safe_load((along.path / "dvc.lock").read_text())["stages"]
    made = {entry["path"]: entry["md5"] for entry in stages["study@pictures"]["outs"]}
    used = {entry["path"]: entry["md5"] for entry in stages["finding@along"]["deps"]}
    assert used["data/pictures"] == made["data/pictures"]
    results = lowd.open_results("along", along.path)
    assert results["e_gen"].dims == ("model", "N", "replicate", "step")
    assert results["step"].values.tolist() == [50, 100]
    assert np.isfinite(results["loss_held_out"]).all()


def test_a_finding_that_is_made_is_not_made_again(along):
    assert "didn't change, skipping" in along.run("dvc", "repro", "finding@along")
    assert "Nothing to be done" in along.run("snakemake", "-n", "data/along/manifest.json")
    assert "passed" in along.run("lowd", "audit")


@pytest.mark.parametrize(
    ("finding", "jobs"),
    [
        ("along", {"train": 1, "generate": 2, "follow": 1, "figure": 1}),
        ("parts", {"train": 4, "generate": 4, "decompose": 1, "figure": 1}),
        ("kinds", {"train": 6, "generate": 7, "agree": 1, "figure": 3}),
    ],
)
def test_every_job_of_a_finding_is_a_command_that_its_step_takes(finding, jobs, along):
    code = (
        "import json, sys; from lowd.cli.planned import planned;"
        "print(json.dumps([[one.step.__name__, [str(p) for p in one.outputs]]"
        " for one in planned(sys.argv[1:])]))"
    )
    said = along.run(sys.executable, "-c", code, f"data/{finding}/manifest.json")
    every = json.loads(said.splitlines()[-1])
    own = [step for step, outputs in every if f"/{finding}" in outputs[0]]
    assert Counter(own) == jobs | {"manifest": 1}


def test_results_of_a_theory_study_have_the_dimensions_and_variables_promised(maps):
    results = lowd.open_results("maps", maps.path)
    for name in ("success", "error", "trials"):
        assert results[name].dims == ("method", "clusters", "N", "rank")
    assert set(results["method"].values) == {"pca", "denoiser", "subspaces", "joint-subspaces"}
    pca = results.sel({"method": "pca"})
    assert pca["trials"].sel(clusters=1).values.tolist() == [[4, 4]] * 3
    assert np.isnan(pca["success"].sel(clusters=2)).all()
    assert pca["success"].sel(clusters=1, rank=2).values.tolist() == [0, 1, 1]
    assert pca["pooled"].sel(clusters=1, excess=[-2, -1, 0, 1, 2]).values.tolist() == [
        0,
        0,
        1,
        1,
        1,
    ]
    assert pca["pooled_trials"].sel(clusters=1, excess=-1) == 8
    assert results["lower_bound"].sel(N=1, rank=3) == pytest.approx(2**0.5)
    assert (pca["error"].sel(clusters=1, N=4) < 1e-6).all()


@pytest.mark.parametrize("study", STUDIES)
def test_the_lock_file_knows_no_place_on_this_machine(study, request):
    root = request.getfixturevalue(study).path
    stage = yaml.safe_load((root / "dvc.lock").read_text())["stages"][f"study@{study}"]
    paths = [entry["path"] for entry in stage["deps"] + stage["outs"]]
    assert {f"data/{study}", f"results/{study}.zarr", f"figures/{study}"} <= set(paths)
    assert not [path for path in paths if path.startswith(("/", "~", ".."))]
    assert str(root) not in (root / "dvc.lock").read_text()


@pytest.mark.parametrize("study", STUDIES)
def test_results_open_with_the_dimensions_and_variables_promised(study, request):
    root = request.getfixturevalue(study).path
    results = lowd.open_results(study, root)
    models = STUDIES[study]["models"]
    assert results["model"].values.tolist() == list(models)
    assert results["N"].values.tolist() == [2, 8]
    assert results["replicate"].values.tolist() == [0, 1]
    assert results["disjoint_pair"].values.tolist() == ["0|1"]
    scores = {
        name: dims for name, dims in SCORES.items() if len(models) > 1 or "same_pair" not in dims
    }
    for name in list(scores):
        if name.startswith("rp_"):
            scores[f"{name}_chance"] = scores[name]
    for name, dims in scores.items():
        for variable in (name, f"{name}_se"):
            assert set(results[variable].dims) == set(dims)
        assert np.isfinite(results[name]).all()
    for name in ("gl", "gl_teacher", "rp_emp", "rp_disjoint"):
        assert 0 <= results[name].min() <= results[name].max() <= 1
    assert (results["e_gen"] > 0).all()


def test_results_say_how_large_the_models_are(tiny):
    results = lowd.open_results("tiny", tiny.path)
    assert results["same_pair"].values.tolist() == ["mlp-4|mlp-8"]
    students = [MLPSettings(architecture="mlp", width=width) for width in (4, 8)]
    counts = [parameter_count(student, (6,)) for student in students]
    assert results["parameters"].dims == ("model",)
    assert results["parameters"].values.tolist() == counts


def test_results_open_from_the_current_folder(tiny, monkeypatch):
    monkeypatch.chdir(tiny.path)
    xr.testing.assert_identical(lowd.open_results("tiny"), lowd.open_results("tiny", tiny.path))
    with pytest.raises(FileNotFoundError, match=r"no results of this study.*tiny"):
        lowd.open_results("pictures")


@pytest.mark.parametrize("study", [*STUDIES, *MAPS])
def test_a_study_that_is_made_is_not_made_again(study, request):
    repository = request.getfixturevalue(study)
    lock = (repository.path / "dvc.lock").read_bytes()
    assert "didn't change, skipping" in repository.run("dvc", "repro", f"study@{study}")
    planned = repository.run("snakemake", "-n", f"data/{study}/manifest.json")
    assert "Nothing to be done" in planned
    assert (repository.path / "dvc.lock").read_bytes() == lock


def test_a_run_killed_in_training_resumes_to_the_same_bytes(tiny, killed):
    paths = ("data/tiny", "results", "figures/tiny")
    assert contents(killed.path, *paths) == contents(tiny.path, *paths)
    stages = [
        yaml.safe_load((repository.path / "dvc.lock").read_text())["stages"]["study@tiny"]["outs"]
        for repository in (tiny, killed)
    ]
    assert stages[0] == stages[1]


def test_a_run_killed_in_training_goes_on_from_the_state_that_was_saved(tiny, killed):
    for model, step in killed.saved.items():
        assert steps_reported(killed, model)[0] == step + BLOCK
    # Of a run from the start the first line is another one.
    assert max(killed.saved.values()) + BLOCK > steps_reported(tiny, "mlp-4")[0]
    assert not list(killed.path.glob(".lowd/tiny/*"))


def test_a_second_run_at_once_ends_with_a_clear_line(killed):
    with (killed.path / ".run.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for options in ([], ["--touch", "--forceall"]):  # as `lowd restore` does
            output = killed.run("workflow/run", *options, "data/tiny/manifest.json", code=75)
            assert output.splitlines() == [
                "another run is active in this folder: wait for it to end, or stop it"
            ]


@pytest.mark.campaign
def test_a_model_removed_from_the_study_leaves_no_orphan(killed, tmp_path):
    root = shutil.copytree(killed.path, tmp_path / "copy", symlinks=True)
    repository = type(killed)(root)
    studies = copy.deepcopy(STUDIES)
    del studies["tiny"]["models"]["mlp-8"]
    repository.write_params(studies)
    (root / "figures/tiny/old.svg").write_text("of a figure that is no more")
    before = contents(root, "data/tiny/students/mlp-4")
    repository.run("dvc", "repro", "study@tiny")
    for folder in ("data", "figures", "provenance", "results"):
        assert not list((root / folder).rglob("*mlp-8*"))
    assert not (root / "figures/tiny/old.svg").exists()
    assert lowd.open_results("tiny", root)["model"].values.tolist() == ["mlp-4"]
    assert contents(root, "data/tiny/students") == before
    outs = yaml.safe_load((root / "dvc.lock").read_text())["stages"]["study@tiny"]["outs"]
    recorded = next(out["md5"] for out in outs if out["path"] == "data/tiny")
    rows = json.loads((root / ".dvc/cache/files/md5" / recorded[:2] / recorded[2:]).read_text())
    assert "students/mlp-4/weights.safetensors" in {row["relpath"] for row in rows}
    assert not [row for row in rows if "mlp-8" in row["relpath"]]
