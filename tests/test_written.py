"""Bases, families and files of studies: what they come to, and what is said of mistakes."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cli.completion import study_names
from lowd.settings import Params, load_declared, load_params
from lowd.written.inheritance import merged
from lowd.written.listing import LIST, listing

ROOT = Path(__file__).parents[1]
BASE = {
    "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
    "pool": {"size": 64},
    "samples": [2, 8],
    "training": {"steps": 400, "sigma_data": 1},
    "models": {"small": {"architecture": "mlp", "width": 4}},
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("studies").mkdir()


def write(studies, findings=None, across=None, **files):
    params = {"studies": studies, "findings": findings or {}, "across": across or {}}
    Path("params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    for name, settings in files.items():
        Path(f"studies/{name}.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def loaded(studies, findings=None, across=None, **files):
    write(studies, findings, across, **files)
    return load_params(Path("params.yaml"))


def refusal(studies, findings=None, **files):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        loaded(studies, findings, **files)
    return str(error.value).split("\n")


def whole(**changes):
    """The settings of a study that writes all of them itself."""
    return Params.model_validate_json(json.dumps({"studies": {"x": BASE | changes}})).studies["x"]


# What they come to


def test_a_study_has_all_of_its_base_but_what_it_writes():
    studies = loaded({"a": BASE, "b": {"extends": "a", "training": {"steps": 800}, "seed": 3}})
    assert studies.studies["b"] == whole(training={"steps": 800, "sigma_data": 1}, seed=3)
    assert studies.studies["a"] == whole()


def test_a_base_may_have_a_base_and_stand_anywhere():
    second = {"extends": "a", "training": {"steps": 800}}
    params = loaded({"c": {"extends": "b", "seed": 1}}, a=BASE, b=second)
    assert params.studies["c"] == whole(training={"steps": 800, "sigma_data": 1}, seed=1)


def test_null_takes_away_and_another_kind_replaces():
    other = {"kind": "molrg_images", "shape": [1, 4, 4], "rank": 1}
    params = loaded(
        {
            "a": BASE | {"threshold": {"nearest": 0.9}, "seed": 4},
            "b": {"extends": "a", "seed": None, "models": {"small": None, "big": BIG}},
            "c": {"extends": "a", "teacher": other, "threshold": {"unrelated": 0.9}},
        }
    )
    assert params.studies["b"] == whole(models={"big": BIG}, threshold={"nearest": 0.9})
    assert params.studies["c"] == whole(teacher=other, threshold={"unrelated": 0.9}, seed=4)


BIG = {"architecture": "mlp", "width": 8}
SETTINGS = st.recursive(
    st.integers() | st.text(max_size=2) | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.sampled_from("abcd"), SETTINGS, max_size=4)


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_merging_goes_key_by_key(base, own, more):
    before = copy.deepcopy((base, own))
    found = merged(base, own)
    assert (base, own) == before
    assert set(found) == {*base, *own}
    assert merged(base, {}) == base == merged({}, base) == merged(base, base)
    # What is written stands; what is not is the base's.
    for key, value in found.items():
        if key in own and not isinstance(own[key], dict):
            assert value == own[key]
        if key not in own:
            assert value == base[key]
    assert merged(merged(base, own), own) == found
    if not any(isinstance(each, dict) for each in (*own.values(), *more.values())):
        assert merged(found, more) == merged(base, own | more)


def test_a_family_has_a_study_for_each_combination_of_values():
    vary = {"teacher.clusters": {"k1": 1, "k2": 2}, "noise.size": [8, 16]}
    studies = loaded({"f": BASE | {"vary": vary}}).studies
    assert studies == {
        f"f-k{clusters}-{size}": whole(
            teacher=BASE["teacher"] | {"clusters": clusters}, noise={"size": size}
        )
        for clusters in (1, 2)
        for size in (8, 16)
    }
    assert [*studies] == ["f-k1-8", "f-k1-16", "f-k2-8", "f-k2-16"]


def test_keys_may_vary_together():
    vary = {"teacher.rank, training.sigma_data": [[1, 0.5], [2, 0.7]]}
    studies = loaded({"f": BASE | {"vary": vary}}).studies
    assert {name: (s.teacher.rank, s.training.sigma_data) for name, s in studies.items()} == {
        "f-1": (1, 0.5),
        "f-2": (2, 0.7),
    }


@pytest.mark.parametrize(
    ("key", "values", "names"),
    [
        ("training.learning_rate", [0.001, 1e-05], ["f-0-001", "f-1e-05"]),
        ("samples", [[2, 4], [2, 8]], ["f-2-4", "f-2-8"]),
        ("descriptor", ["identity", "centred"], ["f-identity", "f-centred"]),
        ("models.small.width", [4, 8], ["f-4", "f-8"]),
        ("threshold", {"near": {"nearest": 0.9}, "far": {"unrelated": 0.9}}, ["f-near", "f-far"]),
    ],
)
def test_names_are_from_the_values(key, values, names):
    assert [*loaded({"f": BASE | {"vary": {key: values}}}).studies] == names


def test_a_member_may_be_a_base_and_a_family_have_one():
    params = loaded(
        {"a": BASE, "f": {"extends": "a", "vary": {"seed": [1, 2]}}, "m": {"extends": "f-2"}}
    )
    assert params.studies["m"] == params.studies["f-2"] == whole(seed=2)


def test_a_comparison_of_a_family_is_of_its_members():
    across = {"s": {"figure": "slopes", "studies": ["a", "f"]}}
    params = loaded({"a": BASE, "f": BASE | {"vary": {"seed": [1, 2]}}}, across=across)
    assert params.across["s"].studies == ("a", "f-1", "f-2")


def test_a_file_may_have_a_finding():
    finding = {
        "kind": "bias-variance",
        "study": "a",
        "samples": [2, 4],
        "reference": {"model": "small", "samples": 4},
        "training": BASE["training"],
        "models": BASE["models"],
    }
    params = loaded({"a": BASE}, parts=finding, more={"extends": "parts", "replicates": 4})
    assert [*params.findings] == ["more", "parts"] and [*params.studies] == ["a"]
    assert params.findings["more"].replicates == 4


def test_params_yaml_may_have_no_study_if_a_file_has_one():
    Path("params.yaml").touch()
    Path("studies/a.yaml").write_text(yaml.safe_dump(BASE))
    Path("studies/README.md").write_text("not a study")
    Path("studies/.a.yaml").write_text("what an editor leaves: [")
    assert load_params(Path("params.yaml")).studies == {"a": whole()}


# What is said of mistakes


@pytest.mark.parametrize(
    ("studies", "line"),
    [
        (
            {"molrg": BASE, "b": {"extends": "molgr"}},
            "studies.b.extends: no study 'molgr'; did you mean molrg?",
        ),
        (
            {"a": BASE | {"extends": "b"}, "b": {"extends": "a"}},
            "studies.a.extends: a circle, a → b → a; one has to extend none",
        ),
        (
            {"a": BASE | {"extends": "a"}},
            "studies.a.extends: a circle, a → a; one has to extend none",
        ),
        ({"a": BASE, "b": {"extends": ["a"]}}, "studies.b.extends: ['a'] is not the name of"),
        (
            {"f": BASE | {"vary": {"seed": [1, 2]}}, "b": {"extends": "f"}},
            "studies.b.extends: f is a family; name one of its members (f-1, f-2)",
        ),
        (
            {"f": BASE | {"vary": {"seed": [1, 2]}}, "f-2": BASE},
            "studies.f-2: studies.f has this name; choose another",
        ),
        (
            {"f-2": BASE, "f": BASE | {"vary": {"seed": [1, 2]}}},
            "studies.f.vary: makes f-2, but studies.f-2 has this name; choose another",
        ),
        (
            {"f": BASE | {"vary": {"teacher.rnk": [1, 2]}}},
            "studies.f.vary.teacher.rnk: no such setting (got 1); did you mean rank?",
        ),
        (
            {"f": BASE | {"vary": {"teacher.rank": [2, 20]}}},
            "studies.f.vary.teacher.rank: 1 orthogonal subspaces of rank 20 do not fit",
        ),
        (
            {"f": BASE | {"vary": {"seed.x": [2]}}},
            "studies.f.vary.seed.x: Input should be a valid integer",
        ),
        (
            {"f": BASE | {"vary": {"samples": [[2, 4], "2-4"]}}},
            "studies.f.vary.samples: [2, 4] and '2-4' both give the name f-2-4; leave one out, or "
            "label them: {a: …, b: …}",
        ),
        (
            {"f": BASE | {"vary": {"seed": ["1-2", 1], "noise.size": [3, "2-3"]}}},
            "studies.f.vary: two combinations are both f-1-2-3; label values",
        ),
        (
            {"a": BASE, "b": {"extend": "a"}},
            "studies.b.extend: no such setting; did you mean extends?",
        ),
        (
            {"f": BASE | {"vary": {"descriptor": ["…", "identity"]}}},
            "studies.f.vary.descriptor: '…' makes no name; label values",
        ),
        ({"f": BASE | {"vary": {}}}, "studies.f.vary: give keys with their values"),
        ({"f": BASE | {"vary": {"seed": 3}}}, "studies.f.vary.seed: give a list of values"),
        (
            {"f": BASE | {"vary": {"seed, noise.size": [[1, 8], [2]]}}},
            "studies.f.vary.seed, noise.size: [2] is not a list of 2 values, one a key",
        ),
        (
            {"f": BASE | {"vary": {"threshold": [{"nearest": 0.9}]}}},
            "studies.f.vary.threshold: {'nearest': 0.9} makes no name; label values",
        ),
        (
            {"f": BASE | {"vary": {"seed": [*range(100)], "noise.size": [*range(100)]}}},
            "studies.f.vary: 10000 studies, more than 1000; vary fewer",
        ),
    ],
)
def test_what_makes_no_sense_is_said_with_its_key_and_the_remedy(studies, line):
    assert refusal(studies)[0].startswith(line)


def test_a_mistake_in_a_base_or_a_family_is_said_once():
    base = BASE | {"seeds": 3}
    studies = {"a": base, "b": {"extends": "a"}, "f": {"extends": "b", "vary": {"seed": [1, 2]}}}
    assert refusal(studies) == ["studies.a.seeds: no such setting (got 3); did you mean seed?"]
    family = {"f": base | {"vary": {"seed": [1, 2]}}}
    assert refusal(family) == ["studies.f.seeds: no such setting (got 3); did you mean seed?"]


def test_a_mistake_in_a_file_is_said_with_the_file():
    assert refusal({}, a=BASE | {"training": {"step": 3}}) == [
        "studies/a.yaml: training.steps: required",
        "studies/a.yaml: training.step: no such setting (got 3); did you mean steps?",
    ]
    assert refusal({"a": BASE}, a=BASE) == [
        "studies/a.yaml: studies.a has this name; choose another"
    ]
    assert refusal({}, A=BASE)[0].startswith("studies/A.yaml (name): ")
    Path("studies/A.yaml").write_text("a: [")
    assert refusal({})[0].startswith("studies/A.yaml: not YAML (")
    Path("studies/A.yaml").write_text("- 1")
    assert refusal({}) == ["studies/A.yaml: give the settings of one study, `teacher: …`"]
    Path("studies/A.yaml").rename("studies/a.yml")
    assert refusal({"a": BASE}) == ["studies/a.yml: is not read; call it a.yaml"]
    Path("studies/a.yml").unlink()
    Path("studies/old").mkdir()
    Path("studies/old/a.yaml").touch()
    assert refusal({"a": BASE}) == ["studies/old/a.yaml: is not read; put it into studies/ itself"]


# What DVC goes by


def test_the_list_is_read_by_dvc_as_by_lowd():
    """With numbers and texts that YAML 1.1 and 1.2 read otherwise."""
    from dvc.fs import LocalFileSystem
    from dvc.utils.serialize import load_path

    options = {"a": "1e-3", "b": "0o17", "c": 1e-05, "d": "é"}
    teacher = {"kind": "custom", "entry": "m:f", "shape": [4], "options": options}
    Path("params.yaml").write_text(json.dumps({"studies": {"a": BASE | {"teacher": teacher}}}))
    assert CliRunner().invoke(app, ["declare"]).exit_code == 0
    read = load_path(str(LIST.absolute()), LocalFileSystem())
    assert read["declared"]["studies"]["a"]["teacher"] == teacher
    declared = Params.model_validate_json(json.dumps(read["declared"]))
    assert declared == load_params(Path("params.yaml"))


def test_the_list_of_this_repository_is_up_to_date():
    declared = load_declared(ROOT / "params.yaml")
    assert (ROOT / LIST).read_text() == listing(declared.settings)


def test_a_list_is_not_written_of_what_is_refused():
    write({"a": BASE | {"seeds": 3}})
    result = CliRunner().invoke(app, ["declare"])
    assert result.exit_code == 1 and not LIST.exists()
    assert result.stderr.startswith("lowd declare: studies.a.seeds: no such setting")


def test_a_shell_completes_members_and_files():
    write({"a": BASE, "f": BASE | {"vary": {"seed": [1, 2]}}}, mine={"extends": "a"})
    assert study_names("") == ["a", "f-1", "f-2", "mine", "f"]


def test_a_run_of_a_family_makes_the_figure_of_its_name_after_its_members(monkeypatch):
    figure = {"figure": "slopes", "studies": ["f"]}
    write({"a": BASE, "f": BASE | {"vary": {"seed": [1, 2]}}}, across={"f": figure})
    for name in ("Snakefile", "dvc.yaml"):
        Path(name).write_text(LIST.name)
    made = []
    monkeypatch.setattr("lowd.cli.studies._reproduce", lambda name, stage: made.append(stage))
    together = []
    monkeypatch.setattr("lowd.cli.studies._make_together", together.extend)
    monkeypatch.setattr("lowd.cli.studies._tell_what_there_is", lambda *_: None)
    result = CliRunner().invoke(app, ["run", "f", "a"])
    assert result.exit_code == 0, result.output
    assert made == ["study@f-1", "study@f-2", "across@f", "study@a"]
    assert together == ["f-1", "f-2", "f", "a"]


@pytest.mark.campaign
def test_dvc_sees_an_edit_of_a_base_in_what_extends_it_alone():
    """Without lowd: its stage `declared` is before the studies'."""
    write({"a": BASE, "b": {"extends": "a", "seed": 1}, "c": BASE})
    CliRunner().invoke(app, ["declare"])
    text = (ROOT / "dvc.yaml").read_text().replace("lowd verify", "true; #")
    outs = text.index("      deps:\n        - Snakefile"), text.index("  # Findings stand on")
    Path("dvc.yaml").write_text(
        (text[: outs[0]] + text[outs[1] :])
        .replace("cmd: lowd", f"cmd: {sys.executable} -m lowd")
        .replace("cmd: true;", "cmd: echo runs ${key};")
    )
    assert said("git", "init", "-q") == "" and said("dvc", "init", "-q") == ""
    said("dvc", "repro", *(f"study@{name}" for name in "abc"))
    assert said("dvc", "status").strip() == "Data and pipelines are up to date."
    write({"a": BASE | {"seed": 4}, "b": {"extends": "a", "seed": 1}, "c": BASE})
    assert said("dvc", "status").startswith("declared:")
    again = said("dvc", "repro", *(f"study@{name}" for name in "abc"))
    assert "runs a\n" in again and "runs b\n" not in again and "runs c\n" not in again
    write({"a": BASE | {"replicates": 3}, "b": {"extends": "a", "seed": 1}, "c": BASE})
    again = said("dvc", "repro", *(f"study@{name}" for name in "abc"))
    assert "runs a\n" in again and "runs b\n" in again and "runs c\n" not in again


def said(tool, *words):
    program = str(Path(sys.executable).parent / tool) if tool == "dvc" else tool
    return subprocess.run([program, *words], capture_output=True, text=True, check=True).stdout
