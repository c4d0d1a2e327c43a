"""Times of training and double descent of a whole small finding, against loops over its files."""

from importlib import import_module
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from jobs import make, run
from test_cost_bills import counted

from lowd.cost.bills import bill
from lowd.cost.probes import ScoreProbe
from lowd.kinds.dynamics.levels import TimesSettings
from lowd.kinds.dynamics.settings import Dynamics, Ladder
from lowd.kinds.dynamics.times import times
from lowd.metrics.double_descent import double_descent
from lowd.models.settings import MLPSettings
from lowd.settings import Params
from lowd.steps.train import student_name
from lowd.steps.training_sets import training_rows
from lowd.store.arrays import read_store
from lowd.store.checkpoints import load_checkpoint
from lowd.store.students import load_students
from lowd.table import graph as graph_of
from lowd.training.settings import TrainingSettings

D, RANK, SAMPLES, REPLICATES, STEPS = 6, 2, (3, 8), 3, (5, 20, 40, 60)
MODELS = ("adam", "sgd")
NETWORK = {"architecture": "mlp", "width": 16}
TRAINING = {"steps": 60, "warm_up": 0, "batch": 16, "learning_rate": 0.01, "ema": 0.0}
PARAMS = {
    "studies": {
        "plane": {
            "teacher": {"kind": "molrg", "dimension": D, "rank": RANK},
            "pool": {"size": 24}, "noise": {"size": 20}, "sampler": {"steps": 5},
            "samples": [3, 8], "replicates": 3, "training": TRAINING, "models": {"mlp": NETWORK},
        }
    },
    "findings": {
        "turns": {
            "kind": "dynamics", "study": "plane", "samples": list(SAMPLES),
            "replicates": REPLICATES, "snapshots": list(STEPS), "training": TRAINING,
            "models": {"adam": NETWORK, "sgd": NETWORK},
            "optimizers": {"sgd": {"kind": "sgd", "learning_rate": 0.1}},
            "times": {"quality": 1.0}, "descent": True,
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder where the finding has been made, and the jobs."""
    path = tmp_path_factory.mktemp("turns")
    return path, make(path, PARAMS, "turns.zarr")


@pytest.fixture(autouse=True)
def folder(made, monkeypatch):
    monkeypatch.chdir(made[0])


@pytest.fixture
def turns():
    return read_store(Path("results/turns.zarr"), finite=False)


def samples(model):
    """(N, replicate, step, noise, feature)."""
    return read_store(Path(f"data/turns/generated/{model}.zarr"))["samples"]


def truth():
    return read_store(Path("data/plane/generated/teacher.zarr"))["samples"].values


def job_of(graph, name):
    return next(job for job in graph.jobs if job.rule.name == name)


def test_students_are_kept_after_every_step_asked_for():
    stack = load_students(Path("data/turns/students/sgd/weights.safetensors"))
    assert [cell["step"] for cell in stack.cells[: len(STEPS)]] == list(STEPS)
    assert len(stack.cells) == len(SAMPLES) * REPLICATES * len(STEPS)


def test_copies_are_counted_as_a_plain_loop_does(turns):
    pool = read_store(Path("data/plane/pool.zarr"))["samples"].values
    sets = training_rows(len(pool), SAMPLES, REPLICATES)
    for model, n, r, step in product(MODELS, SAMPLES, range(REPLICATES), STEPS):
        one = samples(model).sel({"N": n, "replicate": r, "step": step}).values
        far = np.linalg.norm(one[:, None] - pool[sets[n, r]][None], axis=2)
        far.sort(axis=1)
        found = turns["copied"].sel({"model": model, "N": n, "replicate": r, "step": step})
        assert float(found) == pytest.approx((far[:, 0] < far[:, 1] / 3).mean())


def test_parts_of_the_error_are_numpys_and_their_squares_add_up(turns):
    tensors, _ = load_checkpoint(Path("data/plane/teacher/weights.safetensors"))
    frame = tensors["bases"][0].numpy()
    assert frame.shape == (D, RANK)
    inside = frame @ frame.T
    true = truth()
    for n, r, step in product(SAMPLES, range(REPLICATES), STEPS):
        at = {"N": n, "replicate": r, "step": step}
        ours, one = samples("sgd").sel(at).values, turns.sel({"model": "sgd", **at})
        off = ours - true
        for name, part in (("inside", off @ inside), ("outside", off - off @ inside)):
            expected = np.sqrt((part**2).sum(1).mean())
            assert float(one[f"e_gen_{name}"]) == pytest.approx(expected, rel=1e-5)
        slope = np.polyfit((true @ frame).ravel(), (ours @ frame).ravel(), 1)
        # Through the origin, where the slope of a fit with an intercept is near.
        through = ((true @ frame) * (ours @ frame)).sum() / ((true @ frame) ** 2).sum()
        assert float(one["gain"]) == pytest.approx(through, rel=1e-5)
        assert slope[0] == pytest.approx(through, abs=0.2)
        units = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (ours, true)]
        expected = np.sqrt(((units[0] - units[1]) ** 2).sum(1).mean())
        assert float(one["e_gen_direction"]) == pytest.approx(expected, rel=1e-5)
    whole = turns["e_gen_inside"] ** 2 + turns["e_gen_outside"] ** 2
    np.testing.assert_allclose(whole, turns["e_gen"] ** 2, rtol=1e-6)


def test_the_descent_is_that_of_the_samples(turns):
    true = torch.from_numpy(truth())
    for model, n in product(MODELS, SAMPLES):
        students = [
            torch.from_numpy(samples(model).sel({"N": n, "replicate": r}).values)
            for r in range(REPLICATES)
        ]
        for r, expected in enumerate(double_descent(students, true)):
            one = turns.sel({"model": model, "N": n, "replicate": r})
            assert (float(one["rise"]), float(one["rise_se"])) == pytest.approx(expected.rise)
            assert (float(one["fall"]), float(one["fall_se"])) == pytest.approx(expected.fall)
            assert one["turn_step"].values.tolist() == np.array(STEPS)[[*expected.places]].tolist()


def test_times_are_read_off_the_curves_that_the_results_have(turns):
    ratio = (turns["e_mem"] / turns["e_gen"]).transpose("model", "N", "replicate", "step").values
    for cell in np.ndindex(*ratio.shape[:3]):
        curve = ratio[cell]
        start = int(curve.argmax())
        reached = [k for k in range(start + 1, len(STEPS)) if curve[k] <= 1]
        tau = float(turns["tau_equal"].values[cell])
        code = int(turns["censored_equal"].values[cell])
        if curve[start] <= 1:
            assert np.isnan(tau) and code == -1
        elif not reached:
            assert np.isnan(tau) and code == 1
        else:
            k = reached[0]
            x, y = np.log(STEPS[k - 1 : k + 1]), np.log(curve[k - 1 : k + 1])
            assert tau == pytest.approx(np.exp(np.interp(0, y[::-1], x[::-1]))) and code == 0


def test_planted_curves_give_planted_times_and_collapse(turns):
    """Students of which a share grows with step/N are copies, and losses and errors do likewise."""
    planted = turns.drop_vars([name for name in turns if name.startswith(("tau", "exponent"))])
    planted = planted.drop_vars(["apart", "best_exponent", "exponent"]).isel(N=[0] * 4)
    steps = 2.0 ** np.arange(0, 12)
    planted = planted.isel(step=[0] * 12).assign_coords(step=steps, N=[8, 16, 32, 64])
    share = (planted["step"] / planted["N"]) / 200
    flat = planted["e_gen"] * 0 + 1
    planted["copied"] = flat * share.clip(max=1)
    planted["e_gen"], planted["e_mem"] = flat * (planted["step"] / 100) ** -2, flat * 0
    planted["e_mem"] = planted["e_gen"] * planted["N"] * 30 / planted["step"]
    planted["loss_held_out"] = (planted["loss_held_out"] * 0 + 1) * flat * (1 + share)
    planted.attrs["noises"] = 10**6
    found = times(planted, TimesSettings(quality=4.0, copied=0.1, held_out=1.1))
    assert found["tau_gen"].values == pytest.approx(50)
    assert found["exponent_gen"].values == pytest.approx(0, abs=1e-9)
    for name, times_n in (("copy", 20), ("equal", 30)):
        expected = np.broadcast_to(times_n * planted["N"].values[:, None], found["tau_copy"].shape)
        assert found[f"tau_{name}"].values == pytest.approx(expected)
        assert found[f"exponent_{name}"].values == pytest.approx(1)
        assert (found[f"censored_{name}"] == 0).all()
    assert found["best_exponent"].values == pytest.approx(1)
    assert (found["apart"].sel(exponent=1.0) < found["apart"].sel(exponent=0.0) / 10).all()
    assert found["exponent_held_out"].values == pytest.approx(1, abs=0.05)


def test_a_student_that_generalised_before_it_memorised_has_both_times(turns):
    """E_gen that rises again above the level, and a loss that has fallen before, are no reason."""
    one = turns.copy()
    falls = np.array([4.0, 0.5, 2.0, 3.0])
    one["e_gen"][:], one["e_mem"][:] = falls, np.array([4.0, 2.0, 2.0, 1.0])
    one["loss_held_out"][:] = np.array([2.0, 1.0, 1.05, 2.0])[:, None]
    found = times(one.drop_vars(["exponent"]).drop_vars(["apart", "best_exponent"]),
                  TimesSettings(quality=1.0))  # fmt: skip
    assert ((found["tau_gen"] > 5) & (found["tau_gen"] < 20)).all()
    assert found["tau_equal"].values == pytest.approx(40)
    assert ((found["tau_held_out"] > 40) & (found["tau_held_out"] < 60)).all()


def test_neighbours_are_looked_for_as_often_as_billed(made, monkeypatch):
    _, graph = made
    job = job_of(graph, "find_turns")
    searching = import_module("lowd.metrics.copy_rate")
    pairs = counted(monkeypatch, searching, "closest", lambda ours, theirs: len(ours) * len(theirs))
    run(job)
    found = bill(job, graph)
    (billed,) = (count for probe, count in found.work if isinstance(probe, ScoreProbe))
    assert found.is_modelled and billed == 2 * sum(pairs)


def test_variables_are_counted_as_many_as_there_are(made, turns):
    from lowd.kinds.dynamics.costs import FOLLOWED, FOUND

    assert len(turns.variables) == pytest.approx(FOUND, abs=4)
    followed = read_store(Path("data/turns/followed.zarr"), finite=False)
    assert len(followed.variables) == pytest.approx(FOLLOWED, abs=2)


def findings(**changes):
    given = PARAMS["findings"]["turns"] | changes
    finding = {key: value for key, value in given.items() if value is not None}
    return graph_of(Params.model_validate(PARAMS | {"findings": {"turns": finding}}))


def rules(graph):
    return {job.rule.name for job in graph.jobs if job.study == "turns"}


def test_a_finding_that_asks_for_neither_is_made_of_the_jobs_that_it_was():
    plain = findings(optimizers=None, times=None, descent=None, snapshots=[50, 60])
    assert rules(plain) == {
        "train",
        "generate",
        "generate_empirical",
        "follow",
        "figure",
        "manifest",
    }
    trained, followed = job_of(plain, "train"), job_of(plain, "follow")
    assert "optimizer" not in trained.settings.model_dump_json()
    assert set(followed.settings.model_dump()) == {
        "seed", "models", "samples", "replicates", "training",
    }  # fmt: skip
    along = {"train_along", "follow_first", "find_turns", "generate", "generate_empirical"}
    assert rules(findings()) == along | {"figure", "manifest"}
    assert "train_along" in rules(findings(optimizers=None))
    assert "train" not in rules(findings(optimizers=None, snapshots=[50, 55, 60]))


def test_students_of_two_optimisers_differ_in_nothing_else():
    graph = findings()
    adam, sgd = (
        next(job for job in graph.jobs if job.wildcards.get("model") == model) for model in MODELS
    )
    assert student_name(adam.settings) == student_name(sgd.settings)
    assert {*sgd.modules} - {*adam.modules} == {"lowd.training.optimizers.sgd"}
    assert adam.step.draws(adam.settings) == sgd.step.draws(sgd.settings)


def test_figures_are_those_that_are_asked_for():
    def shown(**changes):
        return {
            job.wildcards["figure"] for job in findings(**changes).jobs
            if job.rule.name == "figure" and job.study == "turns"
        }  # fmt: skip

    assert shown() == {"times", "descent"}
    assert shown(times=None) == {"dynamics", "descent"}
    assert shown(times=None, descent=None) == {"dynamics"}


@pytest.mark.parametrize(
    ("first", "per_octave", "last", "steps"),
    [
        (10, 1, 100, (10, 20, 40, 80, 100)),
        (10, 3, 40, (10, 13, 16, 20, 25, 32, 40)),
        (1, 2, 4, (1, 2, 3, 4)),
        (50, 3, 50, (50,)),
    ],
)
def test_a_ladder_grows_by_a_constant_factor_and_ends_with_training(first, per_octave, last, steps):
    assert Ladder(first=first, per_octave=per_octave).up_to(last) == steps


def test_a_ladder_gives_the_steps_of_a_list():
    common = {
        "kind": "dynamics", "study": "plane", "samples": (3, 8),
        "models": {"mlp": MLPSettings(architecture="mlp", width=4)},
        "training": TrainingSettings(steps=80, warm_up=0),
    }  # fmt: skip
    one = Dynamics(**common, snapshots={"first": 20, "per_octave": 1})
    assert one.kept == Dynamics(**common, snapshots=[20, 40, 80]).kept == (20, 40, 80)
    assert not one.is_plain and Dynamics(**common, snapshots=[50, 80]).is_plain
