"""The watermark study on an exact teacher, whose answers are known."""

import shlex
from pathlib import Path

import numpy as np
import pytest
from captions import keeps_to_the_standard

from lowd.cli.steps import read_settings
from lowd.diffusion.settings import SamplerSettings
from lowd.distributions.molrg import MoLRG
from lowd.kinds.transition.settings import Transition
from lowd.kinds.watermark.costs import evaluations, imprint_bill, jacobians
from lowd.kinds.watermark.imprint import imprint
from lowd.kinds.watermark.imprint_step import ImprintStep
from lowd.kinds.watermark.settings import Watermark
from lowd.settings import Params
from lowd.sources.settings import MoLRGImagesTeacher
from lowd.steps.figure import FigureStep, figure
from lowd.steps.pool import PoolStep, pool
from lowd.steps.teacher import TeacherStep, teacher
from lowd.store.arrays import read_store
from lowd.table import graph

SHAPE = (1, 8, 8)
SAMPLER = SamplerSettings(steps=6, sigma_min=0.02, sigma_max=10)


def step(**changes):
    settings = {
        "seed": 3,
        "sampler": SAMPLER,
        "scenarios": ("server", "user"),
        "images": 12,
        "clean": 24,
        "sigmas": (0.5,),
        "keys": 4,
        "psnr": 30.0,
        "directions": ("random", "off-jacobian", "in-jacobian", "off-mean-jacobian", "pixels"),
        "rings": ("low", "tree-ring"),
        "radius": 2.0,
        "attacks": (("noise", 0.1), ("jpeg", 75)),
        "steps": 4,
    }
    return ImprintStep(**settings | changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A teacher whose images have 4 dimensions of 64, and samples of it."""
    path = tmp_path_factory.mktemp("exact")
    settings = MoLRGImagesTeacher(kind="molrg_images", shape=SHAPE, rank=4, clusters=1)
    teacher(TeacherStep(seed=0, teacher=settings), output=path / "teacher")
    asked = PoolStep(seed=0, size=600, reference=16, replicates=2, shape=SHAPE)
    pool(asked, teacher=path / "teacher", output=path / "pool.zarr")
    return path


def measured(folder, output, **changes):
    paths = {"teacher": folder / "teacher", "pool": folder / "pool.zarr"}
    imprint(step(**changes), **paths, output=Path(output))
    return read_store(output, finite=False)


@pytest.fixture(scope="module")
def results(folder):
    return measured(folder, folder / "results.zarr")


NULL = ["off-jacobian", "off-mean-jacobian"]
SEEN = ["random", "in-jacobian", "pixels"]


def test_every_key_that_shows_has_the_quality_asked_for(results):
    np.testing.assert_allclose(results["psnr"].sel(mark=SEEN), 30, atol=0.2)


def test_exact_null_directions_leave_the_image_as_it_is(results):
    """What no data have is gone after the last step, however strong it was (W2)."""
    server = results.sel(scenario="server", mark=NULL)
    assert np.isinf(server["psnr"]).all()
    assert (server["end_change"] == 0).all()
    assert (server["pmp_change"] < 1e-4).all()


def test_no_key_is_found_better_than_a_gaussian_lets(results):
    """The teacher is a Gaussian, whose best linear detector is known (W1)."""
    exact = results["auc_gaussian"].sel(noise=[0.0, 0.1]).interp(depth=0.5)
    for mark in ("random", "in-jacobian"):
        for attack, noise in (("none", 0.0), ("noise 0.1", 0.1)):
            one = results.sel(mark=mark, attack=attack, detector="residual").isel(sigma=0)
            bound = float(exact.sel(direction=mark, noise=noise))
            assert (one["auc"] <= bound + 4 * one["auc_se"]).all()


def test_pixels_off_the_data_give_a_key_away(results):
    pixels = results["auc"].sel(mark="pixels", attack="none", detector="residual")
    assert (pixels > 0.99).all()
    everywhere = results["auc"].sel(mark="random", attack="none", detector="residual")
    assert (pixels > everywhere).all()


def test_p_values_hold_their_level(results):
    for mark in ("random", "pixels", "low"):
        one = results.sel(mark=mark).isel(sigma=0)
        error = np.sqrt(one["level"] / 24 / 4)  # 16 keys an image count for 4 at least
        assert (abs(one["nominal"] - one["level"]) < 4 * error).all()


def test_tree_ring_is_written_into_noise_alone_and_makes_another_image(results):
    tree = results["psnr"].sel(mark="tree-ring").isel(sigma=0)
    assert np.isnan(tree.sel(scenario="user"))
    assert float(tree.sel(scenario="server")) < 25


def test_what_is_drawn_from_a_stream_is_drawn_again(folder, tmp_path):
    small = {
        "scenarios": ("user",), "directions": ("random",), "rings": (), "images": 8, "clean": 16,
        "attacks": (("noise", 0.1),),
    }  # fmt: skip
    one, again = (measured(folder, tmp_path / f"{at}.zarr", **small) for at in range(2))
    assert one.identical(again)


@pytest.mark.parametrize("name", ["watermark", "depth", "roc", "marked"])
def test_figures_are_drawn_with_captions(results, folder, tmp_path, name):
    files = [tmp_path / f"{name}.{suffix}" for suffix in ("svg", "png", "txt")]
    figure(FigureStep(name=name), results=[folder / "results.zarr"], output=files)
    keeps_to_the_standard(files[-1].read_text().strip())
    assert all(file.stat().st_size > 50 for file in files)


def test_a_bill_counts_every_evaluation(folder, tmp_path, monkeypatch):
    """Of the denoiser, but for trials of strength, which differ from image to image."""
    seen = {"value": 0}
    denoise = MoLRG.denoise

    def counted(self, x, sigma):
        seen["value"] += len(x)
        return denoise(self, x, sigma)

    monkeypatch.setattr(MoLRG, "denoise", counted)
    asked = {"images": 8, "clean": 16, "keys": 2, "scenarios": ("server",)}
    measured(folder, tmp_path / "results.zarr", **asked)
    whole = step(**asked)
    rows = jacobians(whole) * 64
    assert (seen["value"] - rows) / evaluations(whole) == pytest.approx(1, abs=0.25)


FASHION_LIKE = Transition.model_validate(
    {
        "teacher": {"kind": "molrg_images", "shape": [1, 8, 8], "rank": 4},
        "pool": {"size": 600},
        "samples": [4, 8],
        "models": {"mlp": {"architecture": "mlp", "width": 4}},
        "training": {"steps": 100, "warm_up": 5},
        "sampler": {"steps": 8, "sigma_min": 0.02, "sigma_max": 10},
    },
)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sigmas": [0.8, 0.3]}, "sigmas: .* must ascend"),
        ({"sigmas": [0.01]}, "sigmas: 0.01 is not between s's sampler.sigma_min"),
        ({"sigmas": [10]}, "sigmas: 10 is not between"),
        ({"directions": ["random", "random"]}, "directions: .* names one twice"),
        ({"directions": ["up"]}, "directions"),
        ({"keys": 100}, "keys: 100 for 64 images"),
        ({"attacks": {"jpeg": [0]}}, r"attacks\.jpeg: 0 is not a quality"),
        ({"attacks": {"jpeg": [70.5]}}, r"attacks\.jpeg: 70.5 is no whole number"),
        ({"attacks": {"noise": [-0.1]}}, r"attacks\.noise: -0.1 is not a standard"),
        ({"attacks": {"crop": [4]}}, r"attacks\.crop: 4 pixels off each side leave none"),
        ({"attacks": {"smudge": [1]}}, "smudge"),
        ({"radius": 4}, "radius: 4 does not fit images of 8 pixels"),
        ({"clean": 300}, "clean: 64 images and 300 clean ones take 664"),
        ({"psnr": 60}, "psnr"),
    ],
)
def test_settings_that_can_not_be_are_refused(changes, line):
    declared = {"kind": "watermark", "study": "s", **changes}
    with pytest.raises(ValueError, match=line):
        Watermark.model_validate(declared).check_base(FASHION_LIKE)


def test_images_that_no_file_holds_and_jacobians_too_large_are_refused():
    asked = Watermark(kind="watermark", study="s")
    vectors = {"kind": "molrg", "dimension": 24, "rank": 4}
    large = {"kind": "molrg_images", "shape": [3, 32, 32], "rank": 4}
    for teacher_settings, line in ((vectors, "study: s has samples"), (large, "directions: off-")):
        declared = FASHION_LIKE.model_dump(mode="json", exclude_unset=True)
        study = Transition.model_validate(declared | {"teacher": teacher_settings})
        with pytest.raises(ValueError, match=line):
            asked.check_base(study)


def test_a_finding_is_one_job_and_its_figures_whose_settings_a_shell_takes():
    params = Params(
        studies={"s": FASHION_LIKE}, findings={"marks": Watermark(kind="watermark", study="s")}
    )
    jobs = {job.rule.name: job for job in graph(params).jobs if job.study == "marks"}
    assert set(jobs) == {"imprint", "figure", "manifest"}
    job = jobs["imprint"]
    words = shlex.split(job.command)
    assert read_settings(imprint, words[words.index("--settings") + 1]) == job.settings
    assert imprint_bill(job, job.settings, graph(params)).is_modelled
