from pathlib import Path

import pytest

from lowd.cli.named import paths_of, study_of


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("results/tiny.zarr").mkdir(parents=True)
    Path("figures/tiny").mkdir(parents=True)


def test_paths_of_a_study_are_those_that_are_there_its_results_first():
    assert paths_of("tiny") == [Path("results/tiny.zarr"), Path("figures/tiny")]


def test_paths_of_a_path_or_of_nothing_are_the_word_itself():
    Path("tiny").touch()
    for word in ("tiny", "figures/tiny", "results/other.zarr", "other", "../tiny"):
        assert paths_of(word) == [Path(word)]


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
