"""The table of faults: what is broken, and whom audit accuses of it, and nobody else."""

import json
import os
import shutil
from pathlib import Path

import pytest
import small_study as study
from auditing import accused, audit, notes, refusal, states
from small_study import FIGURE, MODELS, edit, flip, folder, git, remove, sound  # noqa: F401
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.provenance.repository import OWN_ROLES
from lowd.provenance.statement import Statement, read_statement
from lowd.sources.image_settings import ArraySource
from lowd.steps.images import ImagesStep
from lowd.table import STEPS

IN_DVC = [
    "data/s/teacher",
    "data/s/pool.zarr",
    "data/s/noise.zarr",
    "data/s/students/small/weights.safetensors",
    "data/s/generated/small.zarr",
    "data/s/manifest.json",
]
IN_GIT = ["results/s.zarr", "results/s.yardstick.json", *FIGURE]
OWN = "my images.npz"
STATEMENTS = ["teacher", "pool", "train-small", "collect", "figure-errors", "manifest"]
BUILD = ("predicate", "buildDefinition")
RUN = ("predicate", "runDetails")


def test_what_a_run_left_passes():
    found = audit()
    assert found["passed"] and not found["faults"] and not found["notes"]
    assert {link["name"] for link in found["files"]} == {*study.outputs(), OWN}
    assert {link["state"] for link in found["files"]} == {"verified"}


def test_digests_of_before_that_were_edited_are_a_fault():
    restated = Path("provenance/restated.jsonl")
    restated.write_text('{"code": "1", "modules": {"lowd.base": "2"}, "commit": "3"}\n')
    study.commit("restated")
    assert audit()["passed"]
    restated.write_text(restated.read_text().replace("2", "4"))
    assert accused() == ["provenance/restated.jsonl"]


def test_modules_that_are_not_those_of_the_code_digest_are_a_fault():
    path = Path("provenance/s/pool.json")
    (module,) = read_statement(path).modules.values()
    path.write_text(path.read_text().replace(module, "0" * 64))
    with pytest.raises(ValueError, match="modules do not have the code digest that it states"):
        read_statement(path)
    assert "provenance/s/pool.json" in accused()


def test_a_lock_that_dvc_refuses_is_a_fault():
    lock = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(lock.replace("    cmd:", "    cwd: there\n    cmd:"))
    (fault,) = audit()["faults"]
    assert fault["file"] == "dvc.lock" and fault["reason"].startswith("DVC refuses it: ")


# Files


@pytest.mark.parametrize("path", [*IN_DVC, *IN_GIT, OWN])
def test_a_changed_byte_is_held_against_its_file(path):
    flip(path)
    found = audit()
    assert [fault["file"] for fault in found["faults"]] == [path]
    assert states(found)[path] == "changed"


@pytest.mark.parametrize("path", [*IN_GIT, OWN])
def test_a_deleted_file_is_missing(path):
    remove(path)
    found = audit()
    assert [fault["file"] for fault in found["faults"]] == [path]
    assert states(found)[path] == "missing"


@pytest.mark.parametrize("path", IN_DVC)
def test_a_deleted_file_that_dvc_may_bring_back_is_not_local(path):
    remove(path)
    found = audit()
    assert found["passed"]
    assert {name: state for name, state in states(found).items() if state != "verified"} == {
        path: "not local"
    }


def test_a_deleted_file_that_dvc_never_saw_is_missing():
    Path("dvc.lock").unlink()
    git("rm", "--cached", "-q", "dvc.lock")
    remove("data/s/noise.zarr")
    assert accused() == ["data/s/noise.zarr"]


def test_two_files_that_changed_places_are_both_named():
    one, other = (f"data/s/students/{model}/weights.safetensors" for model in MODELS)
    Path(one).rename("kept")
    Path(other).rename(one)
    Path("kept").rename(other)
    assert accused() == [one, other]
    (fault, _) = audit()["faults"]
    assert "it is what" in fault["reason"]


def test_a_file_added_to_a_store_or_to_a_study_is_noticed():
    Path("data/s/pool.zarr/more").touch()
    assert accused() == ["data/s/pool.zarr"]
    Path("data/s/pool.zarr/more").unlink()
    Path("data/s/students/large/notes.txt").touch()
    assert accused() == ["data/s/students/large/notes.txt"]


def test_time_stamps_do_not_matter():
    for path in [path for path in Path().rglob("*") if ".git" not in path.parts]:
        os.utime(path, (1, 1))
    Path("data/s/pool.zarr/.snakemake_timestamp").write_text("later")
    assert audit()["passed"]


def test_an_unreadable_name_is_told_and_the_rest_is_still_checked():
    Path("data/s/pool.zarr/line\nbreak").touch()
    flip("results/s.yardstick.json")
    assert accused() == ["data/s/pool.zarr", "results/s.yardstick.json"]


# Statements


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_deleted_statement_is_named_and_not_what_it_was_about(name):
    path = f"provenance/s/{name}.json"
    remove(path)
    assert accused() == [path]
    git("rm", "--cached", "-q", path)  # so that nothing but the manifest has it
    assert accused() == [path] or name == "manifest"


@pytest.mark.parametrize("name", ["pool", "train-small", "figure-errors"])
def test_any_changed_byte_of_a_statement_is_held_against_it(name):
    path = Path("provenance/s", f"{name}.json")
    whole, content = path.read_bytes(), json.loads(path.read_bytes())
    for position in range(1, len(whole), len(whole) // 8):
        flip(path, position)
        try:
            same = json.loads(path.read_bytes()) == content
        except ValueError:
            same = False
        assert accused() == [str(path)] * (not same), position
        path.write_bytes(whole)


EDITS = {
    "setting": ("train-small", (*BUILD, "externalParameters", "settings", "seed"), 1),
    "stream": ("train-small", (*BUILD, "internalParameters", "randomStreams"), []),
    "input": ("train-small", (*BUILD, "resolvedDependencies", 0, "digest", "dirHash"), "0" * 64),
    "role": ("train-small", (*BUILD, "resolvedDependencies", 0, "annotations", "role"), "own"),
    "output": ("pool", ("subject", 0, "digest", "dirHash"), "0" * 64),
    "name": ("noise", ("subject", 0, "name"), "data/s/nose.zarr"),
    "start": ("collect", (*RUN, "metadata", "startedOn"), "2000-01-01T00:00:00Z"),
    "manifest": ("manifest", (*BUILD, "externalParameters", "settings", "declared"), 1),
    "run": ("collect", (*RUN, "metadata", "invocationId"), "urn:uuid:0"),
    "library": ("collect", (*RUN, "builder", "version", "torch"), "1.0"),
    "lineage": ("figure-errors", (*RUN, "byproducts", 0, "digest", "sha256"), "0" * 64),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edited_statement_is_named(name):
    statement, keys, value = EDITS[name]
    edit(statement, *keys, value=value)
    assert accused() == [f"provenance/s/{statement}.json"]


def test_an_edit_that_is_committed_is_still_named():
    """Its lineage id made to match, so that only history knows better."""
    path = Path("provenance/s/train-small.json")
    content = json.loads(path.read_text())
    content["predicate"]["buildDefinition"]["externalParameters"]["settings"]["seed"] = 1
    lineage = Statement.model_validate(content).derived_lineage()
    content["predicate"]["runDetails"]["byproducts"][0] |= {
        "uri": f"urn:lowd:lineage:{lineage}",
        "digest": {"sha256": lineage},
    }
    path.write_text(json.dumps(content))
    git("commit", "-qam", "as if nothing had been")
    assert accused() == [str(path)]


def test_a_statement_is_outvoted_by_who_read_its_output_or_by_dvc():
    """Without git, which would have the statement as it was."""
    remove(".git")
    for name in ("pool", "figure-errors"):  # a job read the pool; DVC alone knows the figure
        kept = Path("provenance/s", f"{name}.json").read_bytes()
        others = json.loads(Path("provenance/s/noise.json").read_text())["subject"][0]["digest"]
        if name != "pool":
            others = {"sha256": others["dirHash"], "md5": others["dvcMd5"][:32]}
        edit(name, "subject", 0, "digest", value=others)
        assert accused() == [f"provenance/s/{name}.json"]
        Path("provenance/s", f"{name}.json").write_bytes(kept)
    edit("noise", "subject", 0, "digest", "dvcMd5", value=f"{'0' * 32}.dir")
    assert accused() == ["provenance/s/noise.json"]


def test_a_rerun_is_no_edit():
    study.make_pool(study.pool())
    assert git("status", "--porcelain") == "M provenance/s/pool.json"
    assert audit()["passed"]


def test_an_output_claimed_twice_is_held_against_the_statement_that_no_manifest_has():
    shutil.copy("provenance/s/pool.json", "provenance/s/again.json")
    assert accused() == ["provenance/s/again.json"]


def test_an_output_inside_another_is_noticed():
    study.run("extra", {}, {}, {"data/s/pool.zarr/extra.json": "{{}}"}, study="other")
    assert "provenance/other/extra.json" in accused()


def test_jobs_that_rest_on_themselves_are_named():
    study.run("a", {}, {"x": ["results/s.yardstick.json"]}, {"made/a": "a"})
    study.run("b", {}, {"x": ["made/a"]}, {"made/b": "b"})
    study.run("a", {}, {"x": ["made/b"]}, {"made/a": "a"})
    (fault,) = audit()["faults"]
    assert fault["file"] in ("provenance/s/a.json", "provenance/s/b.json")
    assert "rests on itself" in fault["reason"]


def test_what_was_made_before_its_input_was_made_again_is_named():
    study.make_pool(study.pool() + 1)
    checkpoints = [f"data/s/students/{model}/weights.safetensors" for model in MODELS]
    assert accused() == [*checkpoints, "results/s.yardstick.json"]
    assert all("make it again" in fault["reason"] for fault in audit()["faults"])


def test_an_input_in_the_workflows_folders_needs_a_statement():
    Path("data/s/found.zarr").mkdir()
    study.run("extra", {}, {"pool": ["data/s/found.zarr"], "originals": [OWN]}, {"made/x": "x"})
    study.lock()
    assert accused() == ["data/s/found.zarr"]


def test_the_users_own_files_are_known_by_their_roles():
    source = ArraySource(source="npz", path=Path("data/x.npz"), shape=(1, 8, 8))
    assert set(STEPS["images"].own_files(ImagesStep(images=source))) == {"originals"}
    elsewhere = {"trained_elsewhere", "training_set"}
    assert {"originals", "custom", "pretrained", "network", *elsewhere} == set(OWN_ROLES)


def test_a_file_of_the_users_own_that_two_jobs_saw_differently_is_held_against_the_first():
    Path(OWN).write_text("other images")
    study.run("second", {}, {"originals": [OWN]}, {"made/second": "x"})
    assert accused() == ["data/s/teacher"]


# Figures


def test_a_figure_that_carries_another_lineage_id_is_named():
    study.make_figure(f"<svg>{study.URN}{'0' * 64}</svg>")
    study.lock()
    assert accused() == [FIGURE[0]]


def test_a_figure_that_no_statement_is_about_is_named():
    Path("figures/s/old.svg").write_text(f"<svg>{study.URN}{'0' * 64}</svg>")
    shutil.copy(FIGURE[1], "figures/copy.png")
    study.lock()
    assert accused() == ["figures/s/old.svg"]


# dvc.lock


@pytest.mark.parametrize("record", study.RECORDED)
def test_a_changed_record_is_held_against_the_lock(record):
    text = Path("dvc.lock").read_text()
    md5 = text.split(f"{record}, md5: ")[1][:32]
    Path("dvc.lock").write_text(text.replace(md5, md5[::-1]))
    assert accused() == ["dvc.lock"]


def test_a_lock_that_differs_from_the_commit_in_no_output_is_noted():
    text = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(text.replace("study@s", "study@t"))
    assert audit()["passed"]
    assert notes() == {("dvc.lock", "is not as committed, though the outputs in it are")}


@pytest.mark.parametrize("content", ["{", "stages: 1", "stages: {a: {outs: [x]}}", "a: \x01", ""])
def test_a_damaged_lock_is_named_and_not_what_it_records(content):
    Path("dvc.lock").write_text(content)
    remove("data")
    assert accused() == ["dvc.lock"]


def test_a_deleted_lock_is_named_and_not_what_it_recorded():
    Path("dvc.lock").unlink()
    remove("data")
    assert accused() == ["dvc.lock"]


def test_a_damaged_pipeline_is_named():
    Path("dvc.yaml").write_text("stages: [")
    assert accused() == ["dvc.yaml"]


# The command


def test_only_what_is_asked_for_is_checked():
    flip("data/s/noise.zarr")
    flip(FIGURE[0])
    assert accused("results", FIGURE[1]) == []
    assert set(states(audit("results", FIGURE[1]))) == {*IN_GIT[:2], FIGURE[1]}
    assert accused("figures") == [FIGURE[0]]
    assert accused("data/s/noise.zarr/content") == ["data/s/noise.zarr"]
    assert accused("provenance/s/noise.json") == ["data/s/noise.zarr"]
    assert list(states(audit("provenance/s/noise.json"))) == ["data/s/noise.zarr"]
    assert accused(str(Path(FIGURE[0]).resolve())) == [FIGURE[0]]
    assert states(audit(OWN)) == {OWN: "verified"}


def test_a_damaged_statement_is_told_whatever_is_asked_for():
    Path("provenance/s/noise.json").write_text("{")
    assert accused("results") == ["provenance/s/noise.json"]
    assert accused("provenance/s/noise.json") == ["provenance/s/noise.json"]
    every = sorted(map(str, Path("provenance").rglob("*.json")))
    for path in every:
        Path(path).write_text("{")
    assert accused() == every


def test_what_no_statement_is_about_is_refused():
    assert refusal("figures", "figures/x.png") == "no statement has to do with figures/x.png"
    os.chdir("figures")
    assert refusal().startswith("no statements in provenance/ of this folder")


def test_the_table_says_who_fails_and_why():
    flip("data/s/noise.zarr")
    remove("data/s/teacher")
    result = CliRunner().invoke(app, ["audit"])
    assert result.exit_code == 1
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    outputs = len(study.outputs())
    assert lines[:3] == [
        "study verified changed missing not local",
        f"s {outputs - 2} 1 – 1",
        "own files 1 – – –",
    ]
    assert lines[3:] == [
        "fault data/s/noise.zarr: changed: not what provenance/s/noise.json says was left",
        "note data/s/teacher: not local: `dvc pull` may bring it",
        "failed: 1 fault",
    ]


def test_nothing_in_a_statement_commands_the_terminal():
    study.run("extra", {}, {}, {"made/\x1b[31m": "x"})
    remove("made")
    assert "\x1b" not in CliRunner().invoke(app, ["audit"]).stdout


def test_names_with_spaces_and_unicode_are_audited():
    study.run("extra", {}, {}, {"data/ä ö/x y.json": "{{}}"}, name="ü 1", study="ä ö")
    assert audit("data/ä ö")["passed"]
    study.commit("more")
    Path("provenance/ä ö/ü 1.json").unlink()
    assert accused() == ["provenance/ä ö/ü 1.json"]


@pytest.mark.campaign
def test_a_real_study_passes_even_if_it_was_killed(tiny, pictures, killed):
    for repository in (tiny, pictures, killed):
        assert json.loads(repository.run("lowd", "audit", "--json"))["passed"]
