"""The fault campaign has a study of every kind, and another value for a setting of every job."""

import sys
from pathlib import Path

import numpy as np
import pytest

from lowd.discovery import kind_of
from lowd.settings import Params
from lowd.table import JOBS, RULES, graph

sys.path.append(str(Path(__file__).parents[1] / "benchmarks/faults"))
from kinds import KINDS
from report import with_section

ONE_NAME = {"figure", "draw", "manifest"}
"""Rules of which nearly all studies have but one set of settings: names of what there is."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where inputs are that settings are checked against."""
    monkeypatch.chdir(tmp_path)
    Path("inputs").mkdir()
    for name in ("images", "others"):
        np.savez(f"inputs/{name}.npz", images=np.zeros((64, 1, 4, 4), np.uint8))


def jobs_of(kind, params):
    """The jobs of the study, finding or comparison itself."""
    found = graph(Params.model_validate(params)).jobs
    return [job for job in found if job.statement.parent.name == kind.folder]


def rule_of(job):
    """What the campaign calls it: its step, but for two rules that share one."""
    name = job.rule.name
    return name if name in ("generate_teacher", "generate_empirical") else job.step.name


def test_every_kind_has_a_study():
    have = set()
    for kind in KINDS.values():
        params = Params.model_validate(kind.params)
        named = {**params.every, **params.across}[kind.name]
        have.add(kind_of(type(named)))
    assert have == set(JOBS)


def test_every_rule_is_of_some_study():
    rules = {job.rule.name for kind in KINDS.values() for job in jobs_of(kind, kind.params)}
    assert rules == set(RULES)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_to_change_a_jobs_settings_does(name):
    kind = KINDS[name]
    before = {job.statement: job for job in jobs_of(kind, kind.params)}
    first = {rule_of(job): job.statement for job in reversed(before.values())}
    unchanged = set()
    for rule, statement in first.items():
        after = None
        if rule in kind.changes:
            edited = kind.changed(*kind.changes[rule])
            after = next((j for j in jobs_of(kind, edited) if j.statement == statement), None)
        if after is None or after.settings == before[statement].settings:
            unchanged.add(rule)
    assert unchanged <= ONE_NAME


def test_a_section_takes_the_place_of_its_own_and_leaves_the_others():
    whole = ""
    for heading, text in (("A", "1"), ("B", "2"), ("A", "3")):
        whole = with_section(whole, heading, text)
    assert whole == "# Faults\n\n## A\n\n3\n\n## B\n\n2\n"
