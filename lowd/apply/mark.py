"""A key written into images, and looked for in them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from lowd.apply.pipeline import LoadedPipeline
from lowd.base import Settings
from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.passage import Passage
from lowd.geometry.directions import project_out
from lowd.geometry.subspaces import top_subspace
from lowd.metrics.image_quality import psnr
from lowd.progress import Watch
from lowd.streams import stream
from lowd.watermark.adding import add_to_pixels, add_to_states
from lowd.watermark.detection import cosine, p_value, shared_evidence
from lowd.watermark.evidence import PIXEL_SIGMA, residual
from lowd.watermark.files import Images
from lowd.watermark.keys import draw_key

SIGMA_MIN = 0.02
"""What an image is taken for, or the pipeline's own lowest level: rounding to 8 bits is stretched
by σ over it on the way up."""

MARKING, LOOKING = "marking", "looking"

Along = Literal["random", "off-jacobian", "pixels"]


@dataclass(frozen=True)
class Model:
    """A denoiser of images on the CPU, wherever it computes.

    Attributes:
        denoise: D(x, sigma).
        shape: of an image.
        lowest: the noise level that an image is taken for.
        highest: the last that the network was trained on.
        sha256: of its weights.
    """

    denoise: Denoiser
    shape: tuple[int, int, int]
    lowest: float
    highest: float
    sha256: str

    @classmethod
    def of(
        cls, pipeline: LoadedPipeline, shape: tuple[int, int, int], device: torch.device
    ) -> "Model":
        """That of a pipeline, whose network is on `device`."""

        def denoise(x: Tensor, sigma: Sigma) -> Tensor:
            return pipeline.denoise(x.to(device), sigma).to(x.device)

        lowest = max(SIGMA_MIN, pipeline.sigma_min)
        return cls(denoise, shape, lowest, pipeline.sigma_max, pipeline.sha256)

    def check_level(self, sigma: float) -> None:
        """Raise ValueError unless keys can be written there."""
        if not self.lowest < sigma <= self.highest:
            raise ValueError(
                f"--sigma: {sigma:g} is not among the pipeline's noise levels, above "
                f"{self.lowest:.3g} to {self.highest:.4g}"
            )


class MarkedImage(Settings):
    """What was done to one image; p_value is that of the marked one, as saved."""

    source: str
    output: str
    psnr: float
    strength: float
    p_value: float


class Record(Settings):
    """All that it takes to find a mark again. Whoever has it can also remove or forge the mark.

    Attributes:
        key: the name of the key's stream: the secret.
        direction: along the key, the key without the top of each image's J, or the key in pixels.
        sigma: at which it was written.
        steps: of the flow, down and up.
        rank: directions of J that are left out.
        psnr: asked for, in dB.
        pipeline: the folder.
        sha256: of the pipeline's weights.
    """

    key: str = Field(min_length=1)
    direction: Along
    sigma: float = Field(gt=0)
    steps: int = Field(ge=2)
    rank: int = Field(ge=1)
    psnr: float = Field(gt=0, lt=48)
    pipeline: str
    sha256: str
    images: tuple[MarkedImage, ...] = ()


def key_of(record: Record, model: Model) -> Float[Tensor, " feature"]:
    """The key that the record names, of as many numbers as an image has."""
    size = int(torch.tensor(model.shape).prod())
    return draw_key(size, stream("watermark", record.key))


def mark(
    record: Record, model: Model, images: Images, watch: Watch
) -> Iterator[tuple[Tensor, float, float, float]]:
    """Of every image its marked one as saved, its strength, PSNR and p-value.

    Raises:
        ValueError: the noise level is not the pipeline's; nothing is left of the key; or its mark
            does not show at any strength.
    """
    key, passage = key_of(record, model), _passage(record, model)
    for done, one in enumerate(images.split(1)):
        watch(MARKING, done, len(images))
        marked, strength = _written(record, passage, one, key)
        quality = float(psnr(one, marked))
        if quality > record.psnr + 1:
            raise ValueError(
                f"--direction: {record.direction} changes image {done + 1} to {quality:.1f} dB at "
                f"most, and {record.psnr:g} dB are asked for; choose another direction or σ"
            )
        (p,) = p_value(cosine(key, evidence(record, model, marked)), len(key)).tolist()
        yield marked, float(strength), quality, p
    watch(MARKING, len(images), len(images))


def _written(record: Record, passage: Passage, image: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
    keys = key[None]
    if record.direction == "pixels":
        return add_to_pixels(image, keys, record.psnr)
    state = passage.up(image)
    if record.direction == "off-jacobian":
        generator = stream("watermark", "subspace")
        top = top_subspace(passage.denoise, state, passage.sigma, record.rank, generator)
        keys, _ = project_out(keys, top.right.cpu())
    return add_to_states(passage, state, image, keys, record.psnr)


def evidence(record: Record, model: Model, images: Images) -> Float[Tensor, "image feature"]:
    """What the denoiser takes away from the images' states, or from pixels."""
    passage = _passage(record, model)
    states = images if record.direction == "pixels" else passage.up(images)
    return residual(states, passage.denoised(states))


def _passage(record: Record, model: Model) -> Passage:
    sigma = PIXEL_SIGMA if record.direction == "pixels" else record.sigma
    model.check_level(sigma)
    return Passage(model.denoise, sigma, model.lowest, record.steps)


def find(
    record: Record, model: Model, images: Images, watch: Watch
) -> tuple[list[float], list[float], float]:
    """Cosine and p-value of every image, and one p-value of all together, who share one key."""
    key, found = key_of(record, model), []
    for done, one in enumerate(images.split(1)):
        watch(LOOKING, done, len(images))
        found.append(evidence(record, model, one))
    watch(LOOKING, len(images), len(images))
    shown = torch.cat(found)
    cosines = cosine(key, shown)
    together = p_value(cosine(key, shared_evidence(shown)), len(key))
    return cosines.tolist(), p_value(cosines, len(key)).tolist(), float(together)


def described(
    record: Record, paths: Sequence[Path], names: Sequence[str], rows: Sequence[tuple]
) -> Record:
    """The record with what was done to every image."""
    images = tuple(
        MarkedImage(source=str(path), output=name, strength=strength, psnr=quality, p_value=p)
        for path, name, (_, strength, quality, p) in zip(paths, names, rows, strict=True)
    )
    return record.model_copy(update={"images": images})
