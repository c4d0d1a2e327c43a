"""A pretrained pipeline of the `diffusers` library."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from lowd.diffusion.denoiser import Denoiser, Sigma
from lowd.diffusion.discrete import discrete_denoiser, step_sigmas
from lowd.diffusion.preconditioning import precondition
from lowd.diffusion.settings import SamplerSettings
from lowd.sources.pipeline_steps import check_denoiser
from lowd.sources.pipelines import EDM, read_pipeline
from lowd.sources.settings import DiffusersTeacher
from lowd.steps.generation import flow_sampler
from lowd.steps.teachers.teacher import WEIGHTS, Teacher
from lowd.store.checkpoints import load_checkpoint, save_checkpoint


def make(settings: DiffusersTeacher, seed: int, folder: Path, scratch: Path | None) -> None:
    """Keep the network, its noise levels and where it is from, once its own scheduler agrees.

    Raises:
        FileNotFoundError: a file is missing.
        OSError: the repository can't be fetched.
        ValueError: lowd can't use it, or its denoiser is not what its scheduler computes.
    """
    pipeline = read_pipeline(settings)
    scheduler = pipeline.scheduler
    config = _plain(scheduler.config)
    metadata = {
        "kind": "diffusers",
        "shape": settings.shape,
        "unet": _plain(pipeline.unet.config),
        "scheduler": {"class": type(scheduler).__name__} | config,
        "source": settings.model_dump(
            mode="json", include={"path", "repository", "revision"}, exclude_none=True
        ),
        "weights": pipeline.weights,
        "sha256": pipeline.sha256,
        "licence": pipeline.licence,
    }
    if type(scheduler).__name__ in EDM:
        levels = torch.tensor([config["sigma_min"], config["sigma_max"]], dtype=torch.float64)
    else:
        levels = step_sigmas(scheduler.betas)
    tensors = {f"unet.{name}": tensor for name, tensor in pipeline.unet.state_dict().items()}
    save_checkpoint(folder / WEIGHTS, tensors | {"sigmas": levels}, metadata)
    check_denoiser(pipeline, load(folder, torch.device("cpu")).denoise, levels, settings.shape)


def load(folder: Path, device: torch.device) -> Teacher:
    """Its denoiser, and samples through the probability flow; both refuse levels never trained."""
    from diffusers import UNet2DModel
    from diffusers.models.attention_processor import Attention, AttnProcessor

    tensors, metadata = load_checkpoint(folder / WEIGHTS)
    sigmas = tensors.pop("sigmas")
    unet: Any = UNet2DModel.from_config(metadata["unet"])
    unet.load_state_dict({name.removeprefix("unet."): one for name, one in tensors.items()})
    for part in unet.modules():
        if isinstance(part, Attention):
            # The fused kernel has no second derivative, which Jacobians take.
            part.set_processor(AttnProcessor())
    unet.to(device).eval().requires_grad_(False)
    inner = _denoiser(unet, metadata["scheduler"], sigmas.to(device))
    lowest, highest = sigmas[0].item(), sigmas[-1].item()

    def denoise(x: Tensor, sigma: Sigma) -> Tensor:
        for level in torch.as_tensor(sigma).aminmax():
            _check_level("sigma", level.item(), lowest, highest)
        return inner(x, sigma)

    flow = flow_sampler(denoise, tuple(metadata["shape"]), device)

    def sample(n: int, generator: torch.Generator, sampler: SamplerSettings | None) -> Tensor:
        if sampler is not None:
            for key in ("sigma_min", "sigma_max"):
                _check_level(f"sampler.{key}", getattr(sampler, key), lowest, highest)
        return flow(n, generator, sampler)

    return Teacher(denoise, sample)


def _denoiser(unet: Any, scheduler: dict[str, Any], sigmas: Tensor) -> Denoiser:
    prediction = scheduler["prediction_type"]

    def network(x: Tensor, time: Tensor) -> Tensor:
        # Numbers that are no tensors would be rounded to whole steps.
        return unet(x, time, return_dict=False)[0]

    if scheduler["class"] not in EDM:
        return discrete_denoiser(network, sigmas, prediction)
    sign = -1 if prediction == "v_prediction" else 1
    return precondition(lambda x, time: sign * network(x, time), scheduler["sigma_data"])


def _check_level(key: str, sigma: float, lowest: float, highest: float) -> None:
    # Levels of a sampler come in double precision, those of a batch in single.
    if not lowest * (1 - 1e-6) <= sigma <= highest * (1 + 1e-6):
        raise ValueError(
            f"{key}: {sigma:g} is not among the noise levels that the network was trained on, "
            f"{lowest:.6g} to {highest:.6g}; stay inside with sampler.sigma_min and sigma_max"
        )


def _plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the library's own notes, which hold paths."""
    return {key: value for key, value in config.items() if not key.startswith("_")}
