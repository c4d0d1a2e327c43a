"""From the settings of an objective to the networks that it trains, and to itself."""

from importlib import import_module

from torch import nn

from lowd.models.settings import ModelSettings
from lowd.training.objectives.base import Objective
from lowd.training.settings import ObjectiveSettings


def assemble(
    settings: ObjectiveSettings, model: ModelSettings, students: int, shape: tuple[int, ...]
) -> nn.Module:
    """The networks that an objective trains, parameters not yet drawn."""
    return import_module(_module(settings)).assemble(model, students, shape)


def objective(settings: ObjectiveSettings, networks: nn.Module, sigma_data: float) -> Objective:
    """The objective of the networks that `assemble` made for it."""
    return import_module(_module(settings)).objective(settings, networks, sigma_data)


def _module(settings: ObjectiveSettings) -> str:
    return f"lowd.training.objectives.{settings.kind}"
