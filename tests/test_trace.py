import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_study as study
from small_study import FIGURE, POOL_SIZE, REPLICATES, edit, flip, folder, git, remove, sound  # noqa: F401
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.provenance.statement import read_statement
from lowd.written.declared import Declared

ROOT = Path(__file__).parents[1]
SVG, PNG, TXT = FIGURE
CELL = "model=small,N=4,replicate=2"
IN_DVC = [
    "data/s/teacher",
    "data/s/pool.zarr",
    "data/s/noise.zarr",
    "data/s/students/small/weights.safetensors",
    "data/s/generated/large.zarr",
]
IN_GIT = ["results/s.zarr", "results/s.yardstick.json", "my images.npz"]


def lowd(*arguments):
    result = CliRunner().invoke(app, ["trace", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def trace(*arguments):
    """What `lowd trace --json` says; its exit status has to be in accord."""
    result = lowd("--json", *arguments)
    found = json.loads(result.stdout)
    assert result.exit_code == (not found["verified"])
    return found


def links(found):
    """Every link by what it leads to: statements, files, commits and digests of code."""
    yield found["file"]
    for job in found["jobs"].values():
        yield from (job["statement"], job["code"])
        if job["commit"]:
            yield job["commit"]
        for several in job["inputs"].values():
            yield from several


def failing(*arguments):
    return {
        link["name"]: link["state"]
        for link in links(trace(*arguments))
        if link["state"] != "verified"
    }


def refusal(*arguments):
    result = lowd(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.removeprefix("lowd trace: ").strip()


@pytest.mark.parametrize("path", [SVG, "results/s.zarr", "results/s.zarr/content"])
def test_the_chain_goes_down_to_seeds_sources_and_commit(path):
    found = trace(path)
    assert found["verified"]
    jobs = {job["step"]: job for job in found["jobs"].values()}
    steps = ["collect", "generate", "train", "pool", "teacher", "noise", "describe"]
    assert set(jobs) == {*steps, *(["figure"] if path == SVG else [])}
    assert jobs["pool"]["streams"] == ["0/pool"]
    assert jobs["pool"]["settings"] == {"seed": 0, "size": POOL_SIZE, "shape": [2]}
    assert jobs["teacher"]["inputs"]["originals"][0]["name"] == "my images.npz"
    assert jobs["teacher"]["inputs"]["originals"][0]["statement"] is None
    assert jobs["train"]["inputs"]["pool"][0]["statement"] == "provenance/s/pool.json"
    for job in found["jobs"].values():
        assert job["sources"].keys() == {"lowd/__init__.py", "lowd/base.py"}
        for name, sha256 in job["sources"].items():
            assert hashlib.sha256(Path(name).read_bytes()).hexdigest() == sha256
        assert job["commit"]["name"] == git("rev-parse", "HEAD~1")


def test_an_output_that_rests_on_nothing_is_traced():
    found = trace("data/s/manifest.json")
    assert found["verified"] and list(found["jobs"]) == ["provenance/s/manifest.json"]


@pytest.mark.parametrize("path", [*IN_DVC, *IN_GIT])
def test_a_changed_byte_below_a_figure_is_found(path):
    flip(path)
    assert failing(PNG) == {path: "changed"}


@pytest.mark.parametrize("path", [*IN_DVC, *IN_GIT])
def test_what_is_absent_is_not_local_if_dvc_has_it_and_else_missing(path):
    remove(path)
    assert failing(SVG) == {path: "not local" if path in IN_DVC else "missing"}


@pytest.mark.parametrize("path", FIGURE)
def test_the_file_itself_is_checked(path):
    flip(path)
    assert failing(path) == {path: "changed"}
    remove(path)
    assert failing(path) == {path: "missing"}


def test_changed_places_are_found():
    one, other = (f"data/s/students/{model}/weights.safetensors" for model in study.MODELS)
    Path(one).rename("kept")
    Path(other).rename(one)
    Path("kept").rename(other)
    assert failing(SVG) == {one: "changed", other: "changed"}


def test_time_stamps_do_not_matter():
    for path in [path for path in Path().rglob("*") if ".git" not in path.parts]:
        os.utime(path, (1, 1))
    assert trace(SVG)["verified"]


@pytest.mark.parametrize("name", ["pool", "train-large", "figure-errors"])
def test_an_edited_statement_is_found(name):
    edit(name, "predicate", "buildDefinition", "externalParameters", "settings", value={"x": 1})
    assert failing(SVG) == {f"provenance/s/{name}.json": "changed"}


@pytest.mark.parametrize("damage", ["{", None])
def test_a_statement_that_is_damaged_or_gone_breaks_the_chain(damage):
    path = Path("provenance/s/pool.json")
    path.unlink()
    if damage:
        path.write_text(damage)
    found = trace(SVG)
    assert {link["reason"] for link in links(found) if link["state"] != "verified"} == {
        "no statement says what made it"
    }
    assert failing(SVG) == {"data/s/pool.zarr": "missing"}


def test_an_input_made_again_since_is_found():
    study.make_pool(study.pool() + 1)
    assert failing(SVG) == {"data/s/pool.zarr": "changed"}
    study.make_pool(study.pool())
    assert trace(SVG)["verified"]


# Code and commits


def test_code_that_has_changed_since_verifies_if_git_has_what_ran(monkeypatch):
    monkeypatch.setattr("lowd.provenance.drift.PACKAGE_ROOT", Path("lowd").resolve())
    monkeypatch.setattr("lowd.provenance.drift.runs_the_same", lambda stated: False)
    Path("lowd/base.py").write_text("IS_NEWER = True\n")
    found = trace(SVG)
    assert found["verified"]
    assert {job["code"]["reason"] for job in found["jobs"].values()} == {
        "in git; changed since: lowd/base.py"
    }
    remove(".git")
    found = trace(SVG)
    assert not found["verified"]
    assert {job["code"]["state"] for job in found["jobs"].values()} == {"changed"}
    assert {job["commit"]["state"] for job in found["jobs"].values()} == {"not local"}


def test_a_commit_that_is_gone_is_missing():
    gone = git("rev-parse", "HEAD~1")
    git("checkout", "-q", "--orphan", "other")
    study.commit("all at once")
    git("branch", "-D", "main")
    assert failing(SVG) == {gone: "missing"}


def test_uncommitted_changes_and_code_are_told(monkeypatch):
    # Jobs are played in this process: what runs is not what the folder has.
    monkeypatch.setattr("lowd.provenance.record.check_here", lambda modules: None)
    monkeypatch.setattr("lowd.provenance.drift.check_files", lambda *files: None)
    Path("lowd/base.py").write_text("NEVER_RAN = True\n")
    git("checkout", "-q", "--orphan", "other")
    study.commit("not what ran")
    git("branch", "-D", "main")
    Path("readme").touch()
    study.make_pool(study.pool())
    job = trace("data/s/pool.zarr")["jobs"]["provenance/s/pool.json"]
    assert job["commit"]["reason"] == "with uncommitted changes"
    assert job["code"]["reason"] == "uncommitted: lowd/base.py"


# Figures that have left


@pytest.mark.parametrize("figure", [SVG, PNG])
def test_a_copy_of_a_figure_is_traced_by_the_lineage_id_in_it(figure, tmp_path):
    copy = tmp_path / f"copy{Path(figure).suffix}"
    shutil.copy(figure, copy)
    found = trace(copy)
    assert found["verified"]
    assert found["file"]["reason"] == f"a copy of {figure}"
    assert found["jobs"] == trace(figure)["jobs"]
    remove(figure)
    assert trace(copy)["verified"]
    copy.write_text(copy.read_text() + " ")
    assert failing(copy) == {os.path.relpath(copy): "changed"}


def test_a_figure_in_the_place_of_another_is_found():
    study.run("figure", {"name": "two"}, {}, {"figures/s/two.svg": "<svg>{lineage}</svg>"}, "two")
    shutil.copy(SVG, "figures/s/two.svg")
    assert failing("figures/s/two.svg") == {"figures/s/two.svg": "changed"}


def test_a_figure_that_carries_another_lineage_id_is_found():
    study.make_figure(f"<svg>{study.URN}{'0' * 64}</svg>")
    assert failing(SVG) == {SVG: "changed"}
    assert failing(TXT) == {}


def test_a_figure_from_an_earlier_commit_is_told_which(tmp_path):
    copy = tmp_path / "old.svg"
    shutil.copy(SVG, copy)
    made = git("rev-parse", "HEAD")
    study.run("collect", {"newer": 1}, {}, {"results/s.zarr": "others"})
    study.make_figure()
    study.commit("newer results")
    assert f"commit {made} has one" in refusal(copy)


# One cell


def test_a_cell_is_followed_to_its_checkpoint_and_training_set():
    found = trace(SVG, "--cell", CELL)
    trained = read_statement(Path("provenance/s/train-small.json"))
    assert found["verified"]
    first = POOL_SIZE // REPLICATES * 2
    assert found["student"] == {
        "cell": {"model": "small", "n": 4, "replicate": 2},
        "checkpoint": "data/s/students/small/weights.safetensors",
        "index": 5,
        "streams": [
            "0/small/N=4/replicate=2/initialisation",
            "0/small/N=4/replicate=2/training/{block}",
        ],
        "pool": "data/s/pool.zarr",
        "first": first,
        "sha256": hashlib.sha256(study.pool()[first : first + 4].tobytes()).hexdigest(),
        "made_by": trained.lineage,
        "made_at": trained.finished.isoformat(timespec="seconds"),
        "commit": trained.commit.digest,
    }


def test_a_cell_rests_on_nothing_but_its_own():
    flip("data/s/students/large/weights.safetensors")
    flip("results/s.yardstick.json")
    found = trace(SVG, "--cell", CELL)
    assert found["verified"]
    steps = ["collect", "figure", "generate", "pool", "teacher", "train"]
    assert sorted(job["step"] for job in found["jobs"].values()) == steps
    flip("data/s/students/small/weights.safetensors")
    assert failing(SVG, "--cell", CELL) == {"data/s/students/small/weights.safetensors": "changed"}


def test_a_cell_of_a_pool_that_is_not_here_has_rows_but_no_digest():
    remove("data/s/pool.zarr")
    found = trace(SVG, "--cell", CELL)
    assert failing(SVG, "--cell", CELL) == {"data/s/pool.zarr": "not local"}
    assert (found["student"]["first"], found["student"]["sha256"]) == (8, None)
    assert "digest unknown without the pool" in lowd(SVG, "--cell", CELL).stdout
    remove("provenance/s/pool.json")
    assert refusal(SVG, "--cell", CELL) == (
        "--cell: data/s/pool.zarr is not here, and no statement says how long it was"
    )


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("model=small", "is not model=NAME,N=NUMBER,replicate=NUMBER"),
        ("model=small,N=4,replicate=-1", "is not model=NAME"),
        ("model=small,N=4,replicate=1,N=2", "is not model=NAME"),
        ("model=tall,N=4,replicate=0", "no model 'tall' below this file (there are: large, small)"),
        ("model=small,N=3,replicate=0", "N of 2, 4; replicates 0 to 2"),
        ("model=small,N=4,replicate=3", "N of 2, 4; replicates 0 to 2"),
    ],
)
def test_a_cell_that_is_nowhere_is_refused(cell, reason):
    assert reason in refusal(SVG, "--cell", cell)


def test_a_cell_that_several_studies_have_is_refused_by_their_names():
    settings = {"samples": [2], "replicates": 1}
    run = {"pool": ["data/s/pool.zarr"]}
    other = "data/t/students/small/weights.safetensors"
    study.run("train", settings, run, {other: "t"}, study="t")
    read = {"results": ["results/s.zarr", other]}
    study.run("figure", {"name": "across"}, read, {"figures/across.svg": "<svg/>"}, study="across")
    message = refusal("figures/across.svg", "--cell", "model=small,N=2,replicate=0")
    assert message.endswith(f"trace one of data/s/students/small/weights.safetensors, {other}")


# The command


def test_the_tree_shows_each_job_once():
    result = lowd(SVG)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{SVG} verified"
    for path in Path("provenance").rglob("*.json"):
        count = sum(f"{path} verified" in line for line in lines)
        assert count == (path.stem != "manifest")
    commit = git("rev-parse", "HEAD~1")[:12]
    made = "made by pool: provenance/s/pool.json verified, code in 2 files verified"
    assert sum(f"{made}, commit {commit} verified" in line for line in lines) == 1
    assert sum("pool data/s/pool.zarr verified, see above" in line for line in lines) == 2
    assert any(line.endswith("streams 0/pool") for line in lines)
    assert lines[-1] == "every link verifies"
    flip("data/s/noise.zarr")
    remove("results/s.yardstick.json")
    lines = lowd(SVG).stdout.splitlines()
    assert any(line.endswith("noise data/s/noise.zarr changed") for line in lines)
    assert lines[-1] == (
        "not every link verifies: results/s.yardstick.json missing, data/s/noise.zarr changed"
    )


def test_what_no_statement_is_about_is_refused(tmp_path):
    assert refusal("my images.npz") == "no statement says what made my images.npz"
    assert refusal("x.svg").endswith("what made x.svg; there is no such file either")
    Path("provenance/s/figure-errors.json").write_text("{")
    assert refusal(SVG).startswith(
        f"no statement says what made {SVG}; damaged are provenance/s/figure-errors.json"
    )
    os.chdir(tmp_path)
    assert refusal("x.svg").startswith("no statements in provenance/ of this folder")


def test_a_damaged_lock_matters_only_where_something_is_absent():
    Path("dvc.lock").write_text("{")
    assert trace(SVG)["verified"]
    remove("data/s/noise.zarr")
    assert refusal(SVG).startswith("dvc.lock: damaged")


def test_jobs_that_rest_on_themselves_are_traced_once():
    study.run("a", {}, {"x": [SVG]}, {"made/a": "a"})
    study.run("b", {}, {"x": ["made/a"]}, {"made/b": "b"})
    study.run("a", {}, {"x": ["made/b"]}, {"made/a": "a"})
    assert set(trace("made/a")["jobs"]) == {"provenance/s/a.json", "provenance/s/b.json"}
    assert lowd("made/a").stdout.count("made by") == 2


# An audit asks DVC's own schema about dvc.lock.
@pytest.mark.parametrize(("command", "light"), [(["trace", SVG], set()), (["audit"], {"dvc"})])
def test_neither_loads_anything_heavy(command, light):
    program = (
        "import sys\n"
        "from lowd.cli.app import app\n"
        "try:\n    app(sys.argv[1:])\nexcept SystemExit as end:\n    assert not end.code\n"
        "print('heavy:', *({'torch', 'xarray', 'zarr', 'matplotlib', 'dvc'} & set(sys.modules)))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", program, *command],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert {*ran.stdout.splitlines()[-1].split()} - light == {"heavy:"}


@pytest.mark.campaign
def test_a_point_of_a_real_study_is_traced(pictures):
    import zarr

    cell = ("--cell", "model=unet-4,N=8,replicate=1", "--json")
    found = json.loads(pictures.run("lowd", "trace", "figures/pictures/samples.png", *cell))
    rows = zarr.open_array(pictures.path / "data/pictures/pool.zarr/samples", mode="r")[8:16]
    assert found["verified"]
    assert found["student"]["sha256"] == hashlib.sha256(rows.tobytes()).hexdigest()
    assert found["student"]["index"] == 3
    assert json.loads(pictures.run("lowd", "trace", "results/pictures.zarr", "--json"))["verified"]


@pytest.mark.parametrize("document", ["README.md", "docs/provenance.md"])
def test_a_trace_in_the_documents_is_what_the_command_prints(document, pictures):
    """But for the study's name, and for numbers of files and commits, which they leave out."""
    text = (ROOT / document).read_text()
    (shown,) = re.findall(
        r"^    \$ lowd trace figures/digits/errors.svg\n((?:    .+\n)+)", text, re.M
    )
    printed = pictures.run("lowd", "trace", "figures/pictures/errors.svg").replace(
        "pictures", "digits"
    )
    printed = re.sub(r"code in \d+ files", "code in … files", printed)
    lines = iter(re.sub(r"commit [0-9a-f]{12} ", "commit … ", printed).splitlines())
    wanted = [line[4:] for line in shown.splitlines() if not line.endswith("…")]
    assert len(wanted) > 5
    for line in wanted:
        assert line in lines, line  # after those before it


def test_a_family_is_traced_as_its_members_are(monkeypatch):
    families = {"one": ("s",), "two": ("s", "s")}
    monkeypatch.setattr("lowd.cli.named.declared_here", lambda: Declared({}, {}, families))
    assert trace("one") == trace("s")
    # The second fails, so that an exit status of the first alone would be 0.
    monkeypatch.setattr("lowd.cli.trace.paths_of", lambda _: [[Path(SVG)], [Path(IN_GIT[0])]])
    flip(SVG)
    result = lowd("two", "--json")
    assert result.exit_code == 1
    assert [found["verified"] for found in json.loads(result.stdout)] == [False, True]
