"""Pretrained pipelines of the `diffusers` library, from a folder or a repository of its Hub.

Weights and configurations are read, never code. Their formats: `save_pretrained` of a pipeline,
with unet/ and scheduler/, or of the earliest ones, with all in one folder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lowd.sources.settings import DiffusersTeacher
from lowd.sources.weights import AGAIN, Weights, find_weights

VARIANCE_PRESERVING = ("DDPMScheduler", "DDIMScheduler", "PNDMScheduler")
EDM = ("EDMEulerScheduler", "EDMDPMSolverMultistepScheduler")
PREDICTIONS = {
    **dict.fromkeys(VARIANCE_PRESERVING, ("epsilon", "sample", "v_prediction")),
    **dict.fromkeys(EDM, ("epsilon", "v_prediction")),
}
"""What a network may predict, by the scheduler it was trained with."""
CARD = "README.md"
REMEDY = "choose an unconditional pipeline in pixel space, or write a custom teacher"


@dataclass(frozen=True)
class Pipeline:
    """An unconditional pipeline.

    Attributes:
        unet: the UNet2DModel, on the CPU in single precision, for evaluation.
        scheduler: an instance of the class that the pipeline names, as configured.
        weights: the file of weights, or the index of its shards.
        sha256: of the file of weights; of shards, one after another.
        licence: what the model card says, if anything.
    """

    unet: Any
    scheduler: Any
    weights: str
    sha256: str
    licence: str | None


def read_pipeline(settings: DiffusersTeacher) -> Pipeline:
    """The pipeline that a teacher is declared as.

    Raises:
        FileNotFoundError: a file is missing.
        OSError: the repository can't be fetched.
        ValueError: it is damaged, or no pipeline for images of this shape that a teacher can be
            made of; the message names what is in the way.
    """
    import diffusers

    folder = settings.path or fetch(settings, "*config.json", "model_index.json", CARD)
    network, noise = _room(folder, "unet"), _room(folder, "scheduler")
    _check_components(folder)
    config = _read_json(network / "config.json")
    _check_network(config, network, settings.shape)
    schedule = _read_json(noise / "scheduler_config.json")
    name = schedule.get("_class_name")
    if name not in PREDICTIONS:
        raise ValueError(
            f"{noise}: {name} is not a scheduler that lowd knows ({', '.join(PREDICTIONS)}); "
            "if one of them describes the same training, save the pipeline with it"
        )
    try:
        scheduler = getattr(diffusers, name).from_config(schedule)
    except Exception as error:  # NotImplementedError and whatever wrong values lead to
        raise ValueError(f"{noise}: {name} can't be made as configured ({error})") from error
    if scheduler.config.prediction_type not in PREDICTIONS[name]:
        raise ValueError(
            f"{noise}: {name} predicts {scheduler.config.prediction_type!r}; known are "
            f"{', '.join(PREDICTIONS[name])}"
        )
    if getattr(scheduler.config, "variance_type", "").startswith("learned"):
        raise ValueError(f"{noise}: the variance is learned too; {REMEDY}")
    room = network.relative_to(folder)

    def get(*names: str) -> None:
        if settings.path is None:
            fetch(settings, *((room / name).as_posix() for name in names))

    weights = find_weights(network, get)
    return Pipeline(
        unet=_load(network, weights),
        scheduler=scheduler,
        weights=weights.path.relative_to(folder).as_posix(),
        sha256=weights.sha256,
        licence=_licence(folder),
    )


def fetch(settings: DiffusersTeacher, *patterns: str) -> Path:
    """The commit of the repository in the Hub's local cache, with the files asked for.

    Raises:
        OSError: it can't be reached, or there is no such repository or commit.
    """
    from huggingface_hub import snapshot_download

    assert settings.repository is not None
    try:
        return Path(
            snapshot_download(
                settings.repository, revision=settings.revision, allow_patterns=list(patterns)
            )
        )
    except Exception as error:  # the Hub's client has a type for every kind of failure
        raise OSError(
            f"teacher.repository: {settings.repository} at {settings.revision} can't be fetched "
            f"({error}); or put a copy in inputs/ and give its path"
        ) from error


def _room(folder: Path, name: str) -> Path:
    """Where a component lies."""
    return folder / name if (folder / name).is_dir() else folder


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{path}: no such file; give a folder that save_pretrained of a pipeline wrote"
        )
    try:
        return dict(json.loads(path.read_bytes()))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: damaged ({error}); get the pipeline again") from None


def _check_components(folder: Path) -> None:
    if not (folder / "model_index.json").is_file():
        return
    index = _read_json(folder / "model_index.json")
    present = {
        name for name, component in index.items() if isinstance(component, list) and any(component)
    }
    if strangers := present - {"unet", "scheduler"}:
        raise ValueError(
            f"{folder}: {index.get('_class_name')} has {', '.join(sorted(strangers))} too, so it "
            f"is latent or conditional; {REMEDY}"
        )


def _check_network(config: dict[str, Any], folder: Path, shape: tuple[int, ...]) -> None:
    if (name := config.get("_class_name")) != "UNet2DModel":
        raise ValueError(f"{folder}: {name} is not UNet2DModel; {REMEDY}")
    for key in ("class_embed_type", "num_class_embeds"):
        if config.get(key) is not None:
            raise ValueError(f"{folder}: {key} is {config[key]}: it is conditional; {REMEDY}")
    if config.get("time_embedding_type") == "learned":
        raise ValueError(f"{folder}: learned time embeddings know no fractional steps; {REMEDY}")
    channels, answered = config.get("in_channels", 3), config.get("out_channels", 3)
    if answered != channels:
        raise ValueError(
            f"{folder}: {channels} channels go in and {answered} come out: it learns the variance "
            f"too, or is conditional; {REMEDY}"
        )
    size = config.get("sample_size")
    sides = shape[1:] if size is None else (size, size) if isinstance(size, int) else tuple(size)
    if shape != (channels, *sides):
        raise ValueError(
            f"teacher.shape: {list(shape)} is not that of the pipeline; give {[channels, *sides]}"
        )


def _load(folder: Path, weights: Weights) -> Any:
    """The network, every weight of which has to be there and finite.

    A .bin is unpickled by torch as tensors alone, which runs no code.
    """
    import torch
    from diffusers import UNet2DModel

    try:
        unet, report = UNet2DModel.from_pretrained(
            folder,
            use_safetensors=weights.is_safe,
            variant=weights.variant,
            torch_dtype=torch.float32,
            local_files_only=True,
            low_cpu_mem_usage=False,
            output_loading_info=True,
        )
    except Exception as error:  # safetensors, torch and diffusers raise types of their own
        raise ValueError(f"{weights.path}: can't be loaded ({error})") from error
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := [str(name) for name in report[kind]]:
            raise ValueError(
                f"{weights.path}: {len(names)} {kind.replace('_', ' ')}, {names[0]} among them; "
                "they are not the weights of the configuration beside them"
            )
    bad = {
        name: count
        for name, tensor in unet.state_dict().items()
        if (count := int((~tensor.isfinite()).sum()))
    }
    if bad:
        raise ValueError(
            f"{weights.path}: {sum(bad.values())} weights are NaN or infinite, the first in "
            f"{next(iter(bad))}; {AGAIN}"
        )
    return unet.float().eval().requires_grad_(False)


def _licence(folder: Path) -> str | None:
    """By the model card's front matter."""
    from huggingface_hub import metadata_load

    if not (folder / CARD).is_file():
        return None
    try:
        found = (metadata_load(folder / CARD) or {}).get("license")
    except (ValueError, yaml.YAMLError):
        return None
    return None if found is None else str(found)
