"""A network of the user's own, found by the name `module:function`."""

import importlib
from pathlib import Path

import torch

from lowd.descriptors.embedding import Network
from lowd.descriptors.settings import CustomDescriptor


def load(settings: CustomDescriptor, weights: Path | None, device: torch.device) -> Network:
    """What the function returns.

    Raises:
        ValueError: the module can't be imported, or its function does not give a network.
    """
    module, function = settings.entry.split(":")
    try:
        network = getattr(importlib.import_module(module), function)(**settings.options)
    except Exception as error:  # whatever the user's own code may raise
        reason = f"{type(error).__name__}: {error}"
        raise ValueError(
            f"descriptor.entry: {settings.entry!r} can't be loaded with options "
            f"{settings.options} ({reason})"
        ) from error
    if not callable(network):
        raise ValueError(f"descriptor.entry: {settings.entry!r} gives {network!r}, not a function")
    return network
