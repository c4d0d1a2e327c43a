from pathlib import Path

import pytest
import yaml
from test_written import BASE
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.named import paths_of, studies_of, study_of
from lowd.provenance.repository import Repository


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results/tiny.zarr").mkdir(parents=True)
    Path("figures/tiny").mkdir(parents=True)


def test_paths_of_a_study_are_those_that_are_there_its_results_first():
    assert paths_of("tiny") == [[Path("results/tiny.zarr"), Path("figures/tiny")]]


def test_paths_of_a_path_or_of_nothing_are_the_word_itself():
    Path("tiny").touch()
    for word in ("tiny", "figures/tiny", "results/other.zarr", "other", "../tiny"):
        assert paths_of(word) == [[Path(word)]]


FAMILY = "studies: {a: {}, tiny: {vary: {seed: [1, 2]}}}"


def test_a_family_stands_for_all_its_members_each_once():
    Path("params.yaml").write_text(FAMILY)
    assert studies_of(["tiny", "tiny-2", "a"]) == ["tiny-1", "tiny-2", "a"]
    Path("figures/tiny-2").mkdir()
    assert paths_of("tiny") == [[Path("tiny-1")], [Path("figures/tiny-2")]]
    assert paths_of("figures/tiny") == [[Path("figures/tiny")]]


def test_a_file_of_a_familys_name_is_that_file():
    Path("params.yaml").write_text(FAMILY)
    Path("tiny").touch()
    assert paths_of("tiny") == [[Path("tiny")]]


@pytest.mark.parametrize("text", ["{", "3", "studies: [a]", "studies: {tiny: {vary: 3}}"])
def test_where_params_yaml_is_no_good_words_stand_for_themselves(text):
    Path("params.yaml").write_text(text)
    assert studies_of(["tiny", "results/tiny.zarr"]) == ["tiny"]


@pytest.mark.parametrize(
    "word",
    [
        *("results/tiny.zarr", "results/tiny.yardstick.json", "figures/tiny/errors.svg"),
        *("./data/tiny", "provenance/tiny/pool.json", "tiny"),
    ],
)
def test_study_of_a_path_is_the_one_that_it_belongs_to(word):
    assert study_of(word) == "tiny"


def test_study_of_what_is_no_path_of_a_study_is_the_word():
    for word in ("results", "elsewhere/tiny", "results/"):
        assert study_of(word) == word


@pytest.fixture
def family():
    """A family of two in params.yaml, of which nothing has been made."""
    study = BASE | {"vary": {"seed": [1, 2]}}
    Path("params.yaml").write_text(yaml.safe_dump({"studies": {"f": study}}))


def said(*words):
    result = CliRunner().invoke(app, words)
    assert result.exit_code in (0, 1), result.exception
    return result.stderr


@pytest.mark.parametrize("command", ["verify", "restore", "report", "audit", "trace"])
def test_commands_take_a_family_for_its_members(family, monkeypatch, command):
    """What they say where nothing is made is about its first member, and not about `f`."""
    monkeypatch.setattr("lowd.cli.restore._bring", lambda stages: None)
    monkeypatch.setattr("lowd.cli.restore._targets", lambda _, names: refuse(names))
    empty = Repository({}, {}, None)
    monkeypatch.setattr("lowd.provenance.repository.read_repository", lambda: empty)
    monkeypatch.setattr("lowd.provenance.conformity.strays", lambda _, names: refuse(names))
    assert "f-1" in said(command, "f")
    assert "'f'" not in said(command, "f")


def refuse(names):
    raise ValueError(f"asked for {names}")
