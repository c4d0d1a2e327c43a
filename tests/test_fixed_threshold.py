"""A threshold that a study gives: what is compared by it, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from lowd import grid
from lowd.cost.bills import bill
from lowd.figures import vacuous
from lowd.metrics.settings import UnrelatedRule
from lowd.parsing import parse_settings
from lowd.settings import Params
from lowd.steps.describe import DescribeStep, describe, load_yardstick
from lowd.steps.describe_fixed import FixedStep, describe_fixed
from lowd.store.arrays import write_store
from lowd.table import graph

STUDY = {
    "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
    "pool": {"size": 64},
    "samples": [2, 8],
    "training": {"steps": 400},
    "models": {"small": {"architecture": "mlp", "width": 4}},
}


def study(threshold):
    params = {"studies": {"x": STUDY | {"threshold": threshold}}}
    return parse_settings(Params, json.dumps(params), "params.yaml")


@pytest.fixture
def pool(tmp_path):
    """Where samples of a pool lie; they are of no use to a teacher without images."""
    samples = np.random.default_rng(0).normal(size=(40, 6)).astype(np.float32)
    write_store(
        tmp_path / "pool.zarr",
        xr.Dataset(
            {
                "samples": (("sample", "x"), samples),
                "reference": (("reference_sample", "x"), samples),
            }
        ),
    )
    return tmp_path / "pool.zarr"


@pytest.mark.parametrize("descriptor", ["identity", "centred"])
def test_all_but_the_threshold_is_what_a_rule_writes(pool, tmp_path, descriptor, capsys):
    given = {"pool": pool, "teacher": tmp_path / "teacher"}
    fixed = FixedStep(descriptor=descriptor, threshold=0.6, largest=8)
    describe_fixed(fixed, **given, output=tmp_path / "fixed.json")
    rule = UnrelatedRule(unrelated=0.999)
    ruled = DescribeStep(descriptor=descriptor, threshold=rule, largest=8)
    describe(ruled, **given, output=tmp_path / "ruled.json")
    found, expected = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("fixed", "ruled")
    )
    assert found == expected | {"threshold": 0.6, "rule": {"fixed": 0.6}}
    assert load_yardstick(tmp_path / "fixed.json").threshold == 0.6
    told = "99.9% of pairs of different teacher samples are less similar than "
    assert f"{told}{expected['threshold']:.3f}" in capsys.readouterr().err
    assert not list(tmp_path.glob(".*"))


def test_the_number_takes_the_place_of_the_rule_and_nothing_else():
    by_number, by_rule = (
        {job.outputs: job for job in graph(study(each)).jobs} for each in (0.6, {"nearest": 0.9})
    )
    assert by_number.keys() == by_rule.keys()
    other = [paths for paths, job in by_number.items() if job.rule != by_rule[paths].rule]
    assert other == [(Path("results/x.yardstick.json"),)]
    (fixed,) = (by_number[paths] for paths in other)
    assert fixed.settings == FixedStep(descriptor="identity", threshold=0.6, largest=8)
    assert fixed.statement == by_rule[other[0]].statement
    for paths, job in by_number.items():
        if paths not in other:
            assert job.settings == by_rule[paths].settings and job.code == by_rule[paths].code


def test_it_costs_what_a_rule_of_unrelated_samples_does():
    """Which it is, with another number written."""
    fixed, ruled = (graph(study(each)) for each in (0.6, {"unrelated": 0.999}))
    costs = [
        bill(job, jobs)
        for jobs in (fixed, ruled)
        for job in jobs.jobs
        if job.outputs == (Path("results/x.yardstick.json"),)
    ]
    assert costs[0] == costs[1] and costs[0].is_modelled


@pytest.mark.parametrize(
    ("threshold", "reason"),
    [
        (1, "studies.x.threshold: Input should be less than 1 (got 1)"),
        (0.9999999, "studies.x.threshold: 0.9999999 is within rounding of 1, so "),
        (-1.0, "studies.x.threshold: Input should be greater than -1 (got -1.0)"),
        (True, "studies.x.threshold: "),
        ("0.6", "studies.x.threshold: Input should be a valid number (got '0.6')"),
        ({"nearst": 0.9}, "studies.x.threshold.nearest: required"),
    ],
)
def test_what_is_no_threshold_is_refused(threshold, reason):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        study(threshold)
    assert str(error.value).startswith(reason)


def test_a_threshold_is_refused_where_results_would_be_called_vacuous():
    assert grid.ROUNDING == vacuous.ROUNDING
    assert study(0.999998).studies["x"].threshold == 0.999998
