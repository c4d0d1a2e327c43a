"""Files of the user's own that jobs read or run: images, networks, modules."""

import json
import os
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lowd.descriptors.settings import CustomDescriptor, NetworkSettings, SSCDSettings
from lowd.models.admission import networks_in
from lowd.models.custom_settings import CustomSettings
from lowd.models.settings import ModelSettings
from lowd.sources.image_settings import SourceSettings
from lowd.sources.settings import CustomTeacher, DiffusersTeacher, TeacherSettings
from lowd.sources.source_settings import OwnSource
from lowd.training.settings import ObjectiveSettings

EDM = {"kind": "edm"}


def image_files(images: SourceSettings) -> dict[str, list[Path]]:
    """The user's own images; those of a known data set are known by their content, wherever."""
    return {"originals": [images.path] if isinstance(images, OwnSource) else []}


def teacher_files(teacher: TeacherSettings) -> dict[str, list[Path]]:
    """The module of a custom teacher or network, and the folder of a pipeline that is not fetched.

    Raises:
        ValueError: there is no such module.
    """
    files: dict[str, list[Path]] = {}
    if isinstance(teacher, CustomTeacher):
        files["custom"] = [module_file(teacher.entry, "teacher")]
    if isinstance(teacher, DiffusersTeacher) and teacher.path is not None:
        files["pretrained"] = [teacher.path]
    if modules := network_files(networks_in(teacher)):
        files["custom"] = modules
    return files


def network_files(networks: Iterable[ModelSettings]) -> list[Path]:
    """The modules of custom networks, each once.

    Raises:
        ValueError: there is no such module.
    """
    entries = dict.fromkeys(one.entry for one in networks if isinstance(one, CustomSettings))
    return list(dict.fromkeys(module_file(entry, "model") for entry in entries))


def descriptor_files(descriptor: NetworkSettings) -> dict[str, list[Path]]:
    """The network that a descriptor is, in a file, or the module of a custom one.

    Raises:
        ValueError: there is no such module.
    """
    match descriptor:
        case SSCDSettings():
            return {"network": [descriptor.path]}
        case CustomDescriptor():
            return {"custom": [module_file(descriptor.entry, "descriptor")]}
    return {}


def said_by(checkpoints: Iterable[Path]) -> list[dict[str, Any]]:
    """What checkpoints, or the folders of teachers that hold one, say of themselves."""
    from safetensors import SafetensorError, safe_open

    found = []
    for path in checkpoints:
        file_of = path / "weights.safetensors" if path.is_dir() else path
        try:
            with safe_open(file_of, framework="numpy") as file:
                found.append(json.loads(file.metadata()["lowd"]))
        except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError):
            continue  # the step itself says what is wrong with it
    return found


def network_said(checkpoint: dict[str, Any]) -> list[ModelSettings]:
    """The network that a checkpoint says it is of, if it does."""
    try:
        return [TypeAdapter(ModelSettings).validate_python(checkpoint.get("model"))]
    except ValidationError:
        return []


def objective_said(checkpoint: dict[str, Any]) -> list[ObjectiveSettings]:
    """What the network that a checkpoint is of was trained for; EDM's goes without saying."""
    if not network_said(checkpoint):
        return []
    try:
        return [TypeAdapter(ObjectiveSettings).validate_python(checkpoint.get("aim", EDM))]
    except ValidationError:
        return []


def add_own_modules() -> None:
    """Let teachers, networks and descriptors of the user's own, modules in inputs/, be imported."""
    if (own := str(Path.cwd() / "inputs")) not in sys.path:
        sys.path.insert(0, own)


def module_file(entry: str, key: str) -> Path:
    """The module of an entry point `module:name`, which the import graph does not see.

    It is named from the current folder, as statements name what jobs read.

    Args:
        entry: the entry point.
        key: whose it is, for the message.

    Raises:
        ValueError: there is no such module.
    """
    module = entry.split(":")[0]
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # the package it should be in; a name that is none
        spec = None
    if spec is None or spec.origin is None or not spec.has_location:
        raise ValueError(f"{key}.entry: no module {module!r} in inputs/ or installed")
    return Path(os.path.relpath(spec.origin))
