import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from repositories import STUDIES

from lowd.cli.today import moved_on
from lowd.table import read_graph


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(**changes):
    params = json.loads(json.dumps({"studies": {"tiny": STUDIES["tiny"] | changes}}))
    Path("params.yaml").write_text(yaml.safe_dump(params))


@pytest.fixture
def stated():
    """What the jobs of a study state of their settings."""
    write()
    return {
        job.statement: SimpleNamespace(settings=job.settings.model_dump(mode="json"))
        for job in read_graph().jobs
    }


def test_nothing_is_said_of_what_params_yaml_has_still_or_where_there_is_none(stated):
    assert list(moved_on(stated)) == []
    Path("params.yaml").unlink()
    assert list(moved_on(stated)) == []


@pytest.mark.parametrize("strict", [False, True])
def test_settings_that_have_changed_are_said_by_key(stated, strict):
    write(noise={"size": 24})
    found = {one.file: one for one in moved_on(stated, strict)}
    assert {one.file: one.reason for one in found.values()} == {
        "provenance/tiny/noise.json": "made with size 16, which is 24 now",
        "provenance/tiny/collect.json": "made with noises 16, which is 24 now",
    }
    assert {one.is_fault for one in found.values()} == {strict}


def test_jobs_that_are_declared_no_more_are_said(stated):
    write(models={"mlp-4": STUDIES["tiny"]["models"]["mlp-4"]})
    gone = {one.file for one in moved_on(stated) if "no longer declares" in one.reason}
    assert gone == {f"provenance/tiny/{step}-mlp-8.json" for step in ("train", "generate", "score")}


def test_params_that_are_refused_are_said_once(stated):
    write(noise={"size": "many"})
    (one,) = moved_on(stated)
    assert one.file == "params.yaml" and one.reason.startswith("refused: ")


def test_of_lists_what_one_has_and_the_other_lacks_is_said(stated):
    write(samples=[2, 4])
    found = {one.file: one.reason for one in moved_on(stated)}
    assert found["provenance/tiny/train-mlp-4.json"] == (
        "made with samples that lack 4 and still have 8"
    )
