"""Settings of edits and of the local linearity that they rest on."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from lowd.fields import Seed, check_ascending
from lowd.followups import FollowUp
from lowd.geometry.boxes import Box, check_box, halves, middle
from lowd.kinds.editing.measure_edits_step import EditSampler, MixtureSettings, Start
from lowd.studies import Study


class Editing(FollowUp):
    """Edits of images of a study's teacher, along directions that its Jacobian gives.

    Attributes:
        seed: of random directions, and of a mixture's fit.
        images: how many are edited; directions are each image's own.
        starts: images that are sampled from the study's noises, and real ones by inversion.
        sigmas: noise levels at which they are edited, in data units; `edit_time` of publications
            in another form.
        strengths: lengths of an edit, over σ.
        singular: which right-singular vectors of the whole Jacobian are looked at, from 1.
        region: [top, left, bottom, right] of what is edited; the middle quarter if not given.
        compose: two regions that are edited together; the upper and lower half if not given.
        protect: how many leading directions of the rest are projected out, r' of LOCO Edit.
        floor: ε of the generalised eigenvector, over the largest gain inside.
        least_left: the length of a unit vector below which a projection is refused.
        mixture: a mixture fitted to the study's pool, whose denoiser stands beside; or none.
        sampler: the flow's.
    """

    kind: Literal["editing"]
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "editing": ("end_locality", "end_gain", "locality", "gain"),
        "linearity": ("residual", "end_gain", "gain", "cosine"),
        "reuse": ("compose_residual", "round_trip", "transfer_cosine", "transfer_locality"),
        "steering": ("gain", "end_gain"),
        "edits": ("inside_rms", "outside_rms"),
    }
    seed: Seed = 0
    images: int = Field(24, ge=4)
    starts: tuple[Start, ...] = Field(("noise", "images"), min_length=1)
    sigmas: tuple[PositiveFloat, ...] = Field((0.5, 1.5), min_length=1)
    strengths: tuple[PositiveFloat, ...] = Field((0.5, 2.0, 6.0), min_length=2)
    singular: tuple[PositiveInt, ...] = (1, 5, 20)
    region: Box | None = None
    compose: tuple[Box, Box] | None = None
    protect: tuple[NonNegativeInt, ...] = Field((0, 5), min_length=2)
    floor: PositiveFloat = 0.05
    least_left: PositiveFloat = Field(0.01, lt=1)
    mixture: MixtureSettings | None = None
    sampler: EditSampler = EditSampler()

    @model_validator(mode="after")
    def _lists_ascend(self) -> "Editing":
        for key in ("sigmas", "strengths", "singular", "protect"):
            check_ascending(key, getattr(self, key))
        if len(set(self.starts)) < len(self.starts):
            raise ValueError(f"starts: {list(self.starts)} has one twice")
        if self.singular[:1] != (1,):
            raise ValueError("singular: the first singular vector is needed; begin with 1")
        if self.protect[0] != 0:
            raise ValueError("protect: the region alone is needed beside; begin with 0")
        return self

    def check_base(self, study: Study) -> None:
        """As of any; besides, images, levels, regions and ranks have to fit the study's."""
        shape, sampler = study.teacher.shape, study.sampler
        if not study.is_of_images:
            raise ValueError(
                f"study: {self.study} has samples of shape {list(shape)}, and edits need grey or "
                "coloured images"
            )
        if sampler.sigma_min > self.sampler.sigma_min:
            raise ValueError(
                f"sampler.sigma_min: {self.sampler.sigma_min:g} is below that of {self.study} "
                f"({sampler.sigma_min:g}); raise it"
            )
        for position, sigma in enumerate(self.sigmas):
            if not self.sampler.sigma_min < sigma < sampler.sigma_max:
                raise ValueError(
                    f"sigmas[{position}]: {sigma:g} is not between sampler.sigma_min "
                    f"({self.sampler.sigma_min:g}) and sigma_max of {self.study} "
                    f"({sampler.sigma_max:g})"
                )
        for key, size in (("noise", study.noise.size), ("pool", study.pool.size)):
            if self.images > size:
                raise ValueError(
                    f"images: {self.images} exceed the {key} of {self.study} ({size}); lower it"
                )
        self._check_regions(shape)
        self._check_ranks(shape)

    def _check_regions(self, shape: tuple[int, ...]) -> None:
        if self.region is not None:
            check_box("region", self.region, shape)
        for position, box in enumerate(self.compose or ()):
            check_box(f"compose[{position}]", box, shape)
        if min(shape[1:]) < 2:
            raise ValueError(f"study: images of {list(shape)} have no region; they are too small")

    def _check_ranks(self, shape: tuple[int, ...]) -> None:
        channels, height, width = shape
        size = channels * height * width
        if self.singular[-1] > size:
            raise ValueError(
                f"singular: {self.singular[-1]} exceeds the {size} numbers of an image"
            )
        if self.mixture is not None and self.mixture.rank > size:
            raise ValueError(
                f"mixture.rank: {self.mixture.rank} exceeds the {size} numbers of an image"
            )
        regions = self.regions(shape)
        least = min(size - channels * (b - t) * (r - left) for t, left, b, r in regions)
        if self.protect[-1] >= least:
            raise ValueError(
                f"protect: {self.protect[-1]} directions are as many as the rest of the image has "
                f"numbers ({least}); protect fewer"
            )

    def regions(self, shape: tuple[int, ...]) -> tuple[Box, Box, Box]:
        """The region that is edited, and the two that are edited together."""
        one, other = self.compose or halves(shape)
        return self.region or middle(shape), one, other
