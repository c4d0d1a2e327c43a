"""Networks in ONNX files, run by onnxruntime.

They run on the CPU and in one thread, so that features repeat to the bit on the same processor.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lowd.descriptors.embedding import Network
from lowd.descriptors.preprocessing import in_bytes, normalised, resized

FATAL = 4
"""Level of onnxruntime's log; what fails is raised too, and told once."""
TAKEN = "bytes (image, height, width, 3) or single precision (image, 3, height, width)"


def network(content: bytes, path: Path, size: int) -> Network:
    """The network in an ONNX file, behind SSCD's preprocessing.

    A network of bytes (image, height, width, 3) normalises them itself; one of single precision
    (image, 3, height, width) gets them normalised.

    Args:
        content: of the file.
        path: of the file, for messages.
        size: to which images are resized, whatever their sides.

    Raises:
        ValueError: onnxruntime is not installed or can't run the file, or the network takes
            something else.
    """
    session = _session(content, path)
    given = session.get_inputs()
    prepare = _preparation(given, path, size)
    if len(session.get_outputs()) != 1:
        raise ValueError(
            f"descriptor.path: {path} answers with {len(session.get_outputs())} arrays; give a "
            "file whose one output is features"
        )

    def features(images: Tensor) -> Tensor:
        # Not every graph takes no images: a blank one stands in.
        some = images if len(images) else images.new_zeros(1, *images.shape[1:])
        pixels = prepare(resized(some, size)).cpu().numpy()
        (answer,) = session.run(None, {given[0].name: pixels})
        return torch.from_numpy(answer)[: len(images)]

    return features


def _session(content: bytes, path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise ValueError(
            f"descriptor.path: {path} needs onnxruntime ({error}); pip install 'lowd[sscd]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = FATAL
    # Weights in a second file would escape the digest: where they are looked for is no folder.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its errors have no class in common
        raise ValueError(
            f"descriptor.path: {path} is no ONNX that onnxruntime runs, with all weights inside "
            f"({' '.join(str(error).split())}); fetch or export it again"
        ) from None


def _preparation(given: list[Any], path: Path, size: int) -> Callable[[Tensor], Tensor]:
    """What makes its input of coloured images in [0, 1]."""
    match [(each.type, each.shape) for each in given]:
        case [("tensor(uint8)", [count, *sides, 3])] if len(sides) == 2:
            prepare: Callable[[Tensor], Tensor] = in_bytes
        case [("tensor(float)", [count, 3, *sides])] if len(sides) == 2:
            prepare = normalised
        case found:
            said = ", ".join(f"{type_} {shape}" for type_, shape in found)
            raise ValueError(f"descriptor.path: {path} takes {said}; export it to take {TAKEN}")
    # A side is a number, or the name of one that is free.
    if isinstance(count, int):
        raise ValueError(
            f"descriptor.path: {path} takes {count} images at once; export it to take any number"
        )
    if any(isinstance(side, int) and side != size for side in sides):
        raise ValueError(
            f"descriptor.size: {path} takes images of {'×'.join(map(str, sides))} pixels, not "
            f"{size}×{size}; give its size, or export it for any"
        )
    return prepare
