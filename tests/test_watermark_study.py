"""The watermark study on an exact teacher, whose answers are known."""

from pathlib import Path

import numpy as np
import pytest

from lowd.diffusion.settings import SamplerSettings
from lowd.kinds.watermark.imprint import ImprintStep, imprint
from lowd.sources.settings import MoLRGImagesTeacher
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.store.arrays import read_store

SHAPE = (1, 8, 8)
SAMPLER = SamplerSettings(steps=8, sigma_min=0.02, sigma_max=10)


def step(**changes):
    settings = {
        "seed": 3,
        "sampler": SAMPLER,
        "scenarios": ("server", "user"),
        "images": 24,
        "clean": 40,
        "sigmas": (0.5,),
        "keys": 4,
        "psnr": 30.0,
        "directions": ("random", "off-jacobian", "in-jacobian", "off-mean-jacobian", "pixels"),
        "rings": ("low", "tree-ring"),
        "radius": 2.0,
        "attacks": (("noise", 0.1), ("jpeg", 75)),
        "steps": 5,
    }
    return ImprintStep(**settings | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A teacher whose images have 16 dimensions, and samples of it."""
    path = tmp_path_factory.mktemp("exact")
    settings = MoLRGImagesTeacher(kind="molrg_images", shape=SHAPE, rank=16, clusters=1)
    teacher(TeacherStep(seed=0, teacher=settings), output=path / "teacher")
    asked = PoolStep(seed=0, size=600, shape=SHAPE, sampler=None)
    pool(asked, teacher=path / "teacher", output=path / "pool.zarr")
    return path


def measured(folder, output, **changes):
    paths = {"teacher": folder / "teacher", "pool": folder / "pool.zarr"}
    imprint(step(**changes), **paths, output=Path(output))
    return read_store(output, finite=False)


@pytest.fixture(scope="module")
def results(folder):
    return measured(folder, folder / "results.zarr")


def test_every_added_key_has_the_quality_asked_for(results):
    added = results.sel(mark=list(step().directions))
    np.testing.assert_allclose(added["psnr"], 30, atol=0.1)
