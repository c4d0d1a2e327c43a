"""Settings of the trainer."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings

Decay = Annotated[float, Field(ge=0, lt=1)]


class TrainingSettings(Settings):
    """Adam with warm-up and cosine decay on the EDM loss, and an average of the weights."""

    steps: PositiveInt
    batch: PositiveInt = 128
    learning_rate: PositiveFloat = 3e-3
    warm_up: NonNegativeInt = 100
    final_rate: float = Field(0.02, ge=0, le=1)
    """Where the learning rate goes, as a fraction of the highest; reached after the last step."""
    betas: tuple[Decay, Decay] = (0.9, 0.99)
    gradient_clip: PositiveFloat = 1.0
    """Largest gradient norm, per student."""
    ema: Decay = 0.999
    log_sigma_mean: float = -1.2
    log_sigma_std: PositiveFloat = 1.2
    sigma_data: PositiveFloat = 0.5

    @model_validator(mode="after")
    def _warm_up_ends(self) -> "TrainingSettings":
        if self.warm_up >= self.steps:
            raise ValueError(f"warm_up: {self.warm_up} must be less than steps ({self.steps})")
        return self
