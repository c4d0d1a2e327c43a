"""Settings of watermarks."""

import math
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from lowd.fields import Seed, check_ascending
from lowd.followups import FollowUp
from lowd.geometry.dense import DENSE
from lowd.kinds.watermark.imprint_step import (
    OF_JACOBIANS,
    TREE_RING,
    Direction,
    RingKind,
    Scenario,
)
from lowd.studies import Study
from lowd.watermark.ranges import JPEG, NOISE, RANGES, AttackKind


class Watermark(FollowUp):
    """Keys written at several noise levels, attacked, and looked for.

    Attributes:
        seed: names every random stream of the study, together with what is drawn.
        scenarios: `server` marks while it samples; `user` marks what is there, by inversion.
        images: marked ones.
        clean: unmarked ones; half of them choose thresholds.
        sigmas: at which the key is written.
        keys: independent ones, shared out among images.
        psnr: of every key that is added, in dB.
        directions: of keys that are added.
        rings: of keys that overwrite Fourier coefficients, at the strength that this has.
        radius: of the largest ring.
        attacks: strengths, by kind.
        steps: between σ and the sampler's sigma_min.
    """

    kind: Literal["watermark"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "watermark": ("auc", "psnr"),
        "depth": ("auc_gaussian", "auc"),
        "roc": ("roc", "tpr", "fpr"),
        "marked": (),  # samples
    }
    seed: Seed = 0
    scenarios: tuple[Scenario, ...] = Field(("server", "user"), min_length=1)
    images: int = Field(64, ge=8)
    clean: int = Field(200, ge=16)
    sigmas: tuple[PositiveFloat, ...] = Field((0.3, 0.8, 2.0), min_length=1)
    keys: PositiveInt = 8
    psnr: float = Field(30.0, gt=0, lt=48)
    directions: tuple[Direction, ...] = Field(
        (
            *("random", "off-jacobian", "off-mean-jacobian", "in-jacobian", "bottom"),
            *("pixels", "pixels-bottom"),
        ),
        min_length=1,
    )
    rings: tuple[RingKind, ...] = ("low", "high", TREE_RING)
    radius: PositiveFloat = 3.0
    attacks: dict[AttackKind, tuple[float, ...]] = Field(
        {
            JPEG: (75, 50),
            "blur": (0.6,),
            NOISE: (0.05,),
            "resize": (0.5,),
            "crop": (1,),
        }
    )
    steps: int = Field(5, ge=2)

    @model_validator(mode="after")
    def _sigmas_ascend(self) -> "Watermark":
        check_ascending("sigmas", self.sigmas)
        return self

    @model_validator(mode="after")
    def _names_are_given_once(self) -> "Watermark":
        for key in ("scenarios", "directions", "rings"):
            names = getattr(self, key)
            if len(set(names)) < len(names):
                raise ValueError(f"{key}: {', '.join(names)} names one twice; give each once")
        return self

    @model_validator(mode="after")
    def _keys_are_shared_out(self) -> "Watermark":
        if self.keys > self.images:
            raise ValueError(
                f"keys: {self.keys} for {self.images} images leaves some unused; lower keys"
            )
        return self

    @model_validator(mode="after")
    def _attacks_are_known(self) -> "Watermark":
        for kind, strengths in self.attacks.items():
            low, high, what = RANGES[kind]
            for strength in strengths:
                if not low < strength <= high and (kind, strength) != (JPEG, low):
                    raise ValueError(
                        f"attacks.{kind}: {strength:g} is not {what}, above {low} to {high}"
                    )
                if kind in (JPEG, "crop") and strength != int(strength):
                    raise ValueError(f"attacks.{kind}: {strength:g} is no whole number")
        return self

    @property
    def of_jacobians(self) -> list[str]:
        """The directions that take Jacobians."""
        return [name for name in self.directions if name in OF_JACOBIANS]

    def check_base(self, study: Study) -> None:
        """As of any; besides, images have to be ones that files hold, and levels the sampler's."""
        shape, sampler = study.teacher.shape, study.sampler
        if not study.is_of_images:
            raise ValueError(
                f"study: {self.study} has samples of shape {list(shape)}, and files hold images, "
                "grey or coloured; choose another study"
            )
        for sigma in (self.sigmas[0], self.sigmas[-1]):
            if not sampler.sigma_min < sigma < sampler.sigma_max:
                raise ValueError(
                    f"sigmas: {sigma:g} is not between {self.study}'s sampler.sigma_min "
                    f"({sampler.sigma_min:g}) and sigma_max ({sampler.sigma_max:g})"
                )
        if self.of_jacobians and math.prod(shape) > DENSE:
            raise ValueError(
                f"directions: {', '.join(self.of_jacobians)} take whole Jacobians, of up to "
                f"{DENSE} numbers, and images of {self.study} have {math.prod(shape)}; leave them "
                "out"
            )
        side = min(shape[1:])
        if self.rings and self.radius >= side / 2:
            raise ValueError(
                f"radius: {self.radius:g} does not fit images of {side} pixels; give less than "
                f"{side / 2:g}"
            )
        margin = max(self.attacks.get("crop", (0,)))
        if 2 * margin >= side:
            raise ValueError(
                f"attacks.crop: {margin:g} pixels off each side leave none of {side}; crop less"
            )
        needed = self.images + 2 * self.clean
        if study.pool.size < needed:
            raise ValueError(
                f"clean: {self.images} images and {self.clean} clean ones take {needed} of the "
                f"pool of {self.study} ({study.pool.size}); lower images or clean"
            )
