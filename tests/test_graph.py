"""The table of jobs, by itself and as Snakemake plans it."""

import copy
import inspect
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from repositories import FINDINGS, MAPS, STUDIES, WIDE, create

from lowd.cli.planned import planned
from lowd.cli.run import COMPUTED
from lowd.fields import RESERVED
from lowd.kinds.transition.settings import Transition
from lowd.parsing import parse_settings
from lowd.settings import Params
from lowd.table import PLOTTED, RULES, graph, read_graph

ROOT = Path(__file__).parents[1]
DESCRIBED = {
    "network": STUDIES["pictures"] | {"descriptor": {"kind": "trained_sscd", "steps": 2}},
    "number": STUDIES["tiny"] | {"threshold": 0.6},
    "file": STUDIES["pictures"]
    | {"descriptor": {"kind": "sscd", "path": "inputs/network.pt", "sha256": "0" * 64}},
    "custom": STUDIES["tiny"]
    | {"teacher": {"kind": "custom", "entry": "my_teacher:load", "shape": [6]}},
}
# One model in parts, and its fellow at once, in one study and the other way round in another.
SPLIT = {
    "split": STUDIES["tiny"] | {"compute": {"students_per_job": {"mlp-8": 2}}},
    "halved": STUDIES["tiny"] | {"compute": {"students_per_job": {"mlp-4": 2}}},
}
ACROSS = {
    "beside": {"figure": "controls", "studies": ["tiny", "pictures"]},
    "ranks": {"figure": "jacobians", "studies": ["tiny", "pictures"]},
    "lemma": {
        "figure": "denoisers",
        "studies": ["pictures"],
        "mixture": {"clusters": 2, "rank": 2},
    },
    "apart": {"figure": "disjoint", "studies": ["pictures"]},
    "both": {"figure": "decomposition", "studies": ["parts"]},
    "growing": {"figure": "dimension", "studies": ["deep", "flat"]},
    "weighed": {"figure": "laws", "laws": {"two-regimes": ["pictures"]}},
}
DEEP = {
    name: STUDIES["tiny"]
    | {"teacher": {"kind": "molrg", "dimension": 6, "rank": rank}, "pool": {"size": 64}}
    for name, rank in (("deep", 3), ("flat", 1))
}
ELSEWHERE = {
    "elsewhere": {
        "kind": "external",
        "teacher": STUDIES["pictures"]["teacher"],
        "pool": {"size": 64},
        "samples": [2, 4],
        "training_sets": {"kind": "pool"},
        "models": {"a": {"kind": "exported", "path": "inputs/{N}-{replicate}.pt2"}},
    }
}
OF_STUDENTS = {
    "marked": {"kind": "markers", "study": "tiny"},
    "seen": {"kind": "markers", "study": "network"},
    "told": {"kind": "explained", "study": "pictures", "noises": 8},
    "recovered": {"kind": "recovery", "study": "spiked"},
    "timed": {
        "kind": "dynamics",
        "study": "tiny",
        "samples": [2, 8],
        "replicates": 2,
        "snapshots": {"first": 5, "per_octave": 1},
        "training": STUDIES["tiny"]["training"],
        "models": {"mlp-4": {"architecture": "mlp", "width": 4}},
        "optimizers": {"mlp-4": {"kind": "sgd"}},
        "times": {"quality": 1.0},
    },
}
LOOKED_AT = {
    "edits": {"kind": "editing", "study": "wide", "images": 4, "singular": [1, 5]},
    "marks": {
        "kind": "watermark",
        "study": "wide",
        "images": 8,
        "clean": 16,
        "sigmas": [0.3],
        "radius": 1,
    },
}
CLASSED = {
    "classed": STUDIES["tiny"]
    | {
        "teacher": {
            "kind": "noisy_molrg", "dimension": 6, "rank": 2, "clusters": 2, "delta": 0.3,
        }
    }
}  # fmt: skip
SPIKED = {
    "spiked": STUDIES["tiny"]
    | {
        "teacher": {"kind": "gaussian", "shape": [6], "spikes": [2.0, 1.0]},
        "noise": {"size": 12},
    }
}
OF_CLASSES = {
    "guided": {
        "kind": "guidance",
        "study": "classed",
        "model": {"architecture": "mlp", "width": 4},
        "training": {"steps": 40, "warm_up": 5},
        "weights": [0, 1],
    },
    "read": {"kind": "representation", "study": "classed"},
}
EVERY = {
    "studies": STUDIES | MAPS | WIDE | DESCRIBED | SPLIT | DEEP | ELSEWHERE | CLASSED | SPIKED,
    "findings": FINDINGS | OF_STUDENTS | LOOKED_AT | OF_CLASSES,
    "across": ACROSS,
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Where every kind of job is asked for, and none has been run."""
    created = create(tmp_path_factory.mktemp("graph") / "repository")
    (created.path / "params.yaml").write_text(yaml.safe_dump(EVERY, sort_keys=False))
    (created.path / "inputs/network.pt").write_bytes(b"weights")
    (created.path / "inputs/my_teacher.py").write_text("def load(): ...\n")
    # The code is that of here, so that its digest is.
    shutil.copy(ROOT / "lowd/steps/resumable.py", created.path / "lowd/steps")
    return created


@pytest.fixture
def table(repository, monkeypatch):
    """Its jobs."""
    monkeypatch.chdir(repository.path)
    monkeypatch.syspath_prepend(repository.path / "inputs")
    return read_graph()


def changed(study, **changes):
    return Transition.model_validate_json(json.dumps(copy.deepcopy(STUDIES[study]) | changes))


def jobs_of(study):
    """By rule and, if there are several, by the model that they are of."""
    jobs = graph(Params(studies={"mine": study})).jobs
    return {(job.rule.name, job.wildcards.get("model", "")): job for job in jobs}


# By itself


def test_every_rule_has_jobs_here(table):
    assert {job.rule for job in table.jobs} == set(RULES.values())


def test_every_job_leaves_files_and_a_statement_of_its_own_and_reads_none(table):
    every = [path for job in table.jobs for path in (*job.outputs, job.statement, job.log)]
    assert len(every) == len(set(every))
    for job in table.jobs:
        assert job.statement.parent == Path("provenance", job.study)
        assert not [path for path in job.needs if path.parts[0] == "provenance"]


def test_all_that_a_job_reads_is_made_by_another_or_the_users_own(table):
    made = {path for job in table.jobs for path in job.outputs}
    read = {path for job in table.jobs for path in job.needs}
    assert read - made == {Path("inputs/images.npz"), Path("inputs/network.pt")}


def test_what_stands_beside_the_models_is_reserved():
    outputs = [path for rule in RULES.values() for path in rule.outputs]
    beside = set(re.findall(r"/(?:generated|scores)/(\w+)\.zarr", " ".join(outputs)))
    assert sorted(beside) == sorted(RESERVED)


def test_every_figure_says_what_it_plots():
    modules = (ROOT / "lowd/kinds").glob("*/figures/*.py")
    drawing = {path.stem for path in modules if "\ndef draw(" in path.read_text()}
    # Drawn from what steps have at hand, and from the results of studies that have the same scores.
    assert drawing - {"samples", "controls", "slopes"} == set(PLOTTED)


def test_only_what_leads_to_a_target_is_planned(table):
    scores = Path("data/tiny/scores/mlp-4.zarr")
    rules = Counter(job.rule.name for job in table.leading_to([scores]).jobs)
    singles = ("teacher", "pool", "noise", "describe", "generate_teacher", "generate_empirical")
    assert rules == dict.fromkeys((*singles, "train", "generate", "score"), 1)
    with pytest.raises(ValueError, match="data/tiny/nothing: nothing in params"):
        table.leading_to([Path("data/tiny/nothing")])


def test_a_planned_job_has_the_arguments_that_its_step_takes(repository, table):
    jobs = planned([path.as_posix() for path in table.ends])
    assert [job.statement for job in jobs] == [job.statement for job in table.jobs]
    for job in jobs:
        bound = inspect.signature(job.step).bind(job.settings, **job.paths)
        assert set(bound.signature.parameters) - set(bound.arguments) <= set(COMPUTED)


def test_settings_reach_their_steps_unchanged(table):
    for job in table.jobs:
        text = job.settings.model_dump_json()
        assert parse_settings(type(job.settings), text, "--settings") == job.settings


def test_planning_imports_nothing_heavy(repository):
    program = (
        "import sys; sys.path.insert(0, 'inputs')\n"
        "from lowd.table import read_graph; jobs = read_graph().jobs;"
        "[(job.command, job.needs, job.code) for job in jobs];"
        "sys.exit(bool({'torch', 'matplotlib', 'xarray', 'sklearn'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=repository.path)


def test_every_pair_of_models_is_scored_once():
    models = {
        name: {"architecture": "mlp", "width": width} for width, name in enumerate("dacb", start=4)
    }
    pairs = [
        frozenset((job.settings.name, other))
        for job in jobs_of(changed("tiny", models=models)).values()
        if job.rule.name == "score"
        for other in job.settings.others
    ]
    assert sorted(map(sorted, pairs)) == sorted(map(list, combinations("abcd", 2)))


def test_a_teacher_of_the_users_own_counts_by_its_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "their_teacher.py"
    module.write_text("def load(): ...")
    custom = {"kind": "custom", "entry": "their_teacher:load", "shape": [6]}
    jobs = jobs_of(changed("tiny", teacher=custom))
    loading = [jobs[rule, ""] for rule in ("teacher", "pool", "generate_teacher")]
    before = [job.content for job in loading]
    module.write_text("def load(): return 1")
    assert all(job.content != old for job, old in zip(loading, before, strict=True))
    module.unlink()
    with pytest.raises(ValueError, match="no module 'their_teacher' in inputs/"):
        jobs["teacher", ""].content  # noqa: B018
    assert {job.content for job in jobs_of(changed("tiny")).values()} == {""}


def test_where_published_images_lie_is_nothing_to_their_teacher():
    teacher = STUDIES["pictures"]["teacher"]
    here, there = (
        jobs_of(
            changed(
                "pictures",
                teacher=teacher | {"images": {"source": "cifar10", "size": [4, 4], "path": path}},
            )
        )
        for path in (None, "somewhere/cifar-10-binary.tar.gz")
    )
    assert here["teacher", ""].settings == there["teacher", ""].settings
    assert here["images", ""].settings != there["images", ""].settings


# As Snakemake plans it


def test_snakemake_plans_the_jobs_of_the_table_and_no_others(repository, table):
    printed = repository.run("snakemake", "--dry-run", "--forceall", "--printshellcmds", "all")
    found = re.findall(
        r"^(?:local)?rule (\w+):\n(?:    input: (.*)\n)?    output: (.*)\n    log: (.*)\n"
        r"(?:    .*\n)+Shell command: (.*)$",
        printed,
        re.M,
    )
    expected = [
        (
            job.rule.name,
            ", ".join(map(str, job.needs)),
            ", ".join(map(str, job.outputs)),
            str(job.log),
            f"{job.command} > {job.log} 2>&1",
        )
        for job in table.jobs
    ]
    assert sorted(found) == sorted(expected)


def test_a_file_that_no_job_makes_is_refused_by_name(repository):
    path = "data/split/parts/mlp-4.1/weights.safetensors"  # the part of another study
    assert f"{path}: nothing in params.yaml makes it" in repository.run(
        "snakemake", "-n", path, code=1
    )


def test_a_wrong_setting_is_told_before_anything_is_planned(repository):
    params = repository.path / "params.yaml"
    before = params.read_text()
    params.write_text(yaml.safe_dump({"studies": {"tiny": STUDIES["tiny"] | {"seed": -1}}}))
    try:
        printed = repository.run("snakemake", "-n", "all", code=1)
    finally:
        params.write_text(before)
    assert "params.yaml is refused:\nstudies.tiny.seed" in printed
