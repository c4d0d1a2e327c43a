"""Nothing in the loop reads a tensor's value, so that nothing in it waits for the device."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lowd.models.conditional_settings import with_classes
from lowd.models.settings import MLPSettings, UNetSettings
from lowd.training.conditional import ConditionalTrainer
from lowd.training.draws import Cell, draw_block
from lowd.training.optimized import OptimizedTrainer, OptimizedTraining
from lowd.training.optimizer_settings import SGDSettings
from lowd.training.settings import (
    AdversarialSettings,
    ConsistencySettings,
    EpsilonSettings,
    TrainingSettings,
    VariationalSettings,
)
from lowd.training.trainer import NEVER, Trainer

SHORT = TrainingSettings(steps=30, batch=8, warm_up=10, sigma_data=0.5)
CELLS = [Cell(f"replicate={r}", seed=3, samples=8, first=8 * r) for r in range(3)]
UNET, MLP = UNetSettings(architecture="unet", width=8), MLPSettings(architecture="mlp", width=6)
LEVELS = {"sigma_min": 0.02, "sigma_max": 8.0}
AIMS = [
    EpsilonSettings(kind="epsilon", kernel="vp", **LEVELS),
    ConsistencySettings(kind="consistency", **LEVELS),
    VariationalSettings(kind="variational"),
    AdversarialSettings(kind="adversarial"),
]
READING = {"_local_scalar_dense", "equal", "is_nonzero", "masked_select", "nonzero"}
INDEXING = {"index", "index_put", "index_put_", "_index_put_impl_"}
METHODS = (
    *("__bool__", "__float__", "__index__", "__int__"),
    *("cpu", "item", "numpy", "tolist"),
)


class Unread(TorchDispatchMode):
    """Refuses operations whose result, or its shape, the host can't know without a value."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        masks = name in INDEXING and any(i is not None and i.dtype == torch.bool for i in args[1])
        assert name not in READING and not masks, f"{name} reads a value"
        return func(*args, **kwargs or {})


@pytest.fixture
def unread(monkeypatch):
    def refuse(*_):
        raise AssertionError("a value is read")

    with Unread():
        for method in METHODS:
            monkeypatch.setattr(torch.Tensor, method, refuse)
        yield
        monkeypatch.undo()


def images(*shape):
    pool = torch.randn(24, *shape, generator=torch.Generator().manual_seed(0))
    pool[8:16] = torch.inf
    return pool


@pytest.mark.parametrize(
    "read",
    [
        lambda x: bool(x.any()),
        lambda x: x.sum().item(),
        lambda x: x[x > 0],
        lambda x: x.tolist(),
        lambda x: torch.equal(x, x),
        lambda x: x.cpu(),
    ],
)
def test_a_value_that_is_read_would_be_noticed(unread, read):
    with pytest.raises(AssertionError, match="read"):
        read(torch.ones(3))


def test_no_step_of_any_architecture_reads_a_value(smallest, request):
    model, shape = smallest
    assert_unread(Trainer(model, SHORT, CELLS, images(*shape)), request)


@pytest.mark.parametrize("aim", AIMS, ids=lambda aim: aim.kind)
def test_no_step_of_any_objective_reads_a_value(aim, request):
    assert_unread(Trainer(UNET, SHORT, CELLS, images(1, 4, 4), aim=aim), request)


def test_no_step_that_is_told_classes_reads_a_value(request):
    model, labels = with_classes(MLP, 2), torch.arange(24) % 2
    assert_unread(ConditionalTrainer(model, SHORT, CELLS, images(3), labels, 0.1), request)


def test_no_step_of_sgd_reads_a_value(request):
    settings = OptimizedTraining(**SHORT.model_dump(), optimizer=SGDSettings(kind="sgd"))
    assert_unread(OptimizedTrainer(MLP, settings, CELLS, images(3)), request)


def assert_unread(trainer, request):
    draws = draw_block(CELLS, 0, SHORT.batch, trainer.pool.shape[1:])
    request.getfixturevalue("unread")
    for k in range(3):
        trainer._advance(*(part[:, k] for part in draws))
    request.getfixturevalue("monkeypatch").undo()
    assert trainer.diverged.tolist() == [NEVER, 0, NEVER]
