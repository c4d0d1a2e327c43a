"""Architectures that are found by name, so that a job counts the code of those alone that it uses.

`lowd.models.build` imports those that every job counts. Another one is a module of its own name in
lowd/models/, with a class called as its settings are, which is admitted where a job builds it.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import get_args

from lowd.models.settings import ModelSettings
from lowd.within import settings_within

NETWORK = get_args(ModelSettings)[0]
"""The settings of any architecture."""


def networks_in(settings: object) -> Iterator[ModelSettings]:
    """The networks that settings of any kind declare, at whatever depth."""
    return settings_within(settings, NETWORK)


def module_of(architecture: str) -> str:
    """The module of an architecture."""
    return f"lowd.models.{architecture}"


def admit(networks: Iterable[ModelSettings]) -> None:
    """Let `build` make networks of these architectures too."""
    if not (named := list(networks)):
        return  # without torch
    from lowd.models.build import ARCHITECTURES

    for settings in named:
        if settings.architecture not in ARCHITECTURES:
            module = import_module(module_of(settings.architecture))
            name = type(settings).__name__.removesuffix("Settings")
            ARCHITECTURES[settings.architecture] = getattr(module, name)
