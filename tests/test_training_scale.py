"""The standard deviation of data, estimated unless it is given."""

import numpy as np
import pytest
import torch
import xarray as xr

from lowd.models.settings import MLPSettings
from lowd.steps.train import TrainStep, train
from lowd.store.arrays import write_store
from lowd.store.students import load_students
from lowd.training.scale import data_scale
from lowd.training.settings import TrainingSettings

TRAINING = TrainingSettings(steps=2, batch=2, warm_up=1)


def test_an_estimate_is_the_standard_deviation_of_all_numbers_to_three_digits():
    points = torch.randn(50, 2, 3, generator=torch.Generator().manual_seed(0)) * 4 + 7
    exact = np.std(points.numpy().astype(np.float64))
    assert data_scale(TRAINING, points) == float(f"{exact:.3g}") == pytest.approx(exact, rel=5e-3)
    assert data_scale(TRAINING.model_copy(update={"sigma_data": 0.3}), points) == 0.3


def test_data_that_are_all_alike_have_no_scale():
    for points, told in ((torch.ones(4, 2), "alike"), (torch.full((2, 2), torch.nan), "finite")):
        with pytest.raises(ValueError, match=rf"^training\.sigma_data: .*{told}.*set it"):
            data_scale(TRAINING, points)
    assert data_scale(TRAINING.model_copy(update={"sigma_data": 1.0}), torch.ones(4, 2)) == 1


def trained(folder, pool, **changes):
    """Students of that pool, and their cells' keys."""
    write_store(folder / "pool.zarr", pool)
    settings = TrainStep(
        seed=0,
        model=MLPSettings(architecture="mlp", width=4),
        samples=(2, 4),
        replicates=2,
        training=TRAINING.model_copy(update=changes),
    )
    train(settings, pool=folder / "pool.zarr", output=folder / "s/weights.safetensors")
    return load_students(folder / "s/weights.safetensors")


def test_every_student_has_the_scale_of_samples_that_nobody_trains_on(tmp_path):
    rng = np.random.default_rng(0)
    samples, reference = rng.standard_normal((8, 3)), 5 * rng.standard_normal((40, 3))
    dims = {"samples": ("sample", "feature"), "reference": ("reference_sample", "feature")}

    def pool(samples):
        held = {"samples": samples, "reference": reference}
        return xr.Dataset({k: (dims[k], v.astype(np.float32)) for k, v in held.items()})

    small = trained(tmp_path, pool(samples))
    assert small.sigma_data == float(f"{reference.std():.3g}")
    # A larger pool has other samples, and the same reference.
    grown = trained(tmp_path, pool(np.concatenate([samples, 100 * samples])))
    assert grown.sigma_data == small.sigma_data
    given = trained(tmp_path, pool(samples), sigma_data=small.sigma_data)
    for name, weights in small.weights.items():
        torch.testing.assert_close(given.weights[name], weights, rtol=0, atol=0)
