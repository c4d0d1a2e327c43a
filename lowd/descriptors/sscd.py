"""SSCD as it is published, TorchScript or ONNX, by path and SHA-256 (arXiv:2202.10261).

Preprocessing is that of github.com/facebookresearch/sscd-copy-detection for images of any sides:
`Resize([320, 320])`, `ToTensor()`, `Normalize` by ImageNet's mean and standard deviation.
"""

import hashlib
import io
from pathlib import Path

import torch

from lowd.descriptors import onnx
from lowd.descriptors.embedding import Network
from lowd.descriptors.preprocessing import normalised, resized
from lowd.descriptors.settings import SSCDSettings

ONNX = ".onnx"


def load(settings: SSCDSettings, weights: Path | None, device: torch.device) -> Network:
    """The network in the file, behind SSCD's preprocessing; ONNX if its name ends so.

    Raises:
        OSError: the file can't be read.
        ValueError: it has another digest, in which case it is not opened, or it is no TorchScript,
            or no ONNX, of such a network.
    """
    path = settings.path
    if not path.exists():
        raise FileNotFoundError(
            f"descriptor.path: {path}: no such file; docs/descriptors.md says how to get it"
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != settings.sha256:
        raise ValueError(
            f"descriptor.sha256: {path} has {found}, not {settings.sha256}; fetch the "
            "file again, or declare its digest if it is the one you mean"
        )
    if path.suffix == ONNX:
        return onnx.network(content, path, settings.size)
    try:
        network = torch.jit.load(io.BytesIO(content), map_location=device).eval()
    except RuntimeError as error:
        raise ValueError(f"descriptor.path: {path} is no TorchScript ({error})") from error
    return lambda images: network(normalised(resized(images, settings.size)))
