"""`lowd watermark`: a key in files and out of them, by a saved pipeline or an exact denoiser."""

import json

import numpy as np
import pytest
import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from PIL import Image
from typer.testing import CliRunner

from lowd.apply.mark import Model, Record, find, mark
from lowd.cli.app import app
from lowd.distributions.gaussian import Gaussian
from lowd.progress import unwatched
from lowd.watermark.files import as_saved

SIZE = 16
NETWORK = {
    "sample_size": SIZE,
    "in_channels": 1,
    "out_channels": 1,
    "block_out_channels": (8, 8),
    "down_block_types": ("DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D"),
    "layers_per_block": 1,
    "norm_num_groups": 4,
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A pipeline that was never trained."""
    path = tmp_path_factory.mktemp("pipeline")
    torch.manual_seed(0)
    DDPMPipeline(UNet2DModel(**NETWORK), DDPMScheduler()).save_pretrained(path / "pipeline")
    return path / "pipeline"


@pytest.fixture
def folder(shared, tmp_path, monkeypatch):
    """The current folder, with the pipeline, two images, and what is none."""
    (tmp_path / "pipeline").symlink_to(shared)
    draw = np.random.default_rng(0)
    for name in ("a", "b"):
        pixels = draw.integers(40, 215, (SIZE, SIZE)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    Image.fromarray(np.zeros((SIZE, SIZE + 1), np.uint8)).save(tmp_path / "wide.png")
    Image.fromarray(np.zeros((SIZE, SIZE), np.uint16)).save(tmp_path / "deep.png")
    Image.fromarray(np.zeros((SIZE, SIZE, 4), np.uint8)).save(tmp_path / "clear.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/a.jpg").write_bytes((tmp_path / "a.png").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lowd(*words):
    return CliRunner().invoke(app, ["watermark", *words])


EMBED = ("--pipeline", "pipeline", "--output", "marked", "--steps", "3")


@pytest.mark.parametrize("direction", ["random", "off-jacobian", "pixels"])
def test_a_mark_is_written_and_looked_for(folder, direction):
    done = lowd("a.png", "b.png", *EMBED, "--direction", direction, "--rank", "2", "--psnr", "30")
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "marked/watermark.json").read_text())
    assert record["direction"] == direction
    assert len(record["key"]) == 32
    assert sorted(path.name for path in (folder / "marked").iterdir()) == [
        "a.png",
        "b.png",
        "watermark.json",
    ]
    for one in record["images"]:
        before, after = (
            np.asarray(Image.open(path), float)
            for path in (one["source"], f"marked/{one['output']}")
        )
        quality = 10 * np.log10(255**2 / ((before - after) ** 2).mean())
        assert quality == pytest.approx(one["psnr"], abs=1e-3)
        assert quality == pytest.approx(30, abs=0.15)
    looked = lowd("marked/a.png", "marked/b.png", "--detect", "marked/watermark.json", "--json")
    assert looked.exit_code == 0, looked.output
    told = json.loads(looked.output)
    # The file says the same as the image before it was one.
    found = [one["p_value"] for one in told["images"]]
    assert found == pytest.approx([one["p_value"] for one in record["images"]], rel=1e-3)
    assert 0 < told["p_value"] < 1


def test_the_same_secret_writes_the_same_files(folder):
    for name in ("one", "two"):
        done = lowd("a.png", *EMBED[:3], name, *EMBED[4:], "--key", "secret")
        assert done.exit_code == 0, done.output
    assert (folder / "one/a.png").read_bytes() == (folder / "two/a.png").read_bytes()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("none.png", *EMBED), "none.png: no such image"),
        (("broken.jpg", *EMBED), "broken.jpg: not a readable image"),
        (("a.png", "wide.png", *EMBED), "wide.png: 17×16 pixels"),
        (("deep.png", *EMBED), "deep.png: more than 8 bits"),
        (("clear.png", *EMBED), "clear.png: transparent"),
        (("a.png", "other/a.jpg", *EMBED), "other/a.jpg: has the name of a.png"),
        (("a.png", *EMBED, "--sigma", "500"), "--sigma: 500 is not among the pipeline's"),
        (("a.png", *EMBED, "--sigma", "0.001"), "--sigma: 0.001 is not among the pipeline's"),
        (("a.png", *EMBED, "--sigma", "-1"), "sigma"),
        (("a.png", *EMBED, "--psnr", "90"), "psnr"),
        (("a.png", *EMBED, "--direction", "null"), "direction"),
        (("a.png", *EMBED, "--direction", "off-jacobian", "--rank", "300"), "rank: 300"),
        (("a.png", *EMBED, "--direction", "off-jacobian", "--rank", "256"), "left"),
        (("a.png", "--pipeline", "nowhere", "--output", "marked"), "nowhere: no pipeline in it"),
        (("a.png", "--pipeline", "other", "--output", "marked"), "other: no pipeline in it"),
        (("a.png", "--pipeline", "pipeline"), "--output: required"),
        (("a.png", "--output", "marked"), "--pipeline: required"),
        (("a.png", *EMBED[:2], "--output", "other"), "other: is there already"),
        (("a.png", "--detect", "none.json"), "none.json: no such file"),
        (("a.png", "--detect", "a.png"), "a.png"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_and_nothing_is_written(folder, words, line):
    before = sorted(path.name for path in folder.iterdir())
    done = lowd(*words)
    assert done.exit_code == 1
    assert line in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_record_of_another_pipeline_is_refused(folder):
    assert lowd("a.png", *EMBED, "--direction", "pixels").exit_code == 0
    record = json.loads((folder / "marked/watermark.json").read_text())
    (folder / "changed.json").write_text(json.dumps(record | {"sha256": "0" * 64}))
    done = lowd("a.png", "--detect", "changed.json")
    assert "--pipeline: its weights are not those" in done.output


@pytest.mark.parametrize("direction", ["random", "off-jacobian", "pixels"])
def test_a_denoiser_that_knows_its_data_finds_the_key(direction):
    """Smooth images, exactly denoised: marked ones have small p-values, others have any."""
    grid = torch.arange(SIZE, dtype=torch.float64)
    kernel = torch.exp(-(grid[:, None] - grid).square() / 18)
    covariance = 0.05 * torch.kron(kernel, kernel) + 1e-3 * torch.eye(SIZE**2, dtype=torch.float64)
    data = Gaussian(torch.zeros(1, SIZE, SIZE, dtype=torch.float64), covariance)
    drawn = data.sample(12, torch.Generator().manual_seed(0)).float()
    model = Model(data.denoise, (1, SIZE, SIZE), 0.02, 50.0, "")
    record = Record(
        key="mine", direction=direction, sigma=0.3, steps=6, rank=4, psnr=34.0, pipeline="",
        sha256="",
    )  # fmt: skip
    images = as_saved(drawn)
    marked = torch.cat([one for one, *_ in mark(record, model, images[:6], unwatched)])
    _, found, together = find(record, model, marked, unwatched)
    _, others, by_chance = find(record, model, images[6:], unwatched)
    assert max(found) < 0.01
    assert together < 1e-6
    assert min(others) > 1e-3
    assert by_chance > 1e-3
