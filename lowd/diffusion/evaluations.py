"""How often a sampler asks the denoiser."""

from importlib import import_module

from lowd.diffusion.settings import SamplerSettings


def evaluations(sampler: SamplerSettings) -> int:
    """Evaluations for one sample, as its solver says."""
    return import_module(f"lowd.diffusion.solvers.{sampler.solver}").evaluations(sampler.steps)
