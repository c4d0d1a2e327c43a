"""SSCD as it is published: TorchScript, by path and SHA-256 (arXiv:2202.10261).

Preprocessing is that of github.com/facebookresearch/sscd-copy-detection for images of any sides:
`Resize([320, 320])`, `ToTensor()`, `Normalize` by ImageNet's mean and standard deviation.
"""

import hashlib
import io
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from lowd.descriptors.embedding import Network
from lowd.descriptors.settings import SSCDSettings

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
"""ImageNet's, of red, green and blue in [0, 1]."""


def load(settings: SSCDSettings, weights: Path | None, device: torch.device) -> Network:
    """The network in the file, behind SSCD's preprocessing.

    Raises:
        OSError: the file can't be read.
        ValueError: it has another digest, in which case it is not opened, or is no TorchScript.
    """
    content = settings.path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != settings.sha256:
        raise ValueError(
            f"descriptor.sha256: {settings.path} has {found}, not {settings.sha256}; fetch the "
            "file again, or declare its digest if it is the one you mean"
        )
    try:
        network = torch.jit.load(io.BytesIO(content), map_location=device).eval()
    except RuntimeError as error:
        raise ValueError(f"descriptor.path: {settings.path} is no TorchScript ({error})") from error
    return lambda images: network(prepared(images, settings.size))


def prepared(
    images: Float[Tensor, "image channel height width"], size: int
) -> Float[Tensor, "image 3 size size"]:
    """Images in [-1, 1], grey or coloured, as SSCD takes them.

    Resizing is bilinear and, where it makes images smaller, antialiased, as torchvision's. Pixels
    keep their fractions: `ToTensor` gets 8 bits of each.
    """
    coloured = (images + 1).div(2).expand(-1, 3, -1, -1)
    resized = functional.interpolate(
        coloured, (size, size), mode="bilinear", align_corners=False, antialias=True
    )
    mean, deviation = (resized.new_tensor(of)[:, None, None] for of in (MEAN, DEVIATION))
    return (resized - mean) / deviation
