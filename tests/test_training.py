"""Training a stack is training each student alone, in any company, with any interruption."""

import math
from contextlib import contextmanager
from itertools import pairwise
from unittest.mock import Mock

import pytest
import torch
from filelock import FileLock
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from torch import nn

from lowd.diffusion.preconditioning import precondition
from lowd.distributions.gaussian import Gaussian
from lowd.models.build import build
from lowd.models.settings import DiTSettings, MLPSettings
from lowd.steps import resumable
from lowd.steps.resumable import train_resumably
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.store.students import load_students
from lowd.streams import stream, stream_seed
from lowd.training.compute import ComputeSettings
from lowd.training.draws import Cell, draw_block
from lowd.training.settings import BLOCK, TrainingSettings
from lowd.training.trainer import NEVER, Trainer, learning_rate

MLP = MLPSettings(architecture="mlp", width=6)
SHORT = TrainingSettings(
    steps=60, batch=8, warm_up=10, learning_rate=0.01, ema=0.95, sigma_data=0.5
)
QUICK = SHORT.model_copy(update={"steps": 30})
names = st.lists(st.text("abc0=", min_size=1) | st.integers(0, 99), min_size=1, max_size=3)


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def cell(replicate, samples=16):
    return Cell(f"replicate={replicate}", seed=3, samples=samples, first=16 * replicate)


def trained(cells, pool, model=MLP, settings=SHORT):
    trainer = Trainer(model, settings, cells, pool)
    trainer.run()
    return trainer


def students(trainer, rows):
    """Weights and averages of some students, as one list."""
    state = trainer.state()
    return [
        tensor.clone()[rows]
        for name, tensor in state.items()
        if name.startswith(("weights.", "average."))
    ]


def assert_same(ours, theirs, tolerance=1e-8):
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@contextmanager
def blocks_of(steps):
    """Shorter blocks, so that a short training has many of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lowd.training.draws.BLOCK", steps)
        patch.setattr("lowd.training.trainer.BLOCK", steps)
        yield


def test_a_stack_learns_what_each_student_learns_alone(smallest):
    model, shape = smallest
    pool, cells = normal(48, *shape), [cell(0), cell(1, samples=3), cell(2)]
    together = trained(cells, pool, model)
    for s in range(3):
        alone = trained(cells[s : s + 1], pool, model)
        assert_same(students(together, [s]), students(alone, [0]))
        torch.testing.assert_close(together.losses[[s]], alone.losses)


def test_students_do_not_change_with_their_stackmates_or_their_order(smallest):
    model, shape = smallest
    pool = normal(64, *shape)
    # One stackmate learns from data a thousand times larger, and is clipped at every step.
    pool[32:48] *= 1000
    first = trained([cell(0), cell(1)], pool, model, QUICK)
    second = trained([cell(3), cell(1), cell(2), cell(0)], pool, model, QUICK)
    assert_same(students(first, [0, 1]), students(second, [3, 1]))


class Plain(nn.Module):
    """The MLP once more, from torch's own layers."""

    def __init__(self, size, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(size + 16, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, size),
        ).double()

    def forward(self, x, c_noise):
        frequencies = torch.tensor([math.pi * 2 ** (-2 + 4 * k / 7) for k in range(8)]).double()
        angles = c_noise[:, None] * frequencies
        return self.layers(torch.cat([x, torch.cos(angles), torch.sin(angles)], dim=1))

    def weights(self):
        """In the order and layout of a stack."""
        for layer in self.layers[::2]:
            yield from (layer.weight.T, layer.bias[None])


def plainly_trained(student, cells, pool, initial, s):
    """One student by a loop as one would write it, and how often its gradient was clipped."""
    net = Plain(pool.shape[1], MLP.width)
    with torch.no_grad():
        for p, start in zip(net.weights(), initial, strict=True):
            p.copy_(start)
    optimizer = torch.optim.Adam(net.parameters(), betas=s.betas)
    averages = [p.detach().clone() for p in net.weights()]
    clipped, losses = 0, []
    for step in range(s.steps):
        draws = draw_block(cells, step // BLOCK, s.batch, pool.shape[1:])
        rows, noise, log_sigma = (part[student, step % BLOCK] for part in draws)
        sigma = torch.exp(s.log_sigma_mean + s.log_sigma_std * log_sigma.double())
        clean, level = pool[rows], sigma[:, None]
        noisy = clean + level * noise
        total = level**2 + s.sigma_data**2
        inner = net(noisy / total.sqrt(), sigma.log() / 4)
        denoised = s.sigma_data**2 / total * noisy + level * s.sigma_data / total.sqrt() * inner
        loss = (total / (level * s.sigma_data) ** 2 * (denoised - clean) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(net.parameters(), s.gradient_clip)
        clipped += int(norm > s.gradient_clip)
        part = (step - s.warm_up) / (s.steps - s.warm_up)
        cosine = s.final_rate + (1 - s.final_rate) * (1 + math.cos(math.pi * part)) / 2
        for group in optimizer.param_groups:
            group["lr"] = s.learning_rate * min(1, (step + 1) / s.warm_up)
            group["lr"] *= cosine if step >= s.warm_up else 1
        optimizer.step()
        keep = min(s.ema, (step + 2) / (step + 11))
        averages = [
            keep * old + (1 - keep) * new.detach()
            for old, new in zip(averages, net.weights(), strict=True)
        ]
        losses.append(loss.item())
    return [p.detach() for p in net.weights()], averages, losses, clipped


# The stack's frequencies are rounded to single precision; torch clips by the norm plus 1e-6.
@pytest.mark.parametrize(("clip", "tolerance"), [(1e9, 1e-6), (1.0, 1e-5)])
def test_a_student_is_what_a_plain_loop_makes_of_it(clip, tolerance):
    s = SHORT.model_copy(update={"gradient_clip": clip})
    pool, cells = normal(48, 4), [cell(0), cell(1)]
    pool[16:32] *= 30
    stack = Trainer(MLP, s, cells, pool)
    initial = [p.detach().clone() for p in stack.parameters.values()]
    stack.run()
    times = []
    for student in (0, 1):
        weights, averages, losses, clipped = plainly_trained(
            student, cells, pool, [p[student] for p in initial], s
        )
        times.append(clipped)
        assert_same([p[student] for p in stack.parameters.values()], weights, tolerance)
        assert_same([p[student] for p in stack.average.values()], averages, tolerance)
        means = [sum(part) / len(part) for part in (losses[:BLOCK], losses[BLOCK:])]
        assert stack.losses[student].tolist() == pytest.approx(means, rel=10 * tolerance)
    # Clipping is per student: the wild one always, the calm one sometimes, neither by the other.
    assert times == [0, 0] if clip > 1 else times[0] < times[1] == s.steps


def test_the_learning_rate_climbs_linearly_and_falls_as_half_a_cosine():
    s = TrainingSettings(steps=40, batch=1, warm_up=10, learning_rate=0.5, final_rate=0.2)
    rates = [learning_rate(s, step) for step in range(40)]
    assert rates[:10] == pytest.approx([0.05 * k for k in range(1, 11)])
    assert rates[10] == 0.5
    assert rates[25] == pytest.approx(0.5 * (1 + 0.2) / 2)
    assert all(a > b for a, b in pairwise(rates[10:]))
    assert 0.1 < rates[-1] < 0.105


@pytest.mark.parametrize("wrong", [{"warm_up": 60}, {"ema": 1.0}, {"batch": 0}, {"steps": 0}])
def test_settings_that_cannot_train_are_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        TrainingSettings(**{"steps": 60, "warm_up": 10} | wrong)


@settings(max_examples=12, deadline=None)
@given(block=st.integers(1, 7), losing=st.booleans())
def test_training_resumes_from_any_block_to_the_same_bits(tmp_path_factory, block, losing):
    file = tmp_path_factory.mktemp("state") / "state.safetensors"
    s = SHORT.model_copy(update={"steps": 37})
    pool, cells = normal(48, 3, dtype=torch.float32), [cell(0), cell(1), cell(2)]
    if losing:
        pool[20] = torch.inf

    def save(trainer):
        if trainer.step == min(5 * block, s.steps):
            save_checkpoint(file, trainer.state(), {})

    with blocks_of(5):
        whole = Trainer(MLP, s, cells, pool)
        whole.run(save)
        resumed = Trainer(MLP, s, cells, pool)
        resumed.restore(load_checkpoint(file)[0])
        resumed.run()
    assert whole.state().keys() == resumed.state().keys()
    for name, tensor in whole.state().items():
        assert torch.equal(tensor.nan_to_num(), resumed.state()[name].nan_to_num()), name
    assert (whole.diverged != NEVER).tolist() == [False, losing, False]


class Killed(BaseException):
    pass


@pytest.fixture
def saves(monkeypatch):
    """Save after every block; raise Killed after the save that `saves["last"]` numbers."""
    record = {"steps": [], "last": math.inf}
    monkeypatch.setattr(resumable, "SAVE_SECONDS", -1.0)

    def save(path, tensors, metadata):
        save_checkpoint(path, tensors, metadata)
        record["steps"].append(int(tensors["step"]))
        if len(record["steps"]) == record["last"]:
            raise Killed

    monkeypatch.setattr(resumable, "save_checkpoint", save)
    return record


def keep(trainer, scratch):
    """Train into <folder above scratch's>/students."""
    cells = [{"N": cell.samples, "replicate": k} for k, cell in enumerate(trainer.cells)]
    train_resumably(trainer, cells, scratch.parent.parent / "students", scratch, "test")


@pytest.mark.parametrize("last", [1, 4, 6])
def test_a_killed_training_goes_on_from_its_scratch_file_to_the_same_bits(tmp_path, saves, last):
    pool, cells = normal(32, 3, dtype=torch.float32), [cell(0), cell(1)]
    scratch = tmp_path / "deep" / "scratch.safetensors"
    with blocks_of(10):
        whole = trained(cells, pool)
        saves["last"] = last
        with pytest.raises(Killed):
            keep(Trainer(MLP, SHORT, cells, pool), scratch)
        resumed = Trainer(MLP, SHORT, cells, pool)
        keep(resumed, scratch)
    assert saves["steps"] == list(range(10, 61, 10))
    assert all(torch.equal(t, resumed.state()[name]) for name, t in whole.state().items())
    assert list(scratch.parent.iterdir()) == []


OTHERS = {
    "width": {"model": MLPSettings(architecture="mlp", width=7)},
    "steps": {"settings": SHORT.model_copy(update={"steps": 61})},
    "cells": {"cells": [cell(0), cell(2)]},
    "smaller stack": {"cells": [cell(0)]},
    "larger stack": {"cells": [cell(0), cell(1), cell(2)]},
    "pool": {"pool": normal(48, 3, seed=1)},
    "compute": {"compute": ComputeSettings(precision="bf16")},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_state_of_another_training_is_not_gone_on_from(tmp_path, saves, other, capsys):
    this = {"model": MLP, "settings": SHORT, "cells": [cell(0), cell(1)], "pool": normal(48, 3)}
    scratch = tmp_path / "deep" / "scratch"
    assert_not_resumed(scratch, saves, this, this | OTHERS[other])
    said = f"the state in {scratch} is of another stack or other settings; starting over\n"
    assert capsys.readouterr().err.count(said) == 1


def test_a_state_of_equal_shape_but_other_heads_is_not_gone_on_from(tmp_path, saves):
    model = DiTSettings(architecture="dit", width=4, depth=1)
    this = {"model": model, "settings": SHORT, "cells": [cell(0)], "pool": normal(16, 1, 4, 4)}
    other = this | {"model": model.model_copy(update={"heads": 4})}
    assert_not_resumed(tmp_path / "deep" / "scratch", saves, this, other)


def assert_not_resumed(scratch, saves, this, other):
    saves["last"] = 1
    with pytest.raises(Killed):
        keep(Trainer(**this), scratch)
    keep(Trainer(**other), scratch)
    assert saves["steps"][:2] == [50, 50]


def test_a_training_whose_students_could_not_be_kept_goes_on_from_its_scratch_file(
    tmp_path, saves, monkeypatch
):
    scratch = tmp_path / "deep" / "scratch"
    with monkeypatch.context() as patch:
        patch.setattr(resumable, "save_students", Mock(side_effect=OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            keep(Trainer(MLP, SHORT, [cell(0)], normal(16, 3)), scratch)
    keep(Trainer(MLP, SHORT, [cell(0)], normal(16, 3)), scratch)
    assert saves["steps"] == [50, 60]
    assert (tmp_path / "students").is_file()


def test_a_damaged_scratch_file_means_starting_over(tmp_path, saves):
    scratch = tmp_path / "deep" / "scratch"
    scratch.parent.mkdir()
    scratch.write_bytes(b"half a state")
    keep(Trainer(MLP, SHORT, [cell(0)], normal(16, 3)), scratch)
    assert saves["steps"] == [50, 60]


def test_two_trainings_never_share_a_scratch_file(tmp_path):
    scratch = tmp_path / "deep" / "scratch"
    scratch.parent.mkdir()
    with FileLock(f"{scratch}.lock"), pytest.raises(ValueError, match=r"scratch.*another process"):
        keep(Trainer(MLP, SHORT, [cell(0)], normal(16, 3)), scratch)


# The first squares to infinity.
@pytest.mark.parametrize("value", [1e200, torch.nan])
def test_a_diverging_student_is_frozen_and_marked_and_the_others_go_on(smallest, value):
    model, shape = smallest
    pool, cells = normal(48, *shape), [cell(0), cell(1), cell(2)]
    pool[16 + 5] = value
    rows = draw_block(cells, 0, QUICK.batch, shape).rows
    hit = int((rows[1] == 16 + 5).any(dim=1).nonzero()[0])
    stack = trained(cells, pool, model, QUICK)
    assert stack.diverged.tolist() == [NEVER, hit, NEVER]
    assert all(tensor.isfinite().all() for tensor in students(stack, [0, 1, 2]))
    assert stack.losses[[0, 2]].isfinite().all()
    assert not stack.losses[1].isfinite()
    without = trained([cells[0], cells[2]], pool, model, QUICK)
    assert_same(students(stack, [0, 2]), students(without, [0, 1]))


def test_a_gradient_that_overflows_under_a_finite_loss_freezes_too():
    pool = normal(32, 3)
    pool[:16] *= 1e120
    stack = trained([cell(0), cell(1)], pool, settings=QUICK)
    assert stack.losses.isfinite().all()
    assert stack.diverged.tolist() == [0, NEVER]


def test_a_frozen_student_keeps_the_weights_it_had():
    pool, cells = normal(48, 3), [cell(0), cell(1)]
    broken = pool.clone()
    broken[16 + 5] = torch.inf
    history = []
    with blocks_of(1):
        stack = trained(cells, broken)
        healthy = Trainer(MLP, SHORT, cells, pool)
        healthy.run(lambda t: history.append([p.detach().clone() for p in t.parameters.values()]))
    at = int(stack.diverged[1])
    assert at > 0
    for p, before in zip(stack.parameters.values(), history[at - 1], strict=True):
        assert torch.equal(p[1], before[1])
    for p, last in zip(stack.parameters.values(), history[-1], strict=True):
        assert torch.equal(p[0], last[0])


def test_the_loss_falls_and_the_student_becomes_the_wiener_denoiser():
    covariance = torch.tensor([[1.0, 0.45], [0.45, 0.25]])
    gaussian = Gaussian(torch.tensor([0.3, -0.2]), covariance)
    pool = gaussian.sample(4096, stream("test", "pool"))
    s = TrainingSettings(steps=600, learning_rate=0.01, warm_up=50, ema=0.99, sigma_data=0.8)
    trainer = Trainer(MLPSettings(architecture="mlp", width=32), s, [Cell("g", 0, 4096, 0)], pool)
    untrained = build(trainer.model, 1, (2,))
    trainer.run()
    first, last = trainer.losses[0, 0], trainer.losses[0, -1]
    trainer.stack.load_state_dict(trainer.average)

    @torch.no_grad()
    def error(network, sigma):
        fresh = gaussian.sample(2000, stream("test", "fresh")) + sigma * normal(2000, 2).float()
        denoised = precondition(network, s.sigma_data)(fresh[None], sigma)[0]
        return (denoised - gaussian.denoise(fresh, sigma)).square().mean()

    assert last < 0.85 * first
    for sigma in (0.1, 0.3, 1.0):
        assert error(trainer.stack, sigma) < 0.05 * error(untrained, sigma)


def test_single_precision_stays_single_and_on_the_cpu():
    trainer = trained([cell(0)], normal(16, 3, dtype=torch.float32))
    for name, tensor in trainer.state().items():
        assert tensor.device.type == "cpu"
        if name not in ("step", "diverged"):
            assert tensor.dtype == torch.float32, name
    draws = draw_block([cell(0)], 0, 4, (3,))
    assert {part.device.type for part in draws} == {"cpu"}
    assert draws.noise.dtype == draws.log_sigma.dtype == torch.float32


def test_the_history_has_one_mean_loss_a_block():
    trainer = trained([cell(0), cell(1)], normal(48, 3))
    assert trainer.step == 60
    assert trainer.losses.shape == (2, 2)


def test_training_leaves_the_global_random_state_alone():
    before = torch.get_rng_state()
    trained([cell(0)], normal(16, 3))
    assert torch.equal(before, torch.get_rng_state())


@settings(max_examples=25, deadline=None)
@given(names, names)
def test_streams_of_equal_names_are_equal_and_others_differ(ours, theirs):
    def draw(names):
        return torch.randn(8, generator=stream(*names))

    assert torch.equal(draw(ours), draw(list(ours)))
    if list(map(str, ours)) != list(map(str, theirs)):
        assert not torch.equal(draw(ours), draw(theirs))


def test_a_stream_is_known_by_the_sha256_of_its_name():
    """A golden value: another would silently change every number ever published."""
    assert stream_seed(0, "pool") == 5422236858332145683


def test_a_cells_draws_do_not_depend_on_other_cells():
    ours = draw_block([cell(0), cell(1)], 2, 4, (3,))
    theirs = draw_block([cell(2), cell(1), cell(0)], 2, 4, (3,))
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b[[2, 1]])


def test_no_two_blocks_or_cells_or_seeds_share_draws():
    cells = [cell(0), cell(1), Cell("replicate=0", seed=4, samples=16, first=0)]
    noises = [n for block in (0, 1) for n in draw_block(cells, block, 4, (3,)).noise]
    assert len({n.numpy().tobytes() for n in noises}) == 6


def test_draws_cover_the_cells_rows_and_are_standard_normal():
    lonely, other = Cell("a", 0, samples=5, first=11), Cell("b", 0, samples=1, first=2)
    rows, noise, log_sigma = draw_block([lonely, other], 0, 64, (2, 3))
    assert sorted(set(rows[0].flatten().tolist())) == [11, 12, 13, 14, 15]
    assert set(rows[1].flatten().tolist()) == {2}
    for draws in (noise, log_sigma):
        # Five standard errors of a mean and of a mean square of normals.
        n = draws.numel()
        assert abs(draws.mean()) < 5 / math.sqrt(n)
        assert abs(draws.square().mean() - 1) < 5 * math.sqrt(2 / n)


KEPT = (8, 16, 24, 60)


def test_snapshots_are_the_averages_of_their_steps(smallest):
    model, shape = smallest
    pool, cells = normal(32, *shape), [cell(0), cell(1)]
    seen = {}

    def look(trainer):
        seen[trainer.step] = {name: p.detach().clone() for name, p in trainer.average.items()}

    with blocks_of(8):
        trainer = Trainer(model, SHORT, cells, pool, keep=KEPT)
        trainer.run(look)
        bare = trained(cells, pool, model)
    assert list(trainer.snapshots) == list(KEPT)
    for step, averages in trainer.snapshots.items():
        for name, tensor in averages.items():
            assert torch.equal(tensor, seen[step][name])
    assert_same(students(trainer, [0, 1]), students(bare, [0, 1]), 0)


def test_snapshots_survive_being_killed_to_the_bit(tmp_path):
    pool, cells = normal(32, 4), [cell(0), cell(1)]
    coordinates = [{"N": 16, "replicate": r} for r in (0, 1)]

    class Killed(Exception):
        pass

    with blocks_of(8), pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable, "SAVE_SECONDS", 0.0)
        whole = Trainer(MLP, SHORT, cells, pool, keep=KEPT)
        train_resumably(whole, coordinates, tmp_path / "whole", None, "whole")
        with pytest.MonkeyPatch.context() as kill:
            run = Trainer.run

            def until(trainer, after_block):
                def after(trainer):
                    after_block(trainer)
                    if trainer.step == 32:
                        raise Killed

                run(trainer, after)

            kill.setattr(Trainer, "run", until)
            first = Trainer(MLP, SHORT, cells, pool, keep=KEPT)
            with pytest.raises(Killed):
                train_resumably(first, coordinates, tmp_path / "end", tmp_path / "state", "end")
        again = Trainer(MLP, SHORT, cells, pool, keep=KEPT)
        train_resumably(again, coordinates, tmp_path / "end", tmp_path / "state", "end")
        other = Trainer(MLP, SHORT, cells, pool, keep=(8, 60))
        assert resumable._fingerprint(other) != resumable._fingerprint(again)
    assert (tmp_path / "end").read_bytes() == (tmp_path / "whole").read_bytes()
    kept = load_students(tmp_path / "end")
    assert [(c["replicate"], c["step"]) for c in kept.cells] == [
        (r, step) for r in (0, 1) for step in KEPT
    ]
    for name, tensor in kept.weights.items():
        for row, (r, step) in enumerate((r, step) for r in (0, 1) for step in KEPT):
            assert torch.equal(tensor[row], again.snapshots[step][name][r])


def test_only_snapshots_after_a_student_diverged_are_marked(tmp_path):
    pool, cells = normal(32, 4), [cell(0), cell(1)]
    with blocks_of(8):
        trainer = Trainer(MLP, SHORT, cells, pool, keep=KEPT)
        trainer.run()
    trainer.diverged[1] = 16
    coordinates = [{"N": 16, "replicate": r} for r in (0, 1)]
    students = resumable._students(trainer, coordinates)
    assert students.diverged.tolist() == [-1] * 4 + [-1, -1, 16, 16]
