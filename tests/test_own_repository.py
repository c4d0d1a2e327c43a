"""A wheel, and what `lowd init` writes where it is installed."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.declare import keep_list
from lowd.settings import load_params
from lowd.table import graph

ROOT = Path(__file__).parents[1]
IDENTITY = {
    f"GIT_{who}_{what}": f"{what.lower()}@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def init(folder):
    return CliRunner().invoke(app, ["init", str(folder)])


def tree(folder):
    return sorted(str(path) for path in folder.rglob("*"))


@pytest.fixture
def paper(tmp_path):
    assert init(tmp_path / "paper").exit_code == 0
    return tmp_path / "paper"


def test_what_init_writes_can_be_planned_and_has_the_teacher_of_the_page(paper, monkeypatch):
    monkeypatch.chdir(paper)
    monkeypatch.syspath_prepend("inputs")
    study = load_params(Path("params.yaml")).studies["series"]
    assert {job.rule.name for job in graph(load_params(Path("params.yaml"))).jobs} >= {"train"}
    code, settings = (
        re.search(rf"^```{language}\n(.*?)^```", text, re.M | re.S)[1]
        for language, text in (
            ("python", (ROOT / "docs/own-study.md").read_text()),
            ("yaml", (ROOT / "docs/own-study.md").read_text().split("```python")[1]),
        )
    )
    assert Path("inputs/my_teacher.py").read_text().endswith(code)
    Path("params.yaml").write_text(f"studies:\n{settings}")
    assert study == load_params(Path("params.yaml")).studies["mine"]


def test_every_ignored_and_pinned_thing_is_there(paper):
    there = {path.name for path in paper.iterdir()}
    assert there >= {".git", ".dvc", ".gitattributes", ".dvcignore", "data", "Makefile"}
    assert (paper / "constraints.txt").read_bytes() == (ROOT / "constraints.txt").read_bytes()
    assert not [path for path in paper.rglob("*") if path.suffix == ".in" or "@" in path.name]


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/notes.pkl").write_bytes(b"cos\nsystem\n.")
    (tmp_path / "file").touch()
    before = tree(tmp_path)
    for name, reason in (("full", "it has notes.pkl"), ("file", "is a file")):
        result = init(tmp_path / name)
        assert result.exit_code == 1
        (line,) = result.stderr.splitlines()
        assert reason in line
    assert tree(tmp_path) == before


def test_nothing_is_left_where_git_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "install it" in init(tmp_path / "paper").stderr
    assert not tree(tmp_path)


def test_inside_a_repository_no_other_is_made(paper):
    assert init(paper / "sub/study").exit_code == 0
    assert not (paper / "sub/study/.git").exists()
    assert (paper / "sub/study/.dvc/config").exists()


@pytest.mark.parametrize("pipeline", [ROOT / "dvc.yaml", None])
def test_stages_come_and_go_with_studies(paper, pipeline, monkeypatch):
    """Also where params.yaml lacks a key that stages are made for, and a file has the study."""
    if pipeline is not None:
        shutil.copy(pipeline, paper)
    monkeypatch.chdir(paper)
    assert dvc("stage", "list", "--name-only").split() == ["declared", "study@series"]
    params = yaml.safe_load(Path("params.yaml").read_text())
    params |= {"across": {"s": {"figure": "slopes", "studies": ["series", "longer"]}}}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    file = Path("studies/longer.yaml")
    file.write_text("extends: series\nvary: {training.steps: [1500, 2000]}\n")
    assert CliRunner().invoke(app, ["declare"]).exit_code == 0
    assert dvc("stage", "list", "--name-only").split() == [
        *("declared", "study@series", "study@longer-1500", "study@longer-2000", "across@s")
    ]
    file.unlink()
    assert "no transition study 'longer'" in CliRunner().invoke(app, ["declare"]).stderr
    assert "study@longer-1500" in dvc("stage", "list", "--name-only")


def dvc(*words):
    """What DVC says."""
    command = [str(Path(sys.executable).parent / "dvc"), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_list_and_schemas_of_init_are_what_lowd_declare_writes(paper, monkeypatch):
    monkeypatch.chdir(paper)
    before = {
        path: path.read_bytes() for path in (Path("declared.json"), *Path("schemas").iterdir())
    }
    assert len(before) == 3
    for path in Path("schemas").iterdir():
        path.write_text("of an older lowd")
    assert CliRunner().invoke(app, ["declare"]).exit_code == 0
    assert {path: path.read_bytes() for path in before} == before


def test_a_pipeline_that_goes_by_params_alone_is_told_of_studies_that_it_has_no_stage_for(
    paper, monkeypatch
):
    monkeypatch.chdir(paper)
    pipeline = Path("dvc.yaml")
    pipeline.write_text(pipeline.read_text().replace("declared.json", "params.yaml"))
    keep_list()
    Path("studies/longer.yaml").write_text("extends: series\n")
    with pytest.raises(
        ValueError, match=r"^studies/longer.yaml: dvc.yaml makes no stage of longer"
    ):
        keep_list()


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Variables of an environment with the wheel, which borrows all other libraries."""
    place = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(place / "dist")]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    venv.create(place / "venv", with_pip=True)
    python = place / "venv/bin/python"
    (wheel,) = (place / "dist").glob("*.whl")
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True
    )
    own = sysconfig.get_path("purelib", vars={"base": str(place / "venv")})
    (Path(own) / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    path = [str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"]]
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return place, variables | IDENTITY | {"PATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"}


@pytest.mark.campaign
def test_a_wheel_has_all_and_pypi_would_take_it(installed):
    place, variables = installed
    (wheel,) = (place / "dist").glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.check_output(
        ["git", "ls-files", "lowd", "workflow"], cwd=ROOT, text=True
    ).split()
    assert {n if n.startswith("lowd/") else f"lowd/{n}" for n in tracked} <= names
    check = [sys.executable, "-m", "twine", "check", "--strict", *(place / "dist").iterdir()]
    subprocess.run(check, check=True, env=variables)


@pytest.mark.campaign
def test_the_page_word_for_word(installed, tmp_path):
    _, variables = installed
    (page,) = re.findall(
        r"^```sh\n(.*?)^```", (ROOT / "docs/own-repository.md").read_text(), re.M | re.S
    )
    more = "lowd verify\nlowd restore\nlowd report\nmake figures 2>&1\n"
    script = f"set -e\n{page}{more}python -c 'import lowd; print(lowd.__file__)'"
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert not done.returncode, done.stdout + done.stderr
    for said in ("every link verifies", "passed", "restored series", "series: nothing to do"):
        assert said in done.stdout
    assert str(ROOT / "lowd") not in done.stdout.splitlines()[-1]
