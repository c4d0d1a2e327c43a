"""How often a sampler asks the denoiser."""

from lowd.diffusion.settings import SamplerSettings


def evaluations(sampler: SamplerSettings) -> int:
    """Evaluations for one sample: Heun's method takes two a step, but one at the last."""
    return 2 * sampler.steps - 1 if sampler.solver == "heun" else sampler.steps
