"""A clone is taken for made if, and only if, all of it verifies."""

import json
import re
import shutil

import pytest
from repositories import Repository, commit

from lowd.cost.actual import took
from lowd.provenance.statement import read_statement
from lowd.store.arrays import write_store
from lowd.store.results import open_results

pytestmark = pytest.mark.campaign

EDITED = "\n_EDITED = True\n"


@pytest.fixture(scope="module")
def origin(tiny, tmp_path_factory):
    """The study of `tiny`, committed, its data pushed to a remote that is a folder."""
    root = tmp_path_factory.mktemp("origin")
    origin = Repository(shutil.copytree(tiny.path, root / "repository"))
    origin.run("dvc", "remote", "add", "-q", "--default", "store", str(root / "store"))
    origin.run("dvc", "push", "-q", "study@tiny")
    commit(origin)
    return origin


@pytest.fixture
def clone(origin, tmp_path):
    """A fresh clone, of which nothing was restored yet."""
    path = tmp_path / "clone"
    origin.run("git", "clone", "-q", str(origin.path), str(path))
    return Repository(path)


def statement(repository, job):
    return json.loads((repository.path / f"provenance/tiny/{job}.json").read_text())


def due(repository):
    """Whether Snakemake would run anything."""
    said = repository.run("workflow/run", "--dry-run", "data/tiny/manifest.json")
    return "Nothing to be done" not in said


def edit(path, old, new):
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def append(path, text):
    path.write_text(path.read_text() + text)


def flip(path):
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("link", ["copy", "hardlink"])
def test_a_restored_clone_has_nothing_to_do_and_sees_later_edits(clone, link):
    clone.run("dvc", "config", "--local", "cache.type", link)
    said = clone.run("lowd", "restore")
    assert "restored tiny" in said
    assert not due(clone)
    assert "didn't change" in clone.run("dvc", "repro", "study@tiny")
    assert clone.run("git", "status", "--porcelain", "-uno") == ""
    with_setting = clone.path / "params.yaml"
    kept = with_setting.read_text()
    edit(with_setting, "steps: 1000", "steps: 1001")
    assert due(clone)
    with_setting.write_text(kept)
    assert not due(clone)
    append(clone.path / "lowd/training/trainer.py", EDITED)
    assert due(clone)


def refusal(clone, *arguments):
    return clone.run("lowd", "restore", *arguments, code=1)


def test_a_stale_setting_is_refused(clone):
    edit(clone.path / "params.yaml", "steps: 1000", "steps: 1001")
    said = refusal(clone)
    assert "made with training.steps 1000, which is 1001 now" in said
    # Either student, and the results, which say it; nothing else that follows.
    assert said.count("made with") == 3
    assert due(clone)


def test_a_stale_module_is_refused(clone):
    append(clone.path / "lowd/metrics/generalization.py", EDITED)
    said = refusal(clone)
    assert "data/tiny/scores/mlp-4.zarr: the code that made it has changed" in said
    assert "lowd/metrics/generalization.py" in said
    assert "weights" not in said
    assert due(clone)


def test_a_corrupted_pool_is_refused_and_comes_back(clone):
    clone.run("lowd", "restore")
    pool = clone.path / "data/tiny/pool.zarr/samples/c/0/0"
    flip(pool)
    assert not due(clone)  # Snakemake sees nothing, for which `make figures` verifies first
    assert "data/tiny/pool.zarr: changed" in clone.run("lowd", "verify", "tiny", code=1)
    assert "data/tiny/pool.zarr: changed" in clone.run("dvc", "repro", "study@tiny", code=255)
    pool.unlink()
    clone.run("lowd", "restore")
    clone.run("lowd", "verify")


def test_a_pool_corrupted_on_the_way_is_refused(clone):
    clone.run("dvc", "pull", "-q", "study@tiny")
    flip(clone.path / "data/tiny/pool.zarr/samples/c/0/0")
    clone.run("dvc", "commit", "-fq", "study@tiny")  # DVC now takes it for what it should be
    said = refusal(clone)
    assert "data/tiny/pool.zarr: changed: not what provenance/tiny/pool.json says was left" in said
    assert "weights" not in said
    for stage in (["lowd", "verify", "tiny"], ["lowd", "run", "tiny"]):
        assert "data/tiny/pool.zarr: changed" in clone.run(*stage, code=1)


def test_data_that_no_remote_has_are_refused_by_name(origin, clone):
    store = origin.path.parent / "store"
    hidden = store.rename(store.with_name("hidden"))
    try:
        said = refusal(clone)
    finally:
        hidden.rename(store)
    assert re.search(r"data/tiny/\S+: missing and \d+ more: neither git nor DVC brought it", said)
    assert due(clone)


def test_code_that_changes_nothing_is_taken_in_after_a_rerun(clone):
    append(clone.path / "lowd/metrics/generalization.py", EDITED)
    append(clone.path / "lowd/kinds/transition/figures/errors.py", EDITED)
    clone.run("lowd", "restore", "--rederive", "1")
    assert not due(clone)
    changed = clone.run("git", "status", "--porcelain", "provenance").split()[1::2]
    assert "provenance/tiny/score-mlp-4.json" in changed
    assert "provenance/tiny/score-mlp-8.json" in changed
    assert "provenance/tiny/train-mlp-4.json" not in changed
    (told,) = [
        one["annotations"]
        for one in statement(clone, "score-mlp-8")["predicate"]["runDetails"]["byproducts"]
        if one["name"] == "rederivation"
    ]
    assert told["oldCode"] != told["newCode"]
    assert len([one for one in told["compared"] if "scores/mlp" in one]) == 1
    clone.run("dvc", "repro", "-q", "study@tiny")
    commit(clone)
    clone.run("lowd", "audit")


def test_code_of_every_step_is_taken_in_and_results_stay(clone):
    trained = clone.path / "provenance/tiny/train-mlp-4.json"
    first = read_statement(trained)
    append(clone.path / "lowd/store/atomic.py", EDITED)
    clone.run("lowd", "restore", "--rederive", "1")
    assert not due(clone)
    clone.run("lowd", "verify")
    assert clone.run("git", "status", "--porcelain", "-uno", "results") == ""
    told = statement(clone, "train-mlp-4")["predicate"]["runDetails"]["byproducts"]
    (again,) = [one["annotations"] for one in told if one["name"] == "rederivation"]
    assert all("/students/mlp-" in one for one in again["compared"])
    # A job took what its first run did, not what taking the code in did.
    taken_in = read_statement(trained)
    assert taken_in.started > first.finished
    assert took(taken_in) == took(first) == (first.finished - first.started).total_seconds()


def test_code_that_changes_something_is_named_and_all_stays_as_it_was(clone):
    clone.run("lowd", "restore")  # leaves Snakemake's time stamps, which are no difference
    edit(clone.path / "lowd/metrics/generalization.py", "similarity <=", "similarity - 0.1 <=")
    said = clone.run("lowd", "restore", "--rederive", "1", code=1)
    where = (
        r"data/tiny/scores/(\S+): comes out otherwise now: data/tiny/scores/\1/gl\S* differs first"
    )
    assert re.search(where, said)
    assert due(clone)
    assert clone.run("git", "status", "--porcelain", "provenance") == ""


def test_an_audit_makes_cells_again_and_sees_what_comes_out_otherwise(clone):
    clone.run("lowd", "restore")
    said = clone.run("lowd", "audit", "results", "--rederive", "3")
    assert said.count("again tiny model=mlp-") == 3
    assert said.count(": the same to the bit") == 3
    edit(
        clone.path / "lowd/training/trainer.py",
        "loss.sum().backward()",
        "(0 * loss).sum().backward()",
    )
    said = clone.run("lowd", "audit", "results", "--rederive", "1", code=1)
    assert ": differs: " in said


def test_an_audit_compares_results_with_those_of_a_commit(clone):
    clone.run("lowd", "restore")
    same = clone.run("lowd", "audit", "results", "--against", "HEAD", "--json")
    figures = {one["figure"]: one for one in json.loads(same)["against"]}
    assert set(figures) == {"regimes", "errors", "memorised", "transition", "plane"}
    assert all(one["different"] == 0 and one["values"] > 0 for one in figures.values())
    results = open_results("tiny", clone.path).load()
    results["e_gen"][0, 1, 0] += 10 * results["e_gen_se"][0, 1, 0]
    write_store(clone.path / "results/tiny.zarr", results)
    moved = json.loads(clone.run("lowd", "audit", "results", "--against", "HEAD", "--json", code=1))
    figures = {one["figure"]: one for one in moved["against"]}
    assert figures["errors"]["different"] == 1
    assert figures["errors"]["where"] == "e_gen model=mlp-4,N=8,replicate=0"
    assert figures["errors"]["largest"] == pytest.approx(10 / 2**0.5)
    assert figures["regimes"]["different"] == 0
    unknown = clone.run("lowd", "audit", "results", "--against", "no-such", code=1)
    assert "--against no-such: git knows no such commit" in unknown
    before = clone.run("lowd", "audit", "results", "--against", "HEAD~1", code=1)
    assert "--against HEAD~1: no results of tiny there" in before


@pytest.mark.parametrize("command", ["verify", "restore"])
def test_what_is_no_study_is_refused(clone, command):
    assert "params.yaml has no study 'nope' (there are: tiny, " in clone.run(
        "lowd", command, "nope", code=1
    )
