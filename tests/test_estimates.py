"""What takes longest starts first, by the plan."""

import pytest

from lowd.cli import estimates
from lowd.cli.estimates import estimate, priority
from lowd.parsing import parse_settings
from lowd.settings import Params
from lowd.table import RULES, graph

STUDY = """
studies:
  s:
    teacher: {kind: molrg, dimension: 6, rank: 2}
    pool: {size: 64}
    noise: {size: 4}
    samples: [2, 8]
    training: {steps: 3000, batch: 8, sigma_data: 0.5}
    models:
      narrow: {architecture: mlp, width: 4}
      wide: {architecture: mlp, width: 64}
"""


@pytest.fixture
def jobs(monkeypatch):
    """The graph of a study, of which nothing is foreseen yet."""
    monkeypatch.setattr(estimates, "_seconds", {})
    return graph(parse_settings(Params, STUDY, "params.yaml"))


def foreseen(jobs, monkeypatch, worth):
    """Its jobs' priorities by model, where so many steps are worth a plan."""
    plan = {
        job.statement: 90.0 if job.wildcards.get("model") == "wide" else 10.0 for job in jobs.jobs
    }

    class Priced:
        def __init__(self, job):
            self.job, self.seconds = job, plan[job.statement]

    class Plan:
        jobs = ()

    Plan.jobs = [Priced(job) for job in jobs.jobs]
    monkeypatch.setattr(estimates, "WORTH", worth)
    monkeypatch.setattr("lowd.cli.plan.price_jobs", lambda graph: Plan)
    estimate(jobs, [job.statement for job in jobs.jobs])
    look_up = jobs.of(RULES["train"], priority)
    return {model: look_up({"study": "s", "model": model}) for model in ("narrow", "wide")}


def test_priority_is_what_the_plan_foresees(jobs, monkeypatch):
    assert foreseen(jobs, monkeypatch, worth=1) == {"narrow": 10, "wide": 90}


def test_a_short_study_does_not_wait_for_a_plan(jobs, monkeypatch):
    assert foreseen(jobs, monkeypatch, worth=10**9) == {"narrow": 0, "wide": 0}
