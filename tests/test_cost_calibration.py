"""What is measured on a machine: once, in the environment of jobs, and more for more work."""

import json

import pytest

from lowd.cost import calibration
from lowd.cost.calibration import calibrate
from lowd.cost.measure import measure
from lowd.cost.probes import (
    ScoreProbe,
    StartProbe,
    TrainProbe,
)
from lowd.cost.tally import Tally, step_cost
from lowd.models.settings import MLPSettings
from lowd.training.settings import (
    EDMSettings,
)

EDM = EDMSettings()


def test_probes_are_measured_once_and_again_on_another_machine(tmp_path, monkeypatch):
    probe, store = StartProbe(modules=("json",)), tmp_path / "kept/calibration.json"
    (first,) = calibrate([probe, probe], store).values()
    assert first.seconds > 0 and first.memory > 2**20
    monkeypatch.setattr(calibration, "MEASURING", "nowhere")
    monkeypatch.setattr(calibration, "code_digest", lambda modules: "as before")
    monkeypatch.setattr(calibration.subprocess, "Popen", lambda *_, **__: pytest.fail("measured"))
    here = json.loads(store.read_text())
    here[json.dumps(calibration.machine(), sort_keys=True)] = next(iter(here.values()))
    store.write_text(json.dumps(here))
    assert calibrate([probe], store) == {probe: first}
    for change in ("torch.__version__", "lowd.cost.calibration.cpu_model"):
        with monkeypatch.context() as patch:
            patch.setattr(change, "another" if "version" in change else lambda: "another")
            with pytest.raises(pytest.fail.Exception):
                calibrate([probe], store)


def test_a_damaged_calibration_is_measured_anew(tmp_path):
    store = tmp_path / "calibration.json"
    store.write_text('{"half":')
    probe = StartProbe(modules=("json",))
    assert calibrate([probe], store)[probe].seconds > 0
    assert len(json.loads(store.read_text())) == 1


def test_a_probe_that_fails_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"calibration of .* failed: .*no_such_module"):
        calibrate([StartProbe(modules=("no_such_module",))], tmp_path / "c.json")


def test_times_measured_grow_with_the_work(monkeypatch):
    """On a clock that goes by FLOPs: seconds depend on what else the machine has to do."""
    wide = MLPSettings(architecture="mlp", width=256)

    def step(students, batch):
        return measure(
            TrainProbe(model=wide, aim=EDM, shape=(6,), students=students, batch=batch)
        ).seconds

    with Tally() as tally:
        monkeypatch.setattr("lowd.cost.measure._clock", lambda device: lambda: tally.flops)
        once = step(2, 64)
        assert once == pytest.approx(2 * step_cost(EDM, wide, (6,), 64).flops, rel=1e-3)
        assert step(16, 128) == pytest.approx(16 * once, rel=1e-3)
        # Too large to be measured whole: 4,000 students are as many as 4 a thousand times.
        assert step(4000, 64) == pytest.approx(2000 * once, rel=1e-3)


def test_a_score_takes_time(monkeypatch):
    monkeypatch.setattr("lowd.cost.measure.ENOUGH", 0.05)
    for probe in (ScoreProbe(kind="chance", features=8), ScoreProbe(kind="frechet", features=8)):
        assert measure(probe).seconds > 0
