"""What bills take teachers for, against the teachers themselves."""

import pytest
import torch
from pydantic import TypeAdapter

from lowd.cost.tally import Tally
from lowd.cost.teachers import dimensions_of, network_of, row_flops
from lowd.sources.settings import TeacherSettings
from lowd.steps.teacher import TeacherStep, teacher
from lowd.steps.teachers.teacher import load_teacher
from lowd.training.settings import EDMSettings

EDM = EDMSettings()
MIXTURES = (
    {"kind": "molrg", "dimension": 16, "rank": 1, "clusters": 5},
    {"kind": "molrg_images", "shape": (1, 4, 4), "rank": 2, "clusters": 3},
    {"kind": "noisy_molrg", "dimension": 16, "rank": 2, "clusters": 3, "delta": 0.3},
)


@pytest.fixture(params=MIXTURES, ids=lambda given: given["kind"])
def mixture(request, tmp_path):
    """Settings of a teacher, and its denoiser as students and scores have it."""
    settings = TypeAdapter(TeacherSettings).validate_python(request.param)
    teacher(TeacherStep(seed=0, teacher=settings), output=tmp_path / "teacher")
    return settings, load_teacher(tmp_path / "teacher", torch.device("cpu")).denoise


def test_flops_of_a_mixture_are_those_of_its_denoiser(mixture):
    settings, denoise = mixture
    noisy = torch.randn((7, *settings.shape), generator=torch.Generator().manual_seed(0))
    with Tally() as tally:
        denoise(noisy, 0.5)
    assert 7 * row_flops(network_of(settings), EDM, settings.shape) == tally.flops


def test_dimensions_of_a_mixture_are_those_that_its_denoiser_keeps(mixture):
    settings, denoise = mixture
    noisy = torch.randn((64, *settings.shape), generator=torch.Generator().manual_seed(0))
    kept = torch.linalg.matrix_rank(denoise(noisy.double(), 0.5).flatten(1), rtol=1e-9)
    assert dimensions_of(settings) == int(kept)


def test_a_gaussians_flops_are_about_those_of_its_denoiser_and_all_dimensions_are_kept(tmp_path):
    given = {"kind": "gaussian", "shape": (1, 8, 8), "spikes": (2.0,), "decay": 1.0}
    settings = TypeAdapter(TeacherSettings).validate_python(given)
    teacher(TeacherStep(seed=0, teacher=settings), output=tmp_path / "teacher")
    denoise = load_teacher(tmp_path / "teacher", torch.device("cpu")).denoise
    noisy = torch.randn((7, *settings.shape), generator=torch.Generator().manual_seed(0))
    with Tally() as tally:
        denoise(noisy, 0.5)
    assert 7 * row_flops(network_of(settings), EDM, settings.shape) == pytest.approx(
        tally.flops, rel=0.03
    )
    every = torch.eye(64, dtype=torch.float64).view(64, 1, 8, 8)
    assert dimensions_of(settings) == int(torch.linalg.matrix_rank(denoise(every, 0.5).flatten(1)))


def test_a_custom_teacher_has_no_network_that_is_known():
    with pytest.raises(LookupError, match="custom"):
        network_of(
            TypeAdapter(TeacherSettings).validate_python(
                {"kind": "custom", "entry": "mine:teacher", "shape": [4]}
            )
        )
