import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.completion import study_names
from lowd.store.arrays import read_store, write_store
from lowd.table import STEPS

REPOSITORY = Path(__file__).parents[1]

HEAVY = ("torch", "xarray", "zarr", "matplotlib", "sklearn", "scipy")
NOISE = {"seed": 0, "size": 4, "shape": [6]}
TRAIN = {
    "seed": 0,
    "model": {"architecture": "mlp", "width": 4},
    "samples": [2],
    "replicates": 2,
    "training": {"steps": 2, "warm_up": 0, "batch": 4, "sigma_data": 0.5},
}
SAMPLER = {"sampler": {"steps": 2}}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lowd(step, settings=None, **paths):
    """Run a step as its command does; an option given as a list is repeated."""
    arguments = ["step", step]
    if settings is not None:
        text = settings if isinstance(settings, str) else json.dumps(settings)
        arguments += ["--settings", text]
    for name, value in paths.items():
        for path in value if isinstance(value, list) else [value]:
            arguments += [f"--{name}", path]
    return CliRunner().invoke(app, arguments)


def refusal(step, settings, **paths):
    """The one line that a failing step prints."""
    result = lowd(step, settings, **paths)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"lowd step {step}: ")
    return line.removeprefix(f"lowd step {step}: ")


def pool(values, path="pool.zarr"):
    write_store(Path(path), xr.Dataset({"samples": (("sample", "feature"), values)}))
    return path


@pytest.fixture
def students(folder):
    """A checkpoint of a stack of two students."""
    normal = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)
    result = lowd("train", TRAIN, pool=pool(normal), output="students.safetensors")
    assert result.exit_code == 0, result.output
    return folder / "students.safetensors"


@pytest.fixture
def noise(folder):
    result = lowd("noise", NOISE, output="noise.zarr")
    assert result.exit_code == 0, result.output
    return "noise.zarr"


def test_a_teacher_of_the_users_own_is_found_in_inputs(folder, monkeypatch):
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path])
    (folder / "inputs").mkdir()
    (folder / "inputs/shrinking.py").write_text(
        "def load(factor):\n    return lambda x, sigma: x / (1 + factor * sigma**2)\n"
    )
    teacher = {
        "kind": "custom",
        "entry": "shrinking:load",
        "shape": [6],
        "options": {"factor": 1.0},
    }
    made = lowd("teacher", {"seed": 0, "teacher": teacher}, output="teacher")
    assert made.exit_code == 0, made.output
    draw = {"seed": 0, "size": 4, "shape": [6], "reference": 4, "replicates": 2}
    draw |= {"sampler": {"steps": 4}}
    assert lowd("pool", draw, teacher="teacher", output="pool.zarr").exit_code == 0
    assert read_store(folder / "pool.zarr")["samples"].shape == (4, 6)
    line = refusal("pool", draw | {"sampler": None}, teacher="teacher", output="pool.zarr")
    assert line.startswith("sampler: needed")
    gone = teacher | {"entry": "vanished:load"}
    line = refusal("teacher", {"seed": 0, "teacher": gone}, output="teacher")
    assert line.startswith("teacher.entry: 'vanished:load' can't be loaded with options {")
    assert "No module named 'vanished'" in line


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"]])
def test_help_and_settings_import_nothing_heavy(arguments):
    program = (
        "import sys\n"
        "from lowd.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "import lowd.graph, lowd.settings\n"
        f"print('heavy:', *(name for name in {HEAVY} if name in sys.modules))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1].split() == ["heavy:"]


def test_the_package_itself_imports_nothing_heavy_until_asked():
    program = (
        "import sys, lowd\n"
        f"assert not set({HEAVY}) & set(sys.modules)\n"
        "lowd.open_results, lowd.distributions, lowd.diffusion, lowd.metrics\n"
        "assert 'torch' not in sys.modules\n"
        "lowd.metrics.probability_flow_distance, lowd.distributions.MoLRG\n"
        "assert 'torch' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_step_has_a_command_and_a_line_of_help():
    listed = CliRunner().invoke(app, ["step", "--help"], env={"COLUMNS": "200"}).stdout
    for step in STEPS:
        assert any(line.strip("│ ").startswith(f"{step} ") for line in listed.splitlines())
        assert lowd(step).exit_code == 2  # its settings are required
    lowd_ = Path(sys.modules["lowd"].__file__).parent
    modules = (lowd_ / "kinds").rglob("*.py"), (lowd_ / "steps").glob("*.py")
    with_settings = [
        path.stem.removesuffix("_step")
        for each in modules
        for path in each
        if re.search(r"^class \w+Step\(", path.read_text(), re.M)
    ]
    assert sorted(STEPS) == sorted(with_settings)


def test_settings_come_from_json_and_from_files_alike(folder):
    (folder / "noise.json").write_text(json.dumps(NOISE))
    (folder / "noise.yaml").write_text("seed: 0\nsize: 4\nshape: [6]\n")
    stores = []
    for settings in (NOISE, "noise.json", "noise.yaml"):
        assert lowd("noise", settings, output="noise.zarr").exit_code == 0
        stores.append(read_store(folder / "noise.zarr"))
    assert all(store.identical(stores[0]) for store in stores)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ('{"seed": 0', "--settings: not YAML ("),
        ("{}", "seed: required; size: required; shape: required"),
        (NOISE | {"shap": 1}, "shap: no such setting (got 1)"),
        (NOISE | {"size": "4"}, "size: Input should be a valid integer (got '4')"),
        (NOISE | {"size": True}, "size: Input should be a valid integer (got True)"),
        ('{"seed": 0, "seed": 1, "size": 4, "shape": [6]}', "key 'seed' stands twice"),
        ("nowhere.json", "nowhere.json: No such file or directory"),
        ("notes.txt", "notes.txt: Input should be an object"),
    ],
)
def test_settings_that_are_refused_are_told_by_their_key(folder, settings, reason):
    (folder / "notes.txt").write_text("none of your business")
    assert reason in refusal("noise", settings, output="noise.zarr")
    assert not (folder / "noise.zarr").exists()


def test_a_missing_pool_is_told_by_its_name():
    assert refusal("train", TRAIN, pool="pool.zarr", output="w.safetensors") == (
        "pool.zarr: no such store"
    )


def test_a_pool_that_is_not_finite_is_refused(folder):
    values = np.zeros((8, 6), np.float32)
    values[3, 2] = np.nan
    line = refusal("train", TRAIN, pool=pool(values), output="w.safetensors")
    assert line == "pool.zarr: 1 values of samples are not finite; make it again"
    assert not (folder / "w.safetensors").exists()


def test_a_damaged_store_is_told_by_its_name(folder, noise):
    for chunk in (folder / noise / "noise" / "c").rglob("*"):
        if chunk.is_file():
            chunk.write_bytes(chunk.read_bytes()[:-20])
    assert refusal("generate", SAMPLER, noise=noise, pool="p", output="g.zarr").startswith(
        "noise.zarr: damaged store ("
    )


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_a_truncated_checkpoint_is_told_by_its_name(students, noise, kept):
    students.write_bytes(students.read_bytes()[:kept])
    line = refusal("generate", SAMPLER, students=students.name, noise=noise, output="g.zarr")
    assert line.startswith("students.safetensors: damaged checkpoint (")
    assert line.endswith("; delete it and run again")


def test_a_step_needs_one_kind_of_model(noise):
    assert refusal("generate", SAMPLER, noise=noise, output="g.zarr") == (
        "give exactly one of --students, --teacher and --pool"
    )


@pytest.mark.parametrize("given", [0, 1, 3])
def test_a_wrong_number_of_other_models_is_told(given):
    settings = {"name": "c", "samples": [2], "replicates": 2, "others": ["a", "b"]}
    paths = dict.fromkeys(
        ("generated", "teacher", "empirical", "pool", "yardstick", "output"), "nowhere"
    )
    assert refusal("score", settings, other=["nowhere"] * given, **paths) == (
        f"--other: {given} stores, but settings.others has 2 names"
    )


def test_an_output_that_can_not_be_written_is_told(folder):
    (folder / "file").write_text("")
    assert "file: File exists" in refusal("noise", NOISE, output="file/noise.zarr")


FAULTY = {
    "def load(): raise ZeroDivisionError('no')": "can't be loaded .*ZeroDivisionError: no",
    "def load(needed): ...": "can't be loaded with options {} .*needed",
    "def load(): return 3": "gives 3, not a function",
    "def load(): return lambda x, sigma: x @ x": r"fails on x \(2, 6\) at sigma",
    "def load(): return lambda x, sigma: x.numpy()": "answers with ndarray, not Tensor",
    "def load(): return lambda x, sigma: x[:1]": r"maps \(2, 6\) to \(1, 6\)",
    "def load(): return lambda x, sigma: x / (sigma - 20)": "is not finite at sigma 20",
}


@pytest.mark.parametrize("number", range(len(FAULTY)))
def test_a_faulty_teacher_of_the_users_own_is_refused_in_one_line(folder, monkeypatch, number):
    source, reason = list(FAULTY.items())[number]
    (folder / f"faulty_{number}.py").write_text(source)
    monkeypatch.syspath_prepend(folder)
    teacher = {"kind": "custom", "entry": f"faulty_{number}:load", "shape": [6]}
    line = refusal("teacher", {"seed": 0, "teacher": teacher}, output="teacher")
    assert re.search(reason, line)
    assert not (folder / "teacher").exists()


@pytest.mark.parametrize(
    "words",
    [
        *(["audit"], ["plan"], ["trace", "tiny"], ["restore"], ["verify"], ["run"], ["report"]),
        *(["export", "crate"], ["calibrate", "tiny"], ["sign", "--key", "k"]),
    ],
    ids=lambda words: words[0],
)
def test_in_a_folder_that_is_none_of_lowds_a_command_says_where_to_go(folder, words):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1 and not result.stdout
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"lowd {words[0]}: ") and "go to the root of a repository" in line
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("lowd plan mol", ["molrg", "molrg-half"]),
        ("lowd trace dyn", ["dynamics"]),
        ("lowd run con", ["controls"]),
        ("lowd au", ["audit"]),
        ("lowd trace figures/mol", ["figures/molrg/"]),
    ],
)
def test_a_shell_completes_commands_and_names_of_studies(typed, told, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("_LOWD_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    said = CliRunner().invoke(app, prog_name="lowd").output.split()
    assert said[: len(told)] == told
    assert all(word.startswith(typed.split()[-1]) for word in said)


def test_a_shell_that_completes_where_nothing_is_shows_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert study_names("") == []
    for text in ("{", "studies: 3", "studies: [a]", "3"):
        Path("params.yaml").write_text(text)
        assert study_names("x") == []
