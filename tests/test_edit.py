"""`lowd edit`: a user's own images and a saved pipeline, without a study."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from pictures import write_png16
from PIL import Image
from typer.testing import CliRunner

from lowd.apply.images import read_images, read_mask
from lowd.apply.pipeline import load_pipeline
from lowd.cli.app import app
from lowd.diffusion.inversion import invert, levels_between
from lowd.diffusion.noise_levels import karras_sigmas
from lowd.diffusion.solvers import probability_flow
from lowd.geometry.jacobian import jacobian

SHAPE = (3, 8, 8)
STRENGTHS = (-2.0, 2.0, 6.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A pipeline of random weights, images and masks, some that are no good."""
    path = tmp_path_factory.mktemp("edit")
    torch.manual_seed(0)
    unet = UNet2DModel(
        sample_size=8,
        block_out_channels=(8, 8),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=4,
    )
    DDPMPipeline(unet, DDPMScheduler()).save_pretrained(path / "ddpm")
    draw = np.random.default_rng(0)
    for name in ("one.png", "two.png", "whole.jpg"):
        Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path / name)
    jpeg = (path / "whole.jpg").read_bytes()
    (path / "broken.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    Image.fromarray(draw.integers(0, 256, (9, 8, 3), dtype=np.uint8)).save(path / "tall.png")
    write_png16(path / "deep.png", np.full((8, 8, 3), 300, ">u2"))
    mask = np.zeros((8, 8), np.uint8)
    mask[2:5, 2:6] = 255
    Image.fromarray(mask.astype(np.uint16)).save(path / "deep-mask.png")
    masks = {"mask": mask, "empty": 0 * mask, "full": 0 * mask + 255, "small": mask[:4, :4]}
    for name, pixels in masks.items():
        Image.fromarray(pixels).save(path / f"{name}.png")
    return path


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def edit(*given, output, pipeline="ddpm"):
    words = ["edit", *map(str, given), "--pipeline", pipeline, "--output", str(output)]
    return CliRunner().invoke(app, [*words, "--device", "cpu"])


@pytest.fixture(scope="module")
def edited(folder):
    """A folder that the command left, and what it said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        strengths = [word for one in STRENGTHS for word in ("--strength", one)]
        done = edit("one.png", "two.png", "--mask", "mask.png", *strengths, output="made")
    assert done.exit_code == 0, done.output
    return folder / "made", done.output


def test_every_image_is_there_at_every_strength_with_a_record(edited):
    made, said = edited
    record = json.loads((made / "edits.json").read_text())
    expected = {f"{name}{s:+g}.png" for name in ("one", "two") for s in (0.0, *STRENGTHS)}
    assert {path.name for path in made.iterdir()} == expected | {
        "edits.json", "directions.npz", "sheet.png",
    }  # fmt: skip
    assert record["sigma"] == 0.5
    assert (record["along"], record["seed"], record["region_share"]) == ("loco", 0, 12 / 64)
    weights = made.parent / "ddpm/unet/diffusion_pytorch_model.safetensors"
    assert record["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    directions = hashlib.sha256((made / "directions.npz").read_bytes()).hexdigest()
    assert record["directions_sha256"] == directions
    assert "lies in the region, which is 19% of the image" in said


def test_pictures_are_what_the_recorded_direction_makes(edited):
    made, _ = edited
    pipeline = load_pipeline(Path("ddpm"), SHAPE, torch.device("cpu"))
    image = read_images([Path("one.png")], SHAPE)
    direction = torch.from_numpy(np.load(made / "directions.npz")["directions"][0])
    state = invert(pipeline.denoise, image, levels_between(0.5, 0.02, 20).flip(0))
    for strength in (0.0, *STRENGTHS):
        moved = state + strength * 0.5 * direction
        with torch.no_grad():
            end = probability_flow(pipeline.denoise, moved, karras_sigmas(21, 0.02, 0.5))
        pixels = np.asarray(Image.open(made / f"one{strength:+g}.png")).transpose(2, 0, 1)
        expected = 127.5 * (end[0].clamp(-1, 1) + 1)
        assert np.abs(pixels - expected.numpy()).max() < 1.5


def test_the_direction_is_the_regions_with_the_rests_leading_ones_taken_out(edited):
    made, _ = edited
    pipeline = load_pipeline(Path("ddpm"), SHAPE, torch.device("cpu"))
    image, inside = read_images([Path("two.png")], SHAPE), read_mask(Path("mask.png"), SHAPE)
    state = invert(pipeline.denoise, image, levels_between(0.5, 0.02, 20).flip(0))
    (matrix,) = jacobian(pipeline.denoise, state, 0.5)
    top = torch.linalg.svd(matrix[inside].double()).Vh[0]
    rest = torch.linalg.svd(matrix[~inside].double()).Vh[:5]
    expected = top - rest.T @ (rest @ top)
    found = torch.from_numpy(np.load(made / "directions.npz")["directions"][1]).flatten()
    cosine = torch.cosine_similarity(found.double(), expected, dim=0)
    assert abs(cosine) == pytest.approx(1, abs=1e-4)
    assert found.sum() >= 0


@pytest.mark.parametrize("along", ["best", "region", "whole", "random"])
def test_other_directions_can_be_asked_for(along, tmp_path):
    done = edit("one.png", "--along", along, "--steps", 2, output=tmp_path / "made")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "made/edits.json").read_text())["along"] == along


REFUSED = {
    "an empty mask": ("one.png --mask empty.png", "black everywhere"),
    "a full mask": ("one.png --mask full.png", "white everywhere"),
    "a mask of another size": ("one.png --mask small.png", "4×4 pixels"),
    "a mask that is no image": ("one.png --mask ddpm/unet/config.json", "not a readable image"),
    "an image of another size": ("one.png tall.png", "tall.png: 8×9 pixels"),
    "half a JPEG": ("broken.jpg", "broken.jpg: not a readable image"),
    "16 bits in colour": ("deep.png", "deep.png: more than 8 bits"),
    "a mask of 16 bits": ("one.png --mask deep-mask.png", "deep-mask.png: more than 8 bits"),
    "no image": ("nothing.png", "no such image"),
    "two of one name": ("one.png ./one.png", "rename one"),
    "a level above the grid": ("one.png --sigma 1000", "--sigma: 1000 is not between"),
    "a level below the grid": ("one.png --sigma 0.01", "--sigma: 0.01 is not between"),
    "no number": ("one.png --sigma nan", "--sigma: nan is not between"),
    "an end below the grid": ("one.png --sigma-min 0.00001", "--sigma-min: 1e-05 is not among"),
    "a rank above the region": ("one.png --rank 500", "--rank: 500 of a Jacobian of 48 rows"),
    "a rank above d": ("one.png --along whole --rank 193", "--rank: 193 of a Jacobian of 192 rows"),
    "too much protected": ("one.png --protect 145", "--protect: 145 of the 144"),
    "a strength of 0": ("one.png --strength 0", "--strength"),
    "a box outside": ("one.png --box 1 1 9 4", "--box: [1, 1, 9, 4] is no part"),
    "a box of all": ("one.png --box 0 0 8 8", "is the whole image"),
    "another word": ("one.png --along up", "choose one of loco"),
    "a device that is not there": ("one.png --device nowhere", "--device: nowhere"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_told_in_one_line_and_leaves_nothing(case, tmp_path):
    words, told = REFUSED[case]
    done = CliRunner().invoke(
        app, ["edit", *words.split(), "--pipeline", "ddpm", "--output", f"{tmp_path}/made"]
    )
    assert done.exit_code == 1
    (line,) = done.output.strip().splitlines()
    assert line.startswith("lowd edit: ")
    assert told in line
    assert list(tmp_path.iterdir()) == []


def test_a_direction_of_which_too_little_is_left_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("lowd.apply.edit.LEAST_LEFT", 0.9999)
    done = edit("one.png", "--steps", 2, output=tmp_path / "made")
    assert done.exit_code == 1
    assert "directions projected out" in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_pipeline_is_told(tmp_path):
    done = edit("one.png", output=tmp_path / "made", pipeline=str(tmp_path))
    assert done.exit_code == 1
    assert "no pipeline in it" in done.output


def test_what_was_made_before_is_not_replaced(edited):
    made, _ = edited
    before = {path.name: path.read_bytes() for path in made.iterdir()}
    done = edit("one.png", output="made")
    assert done.exit_code == 1
    assert "is there already" in done.output
    assert {path.name: path.read_bytes() for path in made.iterdir()} == before
