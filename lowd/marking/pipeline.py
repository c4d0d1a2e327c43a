"""The denoiser of a saved `diffusers` pipeline, without a study."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lowd.device import pick_device
from lowd.diffusion.denoiser import Denoiser
from lowd.sources.settings import DiffusersTeacher
from lowd.steps.teachers import diffusers
from lowd.steps.teachers.teacher import WEIGHTS
from lowd.store.checkpoints import load_checkpoint

SIGMA_MIN = 0.02
"""What an image is taken for, or the pipeline's own lowest level: rounding to 8 bits is stretched
by σ over it on the way up."""


@dataclass(frozen=True)
class Model:
    """A denoiser, and what is known of it.

    Attributes:
        denoise: D(x, sigma), on `device`.
        shape: of an image.
        lowest: the first noise level that an image may be taken for.
        highest: the last that the network was trained on.
        sha256: of its weights.
    """

    denoise: Denoiser
    shape: tuple[int, ...]
    lowest: float
    highest: float
    sha256: str

    def check_level(self, sigma: float) -> None:
        """Raise ValueError unless keys can be written there."""
        if not self.lowest < sigma <= self.highest:
            raise ValueError(
                f"--sigma: {sigma:g} is not among the pipeline's noise levels, above "
                f"{self.lowest:.3g} to {self.highest:.4g}"
            )


def open_pipeline(folder: Path) -> Model:
    """The pipeline in a folder that `save_pretrained` wrote, once its own scheduler agrees.

    Raises:
        FileNotFoundError: no such folder, or a file in it is missing.
        ValueError: it is damaged, latent or conditional.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; give one that save_pretrained wrote")
    declared = DiffusersTeacher(
        kind="diffusers", path=folder, shape=_shape(folder), repository=None, revision=None
    )
    device = pick_device()
    with tempfile.TemporaryDirectory() as draft:
        diffusers.make(declared, 0, Path(draft), None)
        tensors, metadata = load_checkpoint(Path(draft) / WEIGHTS)
        denoise = diffusers.load(Path(draft), device).denoise
    sigmas = tensors["sigmas"]
    return Model(
        denoise,
        declared.shape,
        max(SIGMA_MIN, float(sigmas[0])),
        float(sigmas[-1]),
        metadata["sha256"],
    )


def _shape(folder: Path) -> tuple[int, int, int]:
    """(channels, height, width), as the network's configuration has them."""
    room = folder / "unet" if (folder / "unet").is_dir() else folder
    path = room / "config.json"
    try:
        config = json.loads(path.read_bytes())
        size = config["sample_size"]
        height, width = (size, size) if isinstance(size, int) else size
        return int(config.get("in_channels", 3)), int(height), int(width)
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file; give a folder that save_pretrained of a pipeline wrote"
        ) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path}: says no size of images ({error})") from None
