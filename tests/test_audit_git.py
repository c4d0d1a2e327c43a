"""What audit asks git: commits, code of before, clones."""

import json
import os
import re
from pathlib import Path

import small_study as study
from auditing import accused, audit, notes, states
from repositories import STUDIES
from small_study import MODELS, flip, folder, git, remove, sound  # noqa: F401


def start_over():
    """Forget all commits but one of what is here now."""
    git("checkout", "-q", "--orphan", "other")
    study.commit("all at once")
    git("branch", "-D", "main")


def test_a_commit_that_is_gone_is_held_against_the_statement():
    start_over()
    study.make_pool(study.pool())
    statements = sorted(map(str, Path("provenance").rglob("*.json")))
    statements.remove("provenance/s/pool.json")
    assert accused() == statements


def test_code_that_is_in_no_commit_is_named_until_it_is(monkeypatch):
    # Jobs are played in this process: what runs is not what the folder has.
    monkeypatch.setattr("lowd.provenance.record.check_here", lambda modules: None)
    monkeypatch.setattr("lowd.provenance.drift.check_files", lambda *files: None)
    source = Path("lowd/base.py")
    ran = source.read_bytes()
    source.write_bytes(b"NEVER_RAN = True\n")
    start_over()
    study.make_study()
    assert accused() == ["lowd/base.py"]
    source.write_bytes(ran)
    assert accused() == ["lowd/base.py"]
    study.commit("what ran")
    assert audit()["passed"]
    source.write_bytes(b"IS_NEWER = True\n")
    study.commit("what will run")
    assert audit()["passed"]


def test_all_that_a_file_rests_on_is_held_against_params_yaml():
    Path("params.yaml").write_text(json.dumps({"studies": {"tiny": STUDIES["tiny"]}}))
    audited = audit("results/s.zarr")
    assert len(audited["files"]) == 1
    rests_on = {"collect", "describe", "noise", "pool", "teacher"}
    rests_on |= {f"{step}-{model}" for step in ("train", "generate") for model in MODELS}
    others = {one["file"] for one in audited["notes"] if "no longer declares" in one["reason"]}
    assert others == {f"provenance/s/{name}.json" for name in rests_on}


def test_uncommitted_changes_of_anything_else_are_noted():
    Path("readme").touch()
    study.make_pool(study.pool())
    assert audit()["passed"]
    assert notes() == {("provenance/s/pool.json", "ran while the folder had uncommitted changes")}


def test_code_that_has_changed_since_is_noted(monkeypatch):
    monkeypatch.setattr("lowd.provenance.drift.PACKAGE_ROOT", Path("lowd").resolve())
    Path("lowd/base.py").write_text("# other comments, the same code\n")
    assert notes() == set()
    monkeypatch.setattr("lowd.provenance.drift.runs_the_same", lambda stated: False)
    assert audit()["passed"]
    assert {reason for _, reason in notes()} == {"the code has changed since: lowd/base.py"}
    monkeypatch.setattr("lowd.provenance.coherence.version", lambda name: "99")
    (told,) = {reason for _, reason in notes()}
    assert re.fullmatch(r"the code has changed since \(it was lowd .*, and is 99\): .*", told)
    Path("lowd/base.py").unlink()
    assert len(notes()) == len(list(Path("provenance").rglob("*.json")))


def test_without_git_statements_and_files_are_still_checked():
    remove(".git")
    assert audit()["passed"]
    assert {reason for _, reason in notes()} == {"commit not checked: there is no repository here"}
    flip("data/s/noise.zarr")
    assert accused() == ["data/s/noise.zarr"]


def test_jobs_that_saw_no_git_are_noted():
    remove(".git")
    study.make_pool(study.pool())
    assert ("provenance/s/pool.json", "states no commit: the job saw no git") in notes()


# Clones


def clone(*options):
    os.chdir("..")
    git("clone", "-q", *options, f"file://{Path('copy').resolve()}", "clone")
    os.chdir("clone")


def test_a_clone_passes_by_what_is_in_git():
    clone()
    found = audit()
    assert found["passed"] and not found["notes"]
    absent = {name for name, state in states(found).items() if state == "not local"}
    assert absent == {name for name in study.outputs() if name.startswith("data/")}
    assert not audit("data")["passed"]  # nothing of it could be checked
    assert not audit("data")["faults"]


def test_a_shallow_clone_is_not_blamed_for_what_it_left_out(monkeypatch):
    Path("lowd/base.py").write_text("IS_NEWER = True\n")
    study.commit("what will run")
    clone("--depth", "1")
    monkeypatch.setattr("lowd.provenance.drift.PACKAGE_ROOT", Path("lowd").resolve())
    assert audit()["passed"]
    assert ("provenance/s/pool.json", "commit not checked: this clone is shallow") in notes()
