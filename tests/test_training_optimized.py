"""Training by other optimisers, looked at after any step."""

import pytest
import torch
from test_training import MLP, SHORT, Plain, blocks_of, cell, normal, students

from lowd.steps import resumable
from lowd.steps.resumable import train_resumably
from lowd.training.draws import draw_block
from lowd.training.optimized import OptimizedTrainer, OptimizedTraining
from lowd.training.optimizer_settings import SGDSettings
from lowd.training.trainer import NEVER, Trainer

MOMENTUM, RATE = 0.9, 0.02


def settings(optimizer=None, **changes):
    rate = {} if optimizer is None else {"learning_rate": optimizer.learning_rate}
    return OptimizedTraining(**SHORT.model_dump() | rate | changes, optimizer=optimizer)


SGD = settings(SGDSettings(kind="sgd", learning_rate=RATE, momentum=MOMENTUM))


def test_three_steps_of_sgd_are_those_by_hand():
    """By b ← μ b + g, w ← w − η b, from the loss as a formula and gradients of a plain network."""
    s = SGD.model_copy(update={"steps": 3, "warm_up": 0, "final_rate": 1.0, "gradient_clip": 1e9})
    pool, cells = normal(32, 4), [cell(0), cell(1)]
    stack = OptimizedTrainer(MLP, s, cells, pool)
    initial = [p.detach().clone() for p in stack.parameters.values()]
    stack.run()
    for student in (0, 1):
        net = Plain(4, MLP.width)
        with torch.no_grad():
            for p, start in zip(net.weights(), initial, strict=True):
                p.copy_(start[student])
        buffers = [torch.zeros_like(p) for p in net.parameters()]
        rows, noise, log_sigma = (part[student] for part in draw_block(cells, 0, s.batch, (4,)))
        for step in range(3):
            sigma = torch.exp(s.log_sigma_mean + s.log_sigma_std * log_sigma[step].double())
            clean, level, total = pool[rows[step]], sigma[:, None], sigma[:, None] ** 2 + 0.25
            noisy = clean + level * noise[step]
            inner = net(noisy / total.sqrt(), sigma.log() / 4)
            denoised = 0.25 / total * noisy + level * 0.5 / total.sqrt() * inner
            loss = (total / (level * 0.5) ** 2 * (denoised - clean) ** 2).mean()
            gradients = torch.autograd.grad(loss, list(net.parameters()))
            buffers = [MOMENTUM * b + g for b, g in zip(buffers, gradients, strict=True)]
            with torch.no_grad():
                for p, b in zip(net.parameters(), buffers, strict=True):
                    p.copy_(p - RATE * b)
        for ours, theirs in zip(stack.parameters.values(), net.weights(), strict=True):
            # The stack's frequencies are rounded to single precision.
            torch.testing.assert_close(ours[student], theirs, rtol=1e-6, atol=1e-6)


def test_without_an_optimiser_it_is_the_trainer_to_the_bit():
    pool, cells = normal(48, 4), [cell(0), cell(1), cell(2)]
    plain, ours = Trainer(MLP, SHORT, cells, pool), OptimizedTrainer(MLP, settings(), cells, pool)
    for trainer in (plain, ours):
        trainer.run()
    assert all(
        torch.equal(a, b)
        for a, b in zip(students(plain, [0, 1, 2]), students(ours, [0, 1, 2]), strict=True)
    )


@pytest.mark.parametrize("s", [settings(), SGD], ids=["adam", "sgd"])
def test_snapshots_are_taken_after_any_step(s, monkeypatch):
    pool, cells, kept, seen = normal(32, 4), [cell(0), cell(1)], (1, 7, 8, 21, 60), {}
    advance = Trainer._advance

    def watched(trainer, *draws):
        losses = advance(trainer, *draws)
        seen[trainer.step] = [p.clone() for p in trainer.average.values()]
        return losses

    monkeypatch.setattr(Trainer, "_advance", watched)
    with blocks_of(8):
        trainer = OptimizedTrainer(MLP, s, cells, pool, keep=kept)
        trainer.run()
    assert sorted(trainer.snapshots) == list(kept)
    for step in kept:
        for ours, theirs in zip(trainer.snapshots[step].values(), seen[step], strict=True):
            assert torch.equal(ours, theirs)
    assert not torch.equal(seen[7][0], seen[8][0])


def test_a_student_that_sgd_breaks_is_frozen_where_it_was():
    pool, cells = normal(48, 3), [cell(0), cell(1)]
    broken = pool.clone()
    broken[16 + 5] = torch.inf
    history = []

    def look(trainer):
        history.append([p.detach().clone() for p in trainer.parameters.values()])

    with blocks_of(1):
        stack = OptimizedTrainer(MLP, SGD, cells, broken)
        stack.run(look)
        healthy = OptimizedTrainer(MLP, SGD, cells, pool)
        healthy.run()
    at = int(stack.diverged[1])
    assert at > 1 and stack.diverged[0] == NEVER
    for p, before in zip(stack.parameters.values(), history[at - 1], strict=True):
        assert torch.equal(p[1], before[1])
    for ours, theirs in zip(students(stack, [0]), students(healthy, [0]), strict=True):
        assert torch.equal(ours, theirs)


def test_a_killed_run_goes_on_to_the_same_bits_and_not_from_another_momentum(tmp_path):
    pool, cells = normal(32, 4), [cell(0), cell(1)]
    coordinates, kept = [{"N": 16, "replicate": r} for r in (0, 1)], (5, 30, 60)

    def trainer(s=SGD):
        return OptimizedTrainer(MLP, s, cells, pool, keep=kept)

    with blocks_of(8), pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumable, "SAVE_SECONDS", 0.0)
        train_resumably(trainer(), coordinates, tmp_path / "whole", None, "whole")
        first, saved = trainer(), resumable.save_checkpoint

        def save(path, state, metadata):
            saved(path, state, metadata)
            if int(state["step"]) == 32:
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as kill:
            kill.setattr(resumable, "save_checkpoint", save)
            with pytest.raises(KeyboardInterrupt):
                train_resumably(first, coordinates, tmp_path / "end", tmp_path / "state", "end")
        again = trainer()
        train_resumably(again, coordinates, tmp_path / "end", tmp_path / "state", "end")
    assert again.step == 60 and first.step == 32
    assert (tmp_path / "end").read_bytes() == (tmp_path / "whole").read_bytes()
    slower = SGDSettings(kind="sgd", learning_rate=RATE, momentum=0.5)
    assert resumable._fingerprint(trainer(settings(slower))) != resumable._fingerprint(trainer())
