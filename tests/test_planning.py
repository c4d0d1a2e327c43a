"""What a change reruns: everything that depends on it, and nothing else."""

import re
import shutil
from collections import Counter
from contextlib import contextmanager

import pytest
import yaml

pytestmark = pytest.mark.campaign

MANIFEST = {"manifest": 1}
FIGURES = {"figure": 5} | MANIFEST
COLLECTED = {"collect": 1} | FIGURES
SCORED = {"score": 2, "controls": 1} | COLLECTED
GENERATED = {"generate": 2, "generate_teacher": 1, "generate_empirical": 1} | SCORED
TRAINED = {"train": 2, "generate": 2, "score": 2} | COLLECTED


@pytest.fixture(scope="module")
def repository(tiny, tmp_path_factory):
    """A copy, to be edited, of where the study `tiny` has been run."""
    path = tmp_path_factory.mktemp("planning") / "copy"
    return type(tiny)(shutil.copytree(tiny.path, path))


def planned(repository, study="tiny"):
    """How many jobs of each rule Snakemake would run, and the first output of every one."""
    printed = repository.run("snakemake", "-n", f"data/{study}/manifest.json")
    jobs = re.findall(r"^(?:local)?rule (\w+):\n(?:    .*\n)*?    output: ([^,\s]+)", printed, re.M)
    assert jobs or "Nothing to be done" in printed, printed
    return Counter(rule for rule, _ in jobs), {output for _, output in jobs}


@contextmanager
def edited(repository, path, change):
    """The file with its text changed, until the block ends."""
    file = repository.path / path
    original = file.read_text()
    assert change(original) != original
    file.write_text(change(original))
    try:
        yield
    finally:
        file.write_text(original)


def with_code(source):
    return f"{source}\nEDITED = 1\n"


def with_setting(source):
    """One more key, with a default, in the step's settings model."""
    return re.sub(
        r"(class \w+Step\(Settings\):\n    \"\"\".*\"\"\"\n)", r"\1    more: int = 0\n", source
    )


def with_params(*path, value):
    def change(text):
        params = yaml.safe_load(text)
        *parents, last = ("studies", *path)
        place = params
        for key in parents:
            place = place[key]
        place[last] = value
        return yaml.safe_dump(params, sort_keys=False)

    return change


def test_nothing_is_to_be_done_after_a_run(repository):
    assert planned(repository) == ({}, set())


def test_comments_docstrings_and_layout_anywhere_rerun_nothing(repository):
    originals = {path: path.read_text() for path in (repository.path / "lowd").rglob("*.py")}
    for path, source in originals.items():
        without = re.sub(r'\A""".*?"""\n', "", source, flags=re.S)
        path.write_text(f'# A comment.\n\n"""Another docstring."""\n\n{without}\n\n# The end.\n')
    try:
        assert planned(repository) == ({}, set())
    finally:
        for path, source in originals.items():
            path.write_text(source)


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("lowd/metrics/generalization.py", with_code, SCORED),
        ("lowd/training/trainer.py", with_code, TRAINED),
        ("lowd/diffusion/solvers/flow.py", with_code, GENERATED),
        ("lowd/steps/noise.py", with_setting, {"noise": 1} | GENERATED),
        ("lowd/steps/teachers/trained.py", with_code, {}),
        ("params.yaml", with_params("tiny", "training", "steps", value=50), TRAINED),
        ("params.yaml", with_params("tiny", "noise", "size", value=20), {"noise": 1} | GENERATED),
        ("params.yaml", with_params("tiny", "sampler", "steps", value=5), GENERATED),
        (
            "params.yaml",
            with_params("tiny", "threshold", value={"nearest": 0.5}),
            {"describe": 1} | SCORED,
        ),
        (
            "params.yaml",
            with_params("tiny", "models", "new", value={"architecture": "mlp", "width": 6}),
            {"train": 1, "generate": 1, "score": 1} | COLLECTED,
        ),
        ("params.yaml", with_params("pictures", "training", "steps", value=50), {}),
    ],
    ids=[
        "metric",
        "trainer",
        "solver",
        "settings of a step",
        "another kind of teacher",
        "training.steps",
        "noise.size",
        "sampler.steps",
        "threshold",
        "one more model",
        "another study",
    ],
)
def test_an_edit_reruns_what_depends_on_it(repository, path, change, expected):
    with edited(repository, path, change):
        assert planned(repository)[0] == expected


def test_an_edit_of_a_figure_redraws_that_figure_alone(repository):
    with edited(repository, "lowd/kinds/transition/figures/errors.py", with_code):
        jobs, outputs = planned(repository)
    assert jobs == {"figure": 1} | MANIFEST
    assert outputs == {"figures/tiny/errors.svg", "data/tiny/manifest.json"}


def test_what_only_plans_and_starts_steps_reruns_none(repository):
    paths = (
        "lowd/cli/app.py",
        "lowd/graph/job.py",
        "lowd/settings.py",
        "lowd/provenance/code.py",
    )
    with (
        edited(repository, paths[0], with_code),
        edited(repository, paths[1], with_code),
        edited(repository, paths[2], with_code),
        edited(repository, paths[3], with_code),
    ):
        assert planned(repository) == ({}, set())


def test_a_trained_teacher_depends_on_the_trainer(pictures, tmp_path):
    repository = type(pictures)(shutil.copytree(pictures.path, tmp_path / "copy"))
    assert planned(repository, "pictures") == ({}, set())
    with edited(repository, "lowd/training/trainer.py", with_code):
        jobs, _ = planned(repository, "pictures")
    assert {"teacher", "pool", "train", "sheet"} <= set(jobs)
    assert not {"noise", "images"} & set(jobs)
    for other in ("own", "zarr", "cifar10"):
        with edited(repository, f"lowd/sources/{other}.py", with_code):
            assert planned(repository, "pictures") == ({}, set())
    with edited(repository, "lowd/sources/npz.py", with_code):
        jobs, _ = planned(repository, "pictures")
    assert {"images", "teacher", "pool"} <= set(jobs)
    assert "noise" not in jobs
    images = repository.path / "inputs/images.npz"
    before = images.read_bytes()
    images.write_bytes(before + b"more")
    assert planned(repository, "pictures")[0]["images"] == 1
    images.write_bytes(before)
    with edited(repository, "lowd/kinds/transition/figures/samples.py", with_code):
        assert planned(repository, "pictures")[0] == {"sheet": 1} | MANIFEST
