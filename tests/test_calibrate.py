"""Which backend is advised: another than grouping only where it clearly gains."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.cost import calibration
from lowd.cost.probes import Measured

STUDY = """
studies:
  s:
    teacher: {kind: molrg, dimension: 6, rank: 2}
    pool: {size: 4096}
    samples: [2, 64, 128]
    training: {steps: 60, warm_up: 0, batch: 8}
    compute: {students_per_job: {large: 4}}
    models: {small: {architecture: mlp, width: 4}, large: {architecture: mlp, width: 16}}
"""


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """`lowd calibrate`, with seconds by (width, backend), else one; and what was measured."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(STUDY)
    measured = []

    def ask(study, seconds):
        def measure(probes):
            measured.extend(probes)
            found = {}
            for probe in measured:
                took = seconds.get((probe.model.width, probe.compute.backend), 1.0)
                found[probe] = Measured(seconds=took)
            return found

        monkeypatch.setattr(calibration, "calibrate", measure)
        return CliRunner().invoke(app, ["calibrate", study])

    ask.measured = measured
    return ask


def test_what_clearly_gains_is_advised_for_its_model_alone(asked):
    shown = asked("s", {(16, "looped"): 0.5, (4, "batched"): 0.97, (4, "looped"): 3.0})
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.splitlines()[-1] == "compute: {backend: {large: looped}}"


def test_grouping_is_kept_where_nothing_gains(asked):
    assert asked("s", {}).stdout.splitlines()[-1] == "grouped serves them all"


def test_stacks_are_measured_as_large_as_jobs_train_them(asked):
    asked("s", {})
    assert {(probe.model.width, probe.students) for probe in asked.measured} == {(4, 6), (16, 4)}


def test_a_study_without_students_is_refused(asked):
    refused = asked("t", {})
    assert refused.exit_code == 1
    assert "params.yaml has no study 't' of students (there are: s)" in refused.stderr
