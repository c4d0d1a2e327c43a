"""Networks of the user's own as students and teachers."""

import json
import sys

import pytest
import torch
from torch import nn

from lowd.cost.bills import bill
from lowd.graph.graph import Graph
from lowd.models.admission import admit, networks_in
from lowd.models.build import build, initialise, parameter_count
from lowd.models.custom_settings import CustomSettings
from lowd.settings import Params
from lowd.steps.train import TrainStep, student_name, train
from lowd.store.arrays import write_store
from lowd.store.students import load_students
from lowd.streams import stream
from lowd.table import graph
from lowd.training.compute import ComputeSettings
from lowd.training.draws import Cell
from lowd.training.settings import TrainingSettings
from lowd.training.trainer import Trainer

NETS = '''
"""Networks, most of which can't be students."""

import numpy as np
import torch
from torch import nn


class Plain(nn.Module):
    def __init__(self, width=6, size=4):
        super().__init__()
        self.hidden = nn.Linear(size + 1, width)
        self.out = nn.Linear(width, size)

    def forward(self, x, c_noise):
        return self.out(torch.tanh(self.hidden(torch.cat([x, c_noise[:, None]], 1))))


class Zero(Plain):
    """What comes before the last layer is hidden until it has learned."""

    def __init__(self):
        super().__init__()
        nn.init.zeros_(self.out.weight)


class Odd(Plain):
    """A scalar, a frozen parameter, a buffer, and a name that the stack has itself."""

    def __init__(self):
        super().__init__()
        self.drawn = nn.Parameter(torch.tensor(1.0))
        self.features = nn.Parameter(torch.randn(4), requires_grad=False)
        self.register_buffer("steps", torch.arange(4), persistent=False)

    def forward(self, x, c_noise):
        return super().forward(x + self.features * c_noise[:, None], c_noise) * self.drawn


class Looks(Plain):
    """Numbers decide what it computes, which `vmap` can't."""

    def forward(self, x, c_noise):
        return super().forward(x, c_noise) if float(x.sum()) > -1e9 else x


class Image(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.GroupNorm(2, 4), nn.SiLU(), nn.Conv2d(4, 1, 1)
        )

    def forward(self, x, c_noise):
        level = c_noise[:, None, None, None].expand_as(x)
        return self.layers(torch.cat([x, level], 1))


class Dropout(Zero):
    def forward(self, x, c_noise):
        return super().forward(nn.functional.dropout(x, 0.5), c_noise)


class Normalised(Plain):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x, c_noise):
        return super().forward(self.norm(x), c_noise)


class Counting(Plain):
    calls = 0

    def forward(self, x, c_noise):
        self.calls += 1
        return super().forward(x, c_noise) * self.calls


class Mixing(Plain):
    def forward(self, x, c_noise):
        return super().forward(x - x.mean(0), c_noise)


class Narrow(Plain):
    def forward(self, x, c_noise):
        return super().forward(x, c_noise)[:, :3]


class Infinite(Plain):
    def forward(self, x, c_noise):
        return super().forward(x, c_noise) / 0


class Detached(Plain):
    def forward(self, x, c_noise):
        return super().forward(x, c_noise).detach()


class InPlace(Plain):
    def forward(self, x, c_noise):
        return super().forward(x.mul_(2), c_noise)


class Identity(nn.Module):
    def forward(self, x, c_noise):
        return x


class Unseeded(Plain):
    def __init__(self):
        super().__init__()
        self.out.weight.data += np.random.rand()


def raising():
    raise RuntimeError("no\\nsuch file")


def number():
    return 3
'''
SHAPE = (4,)
TRAINING = TrainingSettings(steps=100, batch=8, warm_up=10, sigma_data=0.5)


@pytest.fixture(autouse=True)
def nets(tmp_path, monkeypatch):
    """A folder with `nets.py` in inputs/, which can be imported."""
    (tmp_path / "inputs").mkdir()
    file = tmp_path / "inputs/nets.py"
    file.write_text(NETS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "inputs")
    monkeypatch.delitem(sys.modules, "nets", raising=False)
    return file


def custom(name, **options):
    settings = CustomSettings(architecture="custom", entry=f"nets:{name}", options=options)
    admit([settings])
    return settings


def drawn(settings, seeds, shape=SHAPE):
    stack = build(settings, len(seeds), shape)
    initialise(stack, [stream(seed) for seed in seeds])
    return stack


@pytest.mark.parametrize("name", ["Plain", "Zero", "Odd", "Looks", "Image"])
def test_a_student_is_the_users_own_module_drawn_from_its_stream(name):
    import nets

    shape = (1, 4, 4) if name == "Image" else SHAPE
    stack = drawn(custom(name), [3, 1, 2], shape)
    x, levels = torch.randn(3, 5, *shape), torch.randn(3, 5)
    answers = stack(x, levels)
    alone = drawn(custom(name), [1], shape)
    torch.testing.assert_close(alone(x[1:2], levels[1:2])[0], answers[1], rtol=1e-5, atol=1e-6)
    for student, seed in enumerate([3, 1, 2]):
        torch.manual_seed(stream(seed).initial_seed())
        module = getattr(nets, name)()
        if name == "Odd":  # what is not trained is the same for all
            module.features.data = stack._own.network.features.data
        expected = module(x[student], levels[student])
        torch.testing.assert_close(answers[student], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "is_stackable"), [("Plain", True), ("Odd", True), ("Looks", False), ("Image", False)]
)
def test_students_run_side_by_side_where_that_is_the_same_and_faster(name, is_stackable):
    shape = (1, 4, 4) if name == "Image" else SHAPE
    assert build(custom(name), 2, shape)._own.is_stackable == is_stackable


def test_one_noise_level_is_for_all_as_in_any_stack():
    stack = drawn(custom("Plain"), [0, 1])
    x = torch.randn(2, 5, 4)
    for level in (torch.tensor(0.3), torch.full((2,), 0.3)):
        torch.testing.assert_close(stack(x, level), stack(x, torch.full((2, 5), 0.3)))


def test_parameters_are_those_that_are_trained():
    assert parameter_count(custom("Plain", width=7), SHAPE) == 5 * 7 + 7 + 7 * 4 + 4
    assert parameter_count(custom("Odd"), SHAPE) == 5 * 6 + 6 + 6 * 4 + 4 + 1
    assert parameter_count(custom("Image"), (1, 8, 8)) == (2 * 9 * 4 + 4) + 2 * 4 + (4 + 1)


def test_a_frozen_part_is_the_same_for_every_student_and_in_every_process():
    ours, theirs = drawn(custom("Odd"), [0, 1]), drawn(custom("Odd"), [5])
    for name, buffer in ours.named_buffers():
        assert torch.equal(buffer, dict(theirs.named_buffers())[name])
    assert {name for name, _ in ours.named_buffers()} == {"network/features", "network/steps"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Dropout", "draws random numbers when it is called"),
        ("Normalised", "keeps state between calls, in its buffer 'norm.running_mean'"),
        ("Counting", "answers the same call differently"),
        ("Mixing", "mixes the samples of a batch"),
        ("Narrow", r"maps x \(3, 4\) and c_noise \(3,\) to \(3, 3\), not to the shape of x"),
        ("Infinite", "is not finite"),
        ("Detached", "lets no gradient through"),
        ("InPlace", "changes what it is given"),
        ("Identity", "has no parameters to train"),
        ("Unseeded", "is initialised otherwise each time"),
        ("raising", r"\(RuntimeError: no such file\)"),
        ("number", "returns int, not torch.nn.Module"),
        ("absent", "can't be made"),
        ("Image", r"fails on x \(3, 4\)"),
    ],
)
def test_what_can_not_be_a_student_is_refused_by_name_in_one_line(name, reason):
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match=rf"^model\.entry: 'nets:{name}' .*{reason}") as refused:
        build(custom(name), 2, SHAPE)
    assert "\n" not in str(refused.value)
    assert torch.equal(torch.get_rng_state(), state)


def trainer(cells=(0, 1, 2), name="Odd", keep=(), backend="grouped"):
    pool = torch.randn(16, 4, generator=stream("pool"))
    each = [Cell(f"m/{cell}", 7, samples=8, first=0) for cell in cells]
    compute = ComputeSettings(backend=backend)
    return Trainer(custom(name), TRAINING, each, pool, keep=keep, compute=compute)


def test_a_run_that_stopped_goes_on_to_the_same_bits_and_the_same_snapshots():
    whole, states = trainer(keep=(50, 100)), []
    whole.run(lambda one: states.append({n: t.clone() for n, t in one.state().items()}))
    again = trainer(keep=(50, 100))
    again.restore(states[0])
    again.run()
    assert whole.state().keys() == again.state().keys()
    assert all(torch.equal(one, again.state()[name]) for name, one in whole.state().items())
    assert sorted(again.snapshots) == [50, 100]
    assert not torch.equal(whole.losses[:, 0], whole.losses[:, 1])


def test_students_learn_alike_side_by_side_one_after_another_and_alone():
    stacked, looped, alone = trainer(), trainer(backend="looped"), trainer(cells=(1,))
    for one in (stacked, looped, alone):
        one.run()
    for name, average in stacked.average.items():
        torch.testing.assert_close(looped.average[name], average, rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(alone.average[name][0], average[1], rtol=1e-3, atol=1e-4)


def test_a_checkpoint_gives_the_denoiser_that_was_trained(tmp_path):
    import xarray as xr

    pool = torch.randn(16, 4, generator=stream("pool")).numpy()
    write_store(tmp_path / "pool.zarr", xr.Dataset({"samples": (("sample", "feature"), pool)}))
    settings = TrainStep(
        seed=7, model=custom("Odd"), samples=(2, 8), replicates=2, training=TRAINING
    )
    train(settings, pool=tmp_path / "pool.zarr", output=tmp_path / "weights.safetensors")
    students = load_students(tmp_path / "weights.safetensors")
    assert students.weights["network/drawn"].shape == (4, 1)
    cells = [
        Cell(
            f"{student_name(settings)}/N={c['N']}/replicate={c['replicate']}",
            7,
            c["N"],
            8 * c["replicate"],
        )
        for c in students.cells
    ]
    direct = Trainer(custom("Odd"), TRAINING, cells, torch.from_numpy(pool))
    direct.run()
    for name, average in direct.average.items():
        torch.testing.assert_close(students.weights[name], average, rtol=1e-3, atol=1e-4)
    x = torch.randn(4, 3, 4)
    denoised = students.denoiser(slice(None), torch.device("cpu"))(x, 0.5)
    assert denoised.shape == x.shape and denoised.isfinite().all()
    one = students.denoiser(slice(2, 3), torch.device("cpu"))(x[2:3], 0.5)
    torch.testing.assert_close(one[0], denoised[2], rtol=1e-4, atol=1e-5)


def study(**changes):
    network = {"architecture": "custom", "entry": "nets:Plain"}
    return {
        "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
        "pool": {"size": 16},
        "samples": [2, 8],
        "training": {"steps": 100, "batch": 8, "warm_up": 10},
        "models": {"own": network, "mlp": {"architecture": "mlp", "width": 4}},
    } | changes


def planned(**changes):
    params = Params.model_validate_json(json.dumps({"studies": {"s": study(**changes)}}))
    return {job.statement.stem: job for job in graph(params).jobs}


def test_the_module_counts_in_the_jobs_that_run_it_and_its_code_in_no_other(nets):
    before = planned()
    content = {name: job.content for name, job in before.items()}
    counting = {name for name, digests in content.items() if digests}
    assert counting == {"train-own", "generate-own", "collect"}
    files = before["train-own"].step.own_files(before["train-own"].settings)
    assert {role: [str(path) for path in paths] for role, paths in files.items()} == {
        "custom": ["inputs/nets.py"]
    }
    without = planned(models={"mlp": study()["models"]["mlp"]})
    assert before["train-mlp"].code == without["train-mlp"].code
    assert before["train-own"].code != before["train-mlp"].code
    scratch = before["train-own"].scratch
    nets.write_text(NETS + "\nchanged = True\n")
    after = planned()
    assert {name for name in after if after[name].content != content[name]} == counting
    assert after["train-own"].scratch != scratch
    assert after["train-mlp"].scratch == before["train-mlp"].scratch


def test_a_teacher_may_be_one_and_what_loads_it_counts_its_module():
    teacher = {
        "kind": "trained",
        "images": {"source": "digits"},
        "model": {"architecture": "custom", "entry": "nets:Image"},
        "training": {"steps": 200},
    }
    models = {"unet": {"architecture": "unet", "width": 4}}
    jobs = planned(teacher=teacher, models=models)
    counting = {name for name, job in jobs.items() if job.content}
    assert counting == {"teacher", "pool", "generate-teacher"}
    for name in counting:
        modules = jobs[name].step.modules(
            jobs[name].settings, ["trained"], networks_in(jobs[name].teachers)
        )
        assert "lowd.models.custom" in modules


def test_what_it_costs_is_counted_and_said_to_be_unknown_where_it_has_to_see_numbers():
    jobs = planned()
    price = bill(jobs["train-own"], Graph(jobs.values()))
    # Two layers, two FLOPs a weight and example; the first passes no gradient on to x.
    weights, first = (5 * 6 + 6 * 4), 5 * 6
    assert price.flops == 100 * 4 * 8 * 2 * (3 * weights - first)
    assert price.is_modelled and price.students == 4
    looking = planned(models={"own": {"architecture": "custom", "entry": "nets:Looks"}})
    assert not bill(looking["train-own"], Graph(looking.values())).is_modelled


def test_a_network_is_no_part_of_a_stack_but_what_is_trained_is():
    stack = build(custom("Plain"), 3, SHAPE)
    assert not any(isinstance(part, nn.Linear) for part in stack.modules())
    assert all(len(p) == 3 for p in stack.parameters())
