"""Settings of deterministic sampling."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings


class SamplerSettings(Settings):
    """The probability-flow solver and its grid, one for every model of a study."""

    solver: Literal["euler", "heun", "dpmpp", "diffusers_ddim", "diffusers_dpmpp"] = "heun"
    steps: PositiveInt = 18
    sigma_min: PositiveFloat = 0.002
    sigma_max: PositiveFloat = 80.0
    rho: PositiveFloat = 7.0

    @model_validator(mode="after")
    def _one_step_is_eulers(self) -> "SamplerSettings":
        if self.steps < 2 and self.solver != "euler":
            raise ValueError(f"steps: {self.solver} needs 2 or more; Euler's method alone takes 1")
        return self

    @model_validator(mode="after")
    def _sigmas_ascend(self) -> "SamplerSettings":
        if self.sigma_min >= self.sigma_max:
            raise ValueError(
                f"sigma_min: {self.sigma_min} must be less than sigma_max ({self.sigma_max})"
            )
        return self
