"""Checkpoints: named tensors and JSON metadata in one safetensors file."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from lowd.store.atomic import staged


def save_checkpoint(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write tensors, with `metadata` as JSON in the header.

    Raises:
        OSError: the disk is full, or the file can't be written.
    """
    content = save(
        {name: tensor.cpu().contiguous() for name, tensor in tensors.items()},
        metadata={"lowd": json.dumps(metadata, sort_keys=True)},
    )
    # Not by safetensors' own writer, whose files none but their owner can read.
    with staged(path) as draft:
        try:
            draft.write_bytes(content)
        except OSError as error:
            raise OSError(f"{path}: can't be written ({error})") from error


def load_checkpoint(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors on the CPU, and the metadata.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is truncated, damaged, or not written by lowd.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = json.loads(file.metadata()["lowd"])
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: damaged checkpoint ({error}); delete it and run again") from None
