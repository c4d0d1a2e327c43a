"""What jobs of generations of students are billed, against what their steps do."""

from pathlib import Path

import pytest
import yaml
from test_cost_bills import counted, run

from lowd.cost.bills import bill
from lowd.cost.probes import FlowProbe, ScoreProbe
from lowd.distributions.empirical import Empirical
from lowd.kinds.collapse.costs import SETUP
from lowd.models.mlp import MLP
from lowd.table import read_graph

TRAINING = {"steps": 5, "warm_up": 0, "batch": 4}
NETWORK = {"architecture": "mlp", "width": 4}
PARAMS = {
    "studies": {
        "plane": {
            "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
            "pool": {"size": 64}, "noise": {"size": 12}, "sampler": {"steps": 3},
            "samples": [4, 8], "replicates": 2, "training": TRAINING, "models": {"mlp": NETWORK},
        }
    },
    "findings": {
        "descent": {
            "kind": "collapse", "study": "plane", "samples": [4, 8], "replicates": 2,
            "generations": 3, "training": TRAINING, "model": NETWORK,
            "sampler": {"solver": "dpmpp", "steps": 3},
            "modes": {
                "replace": {"data": "replace", "candidates": 3, "select": "farthest"},
                "all": {"data": "accumulate"},
                "half": {"data": "fresh", "share": 0.5},
                "control": {"data": "control"},
            },
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """All jobs, those of the finding run but for its scores and figures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("bills"))
        Path("params.yaml").write_text(yaml.safe_dump(PARAMS))
        table = read_graph()
        scoring = next(job for job in table.jobs if job.rule.name == "score_generations")
        for job in table.leading_to(scoring.outputs).in_order:
            if job is not scoring:
                run(job)
        yield table


def asked(found, kind):
    return sum(count for probe, count in found.work if isinstance(probe, kind))


@pytest.mark.parametrize("model", ["replace.2", "all.2", "half.1", "control.2", "first.0"])
def test_students_are_asked_for_as_many_samples_as_billed(graph, model, monkeypatch):
    (job,) = (j for j in graph.jobs if j.rule.name == "breed" and j.wildcards["model"] == model)
    found = bill(job, graph)
    rows = counted(monkeypatch, MLP, "forward", lambda _, x, *level: x.shape[0] * x.shape[1])
    run(job)
    billed = sum(
        count * probe.students * probe.rows
        for probe, count in found.work
        if isinstance(probe, FlowProbe)
    )
    assert found.is_modelled and billed == sum(rows)
    assert (billed > 0) == (model not in ("control.2", "first.0")) == (found.students > 0)


def test_memorisers_are_asked_at_as_many_pairs_as_billed(graph, monkeypatch):
    (job,) = (j for j in graph.jobs if j.rule.name == "score_generations")
    pairs = counted(
        monkeypatch, Empirical, "denoise", lambda self, x, *_: len(x) * (len(self.points) + SETUP)
    )
    run(job)
    found = bill(job, graph)
    by_kind = {p.kind: count for p, count in found.work if isinstance(p, ScoreProbe)}
    assert by_kind["empirical"] == sum(pairs)
    # The first generation once, and of four modes two more.
    assert found.students == (1 + 4 * 2) * 4


def test_training_and_sampling_of_generations_are_billed_as_of_any_students(graph):
    for job in graph.jobs:
        if job.rule.name == "train_generation":
            found = bill(job, graph)
            ((probe, steps),) = found.work
            assert (probe.students, steps, found.students) == (4, 5, 4)
        if job.rule.name == "generate" and job.study == "descent":
            assert asked(bill(job, graph), FlowProbe) == 3
