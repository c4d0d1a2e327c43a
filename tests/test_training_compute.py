"""Backends and precisions compute the same but for rounding; SIGTERM stops at the next block."""

import os
import signal

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.models.layers import Conv2d
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.steps.resumable import STOPPED, train_resumably
from lowd.store.checkpoints import load_checkpoint
from lowd.training import draws, trainer
from lowd.training.backends import BatchedConv2d
from lowd.training.compute import ComputeSettings
from lowd.training.draws import Cell
from lowd.training.precision import tf32
from lowd.training.settings import AdversarialSettings, TrainingSettings, VariationalSettings
from lowd.training.trainer import Trainer

SHORT = TrainingSettings(steps=30, batch=8, warm_up=10, learning_rate=0.01, ema=0.95)
CELLS = [Cell(f"replicate={r}", seed=3, samples=8, first=8 * r) for r in range(3)]
UNET = UNetSettings(architecture="unet", width=8)


def normal(*shape, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


def trained(model, pool, **compute):
    one = Trainer(model, SHORT, CELLS, pool, compute=ComputeSettings(**compute))
    one.run()
    return one


@pytest.mark.parametrize("backend", ["batched", "looped"])
def test_every_backend_trains_the_same_students(smallest, backend):
    model, shape = smallest
    pool = normal(24, *shape)
    ours, reference = trained(model, pool, backend=backend), trained(model, pool)
    assert list(ours.average) == list(reference.average)
    for name, tensor in reference.average.items():
        torch.testing.assert_close(ours.average[name], tensor, rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(ours.losses, reference.losses)


@settings(max_examples=15, deadline=None)
@given(
    students=st.integers(1, 3),
    channels=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    batch=st.integers(1, 3),
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
)
def test_a_batched_convolution_is_the_grouped_one(students, channels, batch, size):
    layer = Conv2d(students, *channels).double()
    with torch.no_grad():
        layer.weight.copy_(normal(*layer.weight.shape))
        layer.bias.copy_(normal(*layer.bias.shape))
    x = normal(batch, students * channels[0], *size)
    torch.testing.assert_close(BatchedConv2d(layer)(x), layer(x))


@pytest.mark.parametrize(
    "aim", [VariationalSettings(kind="variational"), AdversarialSettings(kind="adversarial")]
)
def test_what_consists_of_several_networks_is_not_looped_over(aim):
    looped = ComputeSettings(backend="looped")
    with pytest.raises(ValueError, match=r"compute\.backend: 'looped'"):
        Trainer(UNET, SHORT, CELLS, normal(24, 1, 4, 4), aim=aim, compute=looped)


def test_bf16_rounds_networks_and_neither_weights_nor_losses():
    pool = normal(24, 1, 4, 4, dtype=torch.float32)
    ours, single = trained(UNET, pool, precision="bf16"), trained(UNET, pool)
    assert {p.dtype for p in ours.average.values()} == {ours.losses.dtype} == {torch.float32}
    assert not torch.equal(ours.losses, single.losses)
    # Eight bits of mantissa: a loss averaged over a block is off by far less than 2⁻⁸ of itself.
    torch.testing.assert_close(ours.losses, single.losses, rtol=2**-8, atol=0)


def test_tf32_is_allowed_in_training_that_asks_for_it_and_nowhere_else(monkeypatch):
    seen = []
    make = trainer.objective

    def watched(*arguments):
        one = make(*arguments)
        of_one = one.loss

        def look(*parts):
            seen.append((torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
            return of_one(*parts)

        one.loss = look
        return one

    monkeypatch.setattr(trainer, "objective", watched)
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    model = MLPSettings(architecture="mlp", width=4)
    trained(model, normal(24, 3), precision="tf32")
    assert set(seen) == {(True, True)}
    seen.clear()
    trained(model, normal(24, 3))
    assert set(seen) == {(False, False)}
    with pytest.raises(KeyError), tf32(True):
        raise KeyError
    after = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    assert after == before


COORDINATES = [{"N": 8, "replicate": r} for r in range(3)]


def test_sigterm_stops_training_after_the_block_and_it_goes_on_to_the_same_bits(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(draws, "BLOCK", 10)
    monkeypatch.setattr(trainer, "BLOCK", 10)
    pool, scratch = normal(24, 1, 4, 4), tmp_path / "scratch"
    handler = signal.getsignal(signal.SIGTERM)
    train_resumably(Trainer(UNET, SHORT, CELLS, pool), COORDINATES, tmp_path / "whole", None, "")
    advance = Trainer._advance

    def asked(one, *parts):
        if one.step == 13:
            os.kill(os.getpid(), signal.SIGTERM)
        return advance(one, *parts)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_advance", asked)
        with pytest.raises(SystemExit) as stopped:
            train_resumably(
                Trainer(UNET, SHORT, CELLS, pool), COORDINATES, tmp_path / "end", scratch, ""
            )
    assert stopped.value.code == STOPPED == 143
    assert signal.getsignal(signal.SIGTERM) == handler
    assert int(load_checkpoint(scratch)[0]["step"]) == 20
    assert not (tmp_path / "end").exists()
    resumed = Trainer(UNET, SHORT, CELLS, pool)
    steps = []
    monkeypatch.setattr(
        Trainer, "_advance", lambda one, *parts: steps.append(one.step) or advance(one, *parts)
    )
    train_resumably(resumed, COORDINATES, tmp_path / "end", scratch, "")
    assert steps == list(range(20, 30))
    assert (tmp_path / "end").read_bytes() == (tmp_path / "whole").read_bytes()


def test_sigterm_kills_where_nothing_can_be_saved(tmp_path, monkeypatch):
    heard = []
    advance = Trainer._advance
    monkeypatch.setattr(
        Trainer,
        "_advance",
        lambda one, *parts: heard.append(signal.getsignal(signal.SIGTERM)) or advance(one, *parts),
    )
    one = Trainer(MLPSettings(architecture="mlp", width=4), SHORT, CELLS, normal(24, 3))
    train_resumably(one, COORDINATES, tmp_path / "end", None, "")
    assert set(heard) == {signal.getsignal(signal.SIGTERM)}
