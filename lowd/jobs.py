"""What a step's settings imply: the code it runs, the streams it draws from, the user's own files.

The workflow reruns by this and statements record it, so that the two can't disagree.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lowd.base import Settings
from lowd.descriptors.settings import CustomDescriptor, NetworkSettings, SSCDSettings
from lowd.metrics.settings import DescriptorKind
from lowd.sources.image_settings import OwnSource, SourceSettings
from lowd.sources.settings import (
    CustomTeacher,
    DiffusersTeacher,
    MoLRGImagesTeacher,
    MoLRGTeacher,
    TeacherSettings,
    TrainedTeacher,
)
from lowd.steps.agree import AgreeStep
from lowd.steps.appraise import AppraiseStep
from lowd.steps.collect import CollectStep
from lowd.steps.contrast import ContrastStep
from lowd.steps.descriptor import DescriptorStep
from lowd.steps.embed import EmbedStep
from lowd.steps.equate import EquateStep
from lowd.steps.figure import FigureStep
from lowd.steps.follow import FollowStep
from lowd.steps.generate import GenerateStep
from lowd.steps.images import ImagesStep
from lowd.steps.linearise import LineariseStep
from lowd.steps.noise import NoiseStep
from lowd.steps.pool import PoolStep
from lowd.steps.recover import RecoverStep
from lowd.steps.relate import RelateStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep

Inputs = Mapping[str, Sequence[Path]]
"""Files and folders given to a step, by the name of its argument."""


def modules(step: Settings | type[Settings], *teachers: str) -> tuple[str, ...]:
    """The modules a step runs: its own, where its settings stand, and those it imports by name.

    Args:
        step: its settings, or their class where every job of the step runs the same code.
        teachers: the kinds of teachers it makes or loads.
    """
    if isinstance(step, FigureStep):
        return step.__module__, f"lowd.figures.{step.name}"
    if isinstance(step, EmbedStep | AppraiseStep):
        return step.__module__, f"lowd.descriptors.{step.descriptor.kind}"
    return step.__module__, *(f"lowd.steps.teachers.{kind}" for kind in teachers)


def teacher_kinds(step: Settings, inputs: Inputs) -> list[str]:
    """The kinds of teachers a step makes or loads, in alphabetical order."""
    if isinstance(step, TeacherStep):
        return [step.teacher.kind]
    return sorted({metadata.get("kind", "trained") for metadata in _teachers(step, inputs)})


def streams(step: Settings) -> tuple[str, ...]:
    """Names of the random streams a step draws from; `lowd.streams` turns one into its seed.

    In braces stands what differs inside one job: N, replicate and seed of a student, the block of
    its training, the rule of a transition, a trial, a method. A name has its study's seed first, if
    it depends on one.
    """
    match step:
        case TeacherStep(teacher=MoLRGTeacher() | MoLRGImagesTeacher()):
            return (f"{step.seed}/teacher",)
        case TeacherStep(teacher=TrainedTeacher()):
            return (f"{step.seed}/held out", *_training(f"{step.seed}/teacher"))
        case PoolStep():
            return (f"{step.seed}/pool",)
        case DescriptorStep():
            drawn = ("initialisation", "training", *(["images"] if step.fresh else []))
            return tuple(f"{step.seed}/descriptor/{what}" for what in drawn)
        case AppraiseStep():
            return (f"{step.seed}/descriptor/copies",)
        case NoiseStep():
            return (f"{step.seed}/evaluation noise",)
        case TrainStep(seeds=int()):
            return _training(f"{step.seed}/{step.name}/N={{N}}/seed={{seed}}")
        case TrainStep():
            return _training(f"{step.seed}/{step.name}/N={{N}}/replicate={{replicate}}")
        case RecoverStep():
            cell = f"{step.seed}/clusters={step.clusters}/rank={step.rank}"
            return f"{cell}/trial={{trial}}", f"{cell}/N={{N}}/{{method}}"
        case EquateStep():
            cell = f"{step.seed}/equivalence/clusters={{clusters}}"
            return cell, f"{cell}/sigma={{sigma}}"
        case CollectStep():
            return ("slope/{rule}",)
        case RelateStep():
            return ("exponent/{model}/{rule}",)
        case ContrastStep():
            return f"{step.seed}/mixture", f"{step.seed}/held-out noise"
        case FollowStep():
            return (f"{step.seed}/denoising/replicate={{replicate}}",)
        case AgreeStep():
            return (f"{step.seed}/noises",)
        case LineariseStep():
            return "jacobians/{study}", "range/{point}"
    return ()


def own_files(step: Settings, inputs: Inputs) -> dict[str, list[Path]]:
    """Files of the user's own that a step reads besides its `inputs`, by what they are to it."""
    if isinstance(step, ImagesStep):
        found = {"originals": image_files(step.images)}
    elif isinstance(step, TeacherStep):
        found = {
            "custom": custom_files(step.teacher),
            "pretrained": pretrained_files(step.teacher),
        }
    elif isinstance(step, EmbedStep | AppraiseStep):
        found = {
            "network": network_files(step.descriptor),
            "custom": descriptor_files(step.descriptor),
        }
    else:
        entries = [metadata["entry"] for metadata in _teachers(step, inputs) if "entry" in metadata]
        found = {"custom": [_module_file(entry, "teacher") for entry in entries]}
    return {role: paths for role, paths in found.items() if paths}


def image_files(images: SourceSettings) -> list[Path]:
    """The user's own images; those of a known data set are known by their content, wherever."""
    return [images.path] if isinstance(images, OwnSource) else []


def custom_files(teacher: TeacherSettings) -> list[Path]:
    """The module that a custom teacher comes from, which the import graph does not see."""
    return [_module_file(teacher.entry, "teacher")] if isinstance(teacher, CustomTeacher) else []


def network_files(descriptor: DescriptorKind | NetworkSettings) -> list[Path]:
    """The network that the descriptor is, if it is one in a file of the user's."""
    return [descriptor.path] if isinstance(descriptor, SSCDSettings) else []


def descriptor_files(descriptor: DescriptorKind | NetworkSettings) -> list[Path]:
    """The module that a custom descriptor comes from, as `custom_files`."""
    if isinstance(descriptor, CustomDescriptor):
        return [_module_file(descriptor.entry, "descriptor")]
    return []


def pretrained_files(teacher: TeacherSettings) -> list[Path]:
    """The folder of a pretrained pipeline, unless it is fetched."""
    if isinstance(teacher, DiffusersTeacher) and teacher.path is not None:
        return [teacher.path]
    return []


def _training(cell: str) -> tuple[str, ...]:
    return f"{cell}/initialisation", f"{cell}/training/{{block}}"


def _module_file(entry: str, key: str) -> Path:
    module = entry.split(":")[0]
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):  # the package it should be in; a name that is none
        spec = None
    if spec is None or spec.origin is None or not spec.has_location:
        raise ValueError(f"{key}.entry: no module {module!r} in inputs/ or installed")
    return Path(spec.origin)


def _teachers(step: Settings, inputs: Inputs) -> Iterator[dict[str, Any]]:
    """What the folder of a teacher that the step loads says of it."""
    from safetensors import SafetensorError, safe_open

    loading = PoolStep | DescriptorStep | GenerateStep | ContrastStep | LineariseStep
    if not isinstance(step, loading):
        return
    for folder in inputs.get("teacher", ()):
        try:
            with safe_open(folder / "weights.safetensors", framework="numpy") as file:
                yield json.loads(file.metadata()["lowd"])
        except (OSError, SafetensorError, KeyError, TypeError, json.JSONDecodeError):
            continue  # the step itself says what is wrong with it
