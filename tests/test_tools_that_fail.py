"""What DVC and Snakemake say when they fail reaches whoever has lowd ask them, with a remedy."""

import shutil

import pytest
from repositories import REPOSITORY, STUDIES, Repository

GARBAGE = {"dvc.yaml": "stages: [\n", "dvc.lock": "stages: [\n"}
WORKFLOWS = {"rule (\n": "Snakemake fails", "raise ValueError('made up')\n": "made up"}


@pytest.fixture
def repository(tmp_path):
    """What `lowd run` goes by, and no more."""
    for name in ("Snakefile", "dvc.yaml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "workflow", tmp_path / "workflow")
    (tmp_path / "inputs").mkdir()
    found = Repository(tmp_path)
    found.write_params({"tiny": STUDIES["tiny"]})
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    analytics = false\n    no_scm = true\n")
    return found


def refusal(repository, *command):
    """What a command says that fails, with this lowd."""
    environment = ("env", f"PYTHONPATH={REPOSITORY}")
    process = repository.start(*environment, *command)
    said, _ = process.communicate(timeout=600)
    assert process.returncode
    return said


@pytest.mark.parametrize("name", GARBAGE)
def test_what_keeps_dvc_from_running_is_said(repository, name):
    (repository.path / name).write_text(GARBAGE[name])
    said = refusal(repository, "lowd", "run", "tiny")
    assert name in said
    assert "mend that, and the same command goes on" in said


@pytest.mark.parametrize("content", WORKFLOWS)
def test_what_keeps_snakemake_from_planning_is_said(repository, content):
    (repository.path / "Snakefile").write_text(content)
    said = refusal(repository, "lowd", "make", "-n")
    assert WORKFLOWS[content] in said
    assert "mend" in said
    assert "a file or store given lacks" not in said
