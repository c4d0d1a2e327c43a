"""Settings of the trainer."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from lowd.base import Settings

BLOCK = 50
"""Steps between two moments at which training can stop, be saved or be looked at."""

Decay = Annotated[float, Field(ge=0, lt=1)]


class TrainingSettings(Settings):
    """Adam with warm-up and cosine decay on the EDM loss, and an average of the weights.

    Attributes:
        steps: steps of the optimiser.
        batch: training points a step, with a noise each.
        learning_rate: of Adam, the highest.
        warm_up: steps over which the learning rate rises to that, linearly.
        final_rate: where the learning rate goes along half a cosine, as a fraction of the highest;
            reached after the last step.
        betas: Adam's, of the gradient's mean and of its square.
        gradient_clip: the largest gradient norm, of each student.
        ema: decay of the average of weights, which is what generates.
        log_sigma_mean: mean of ln σ over training, P_mean of EDM.
        log_sigma_std: standard deviation of ln σ over training, P_std of EDM.
        sigma_data: standard deviation of the data, of one number of a sample; EDM's preconditioning
            scales by it. If it is not given, that of samples which nobody trains on; of a teacher,
            of the images.
    """

    steps: PositiveInt
    batch: PositiveInt = 128
    learning_rate: PositiveFloat = 3e-3
    warm_up: NonNegativeInt = 100
    final_rate: float = Field(0.02, ge=0, le=1)
    betas: tuple[Decay, Decay] = (0.9, 0.99)
    gradient_clip: PositiveFloat = 1.0
    ema: Decay = 0.999
    log_sigma_mean: float = -1.2
    log_sigma_std: PositiveFloat = 1.2
    sigma_data: PositiveFloat | None = None

    @model_validator(mode="after")
    def _warm_up_ends(self) -> "TrainingSettings":
        if self.warm_up >= self.steps:
            raise ValueError(
                f"warm_up: {self.warm_up} must be less than steps ({self.steps}); lower it, or "
                "raise steps"
            )
        return self


class EDMSettings(Settings):
    """Denoising under EDM's preconditioning, which is the VE kernel's."""

    kind: Literal["edm"] = "edm"


class EpsilonSettings(Settings):
    """Noise prediction between two levels, by default those of the sampler.

    Attributes:
        kernel: `vp`, variance preserving, or `sub_vp`.
        sigma_min: the lowest level trained.
        sigma_max: the highest level trained; not below the study's `sampler.sigma_max`.
    """

    kind: Literal["epsilon"]
    kernel: Literal["vp", "sub_vp"]
    sigma_min: PositiveFloat | None = None
    sigma_max: PositiveFloat | None = None


class ConsistencySettings(Settings):
    """Consistency training between two levels, by default those of the sampler.

    Attributes:
        sigma_min: the lowest level trained.
        sigma_max: the highest level trained; not below the study's `sampler.sigma_max`.
        first_levels: levels of the grid at the start, doubled in between.
        last_levels: levels of the grid at the end.
        huber: where the loss turns from squared to linear, as a root mean square over numbers.
    """

    kind: Literal["consistency"]
    sigma_min: PositiveFloat | None = None
    sigma_max: PositiveFloat | None = None
    first_levels: Annotated[int, Field(ge=2)] = 10
    last_levels: Annotated[int, Field(ge=2)] = 160
    huber: PositiveFloat = 0.03


class VariationalSettings(Settings):
    """A variational autoencoder.

    Attributes:
        decoder_std: standard deviation of data about the decoder's mean.
    """

    kind: Literal["variational"]
    decoder_std: PositiveFloat = 0.25


class AdversarialSettings(Settings):
    """A generative adversarial network.

    Attributes:
        penalty: weight of the critic's squared slope at data.
    """

    kind: Literal["adversarial"]
    penalty: PositiveFloat = 1.0


ObjectiveSettings = Annotated[
    EDMSettings | EpsilonSettings | ConsistencySettings | VariationalSettings | AdversarialSettings,
    Field(discriminator="kind"),
]
