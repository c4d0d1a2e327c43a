"""Files of the user's own that jobs read or run: images, networks, modules."""

import json
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lowd.descriptors.settings import CustomDescriptor, NetworkSettings, SSCDSettings
from lowd.sources.image_settings import OwnSource, SourceSettings
from lowd.sources.settings import CustomTeacher, DiffusersTeacher, TeacherSettings


def image_files(images: SourceSettings) -> dict[str, list[Path]]:
    """The user's own images; those of a known data set are known by their content, wherever."""
    return {"originals": [images.path] if isinstance(images, OwnSource) else []}


def teacher_files(teacher: TeacherSettings) -> dict[str, list[Path]]:
    """The module of a custom teacher, and the folder of a pipeline that is not fetched.

    Raises:
        ValueError: there is no such module.
    """
    files: dict[str, list[Path]] = {}
    if isinstance(teacher, CustomTeacher):
        files["custom"] = [module_file(teacher.entry, "teacher")]
    if isinstance(teacher, DiffusersTeacher) and teacher.path is not None:
        files["pretrained"] = [teacher.path]
    return files


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


def teachers_in(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """What the folders of teachers say of them."""
    from safetensors import SafetensorError, safe_open

    teachers = []
    for folder in folders:
        try:
            with safe_open(folder / "weights.safetensors", framework="numpy") as file:
                teachers.append(json.loads(file.metadata()["lowd"]))
        except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError):
            continue  # the step itself says what is wrong with it
    return teachers


def module_file(entry: str, key: str) -> Path:
    """The module of an entry point `module:name`, which the import graph does not see.

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
    return Path(spec.origin)
