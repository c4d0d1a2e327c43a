"""A saved pipeline of the `diffusers` library, as a denoiser."""

import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from lowd.diffusion.denoiser import Denoiser
from lowd.sources.settings import DiffusersTeacher
from lowd.steps.teachers import diffusers
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import load_checkpoint


@dataclass(frozen=True)
class LoadedPipeline:
    """An unconditional pipeline in the space of pixels.

    Attributes:
        denoise: D(x; σ), which refuses levels that the network was not trained on.
        sigma_min: the lowest of these, in data units.
        sigma_max: the highest.
        sha256: of the file of weights.
    """

    denoise: Denoiser
    sigma_min: float
    sigma_max: float
    sha256: str


def pipeline_shape(folder: Path) -> tuple[int, int, int]:
    """(channel, height, width) of the images that a pipeline makes, by its configuration.

    Raises:
        FileNotFoundError: there is no pipeline.
        ValueError: its configuration is damaged, or states no size.
    """
    path = folder / "unet" / "config.json"
    if not path.is_file():
        path = folder / "config.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"{folder}: no pipeline in it; give a folder that save_pretrained of an unconditional "
            "pipeline wrote"
        )
    try:
        config = json.loads(path.read_bytes())
        channels, size = int(config.get("in_channels", 3)), config["sample_size"]
        height, width = (size, size) if isinstance(size, int) else size
        return channels, int(height), int(width)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path}: states no size of images ({error!r})") from None


def load_pipeline(
    folder: Path, shape: tuple[int, int, int], device: torch.device
) -> LoadedPipeline:
    """Its denoiser, once its own scheduler agrees with it.

    Raises:
        OSError: a file is missing.
        ValueError: lowd can't use it, or its denoiser is not what its scheduler computes.
    """
    declared = DiffusersTeacher.model_validate(
        {"kind": "diffusers", "path": folder, "shape": shape}
    )
    with TemporaryDirectory() as scratch:
        diffusers.make(declared, 0, Path(scratch), None)
        tensors, metadata = load_checkpoint(Path(scratch) / WEIGHTS)
        denoise = diffusers.load(Path(scratch), device).denoise
    levels = tensors["sigmas"]
    return LoadedPipeline(denoise, float(levels[0]), float(levels[-1]), metadata["sha256"])


def check_levels(pipeline: LoadedPipeline, sigma: float, sigma_min: float) -> None:
    """Raise ValueError unless both are levels of the pipeline's, the first above the second."""
    if not pipeline.sigma_min <= sigma_min < pipeline.sigma_max:
        raise ValueError(
            f"--sigma-min: {sigma_min:g} is not among the pipeline's noise levels, "
            f"{pipeline.sigma_min:.3g} to {pipeline.sigma_max:.3g}"
        )
    if not sigma_min < sigma <= pipeline.sigma_max:
        raise ValueError(
            f"--sigma: {sigma:g} is not between --sigma-min ({sigma_min:g}) and the pipeline's "
            f"highest noise level, {pipeline.sigma_max:.3g}"
        )
