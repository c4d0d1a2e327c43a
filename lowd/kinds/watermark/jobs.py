"""Watermarks in what a study's teacher generates, and in images of its kind."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.data import POOL, TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.kinds.watermark.imprint import imprint
from lowd.kinds.watermark.imprint_step import ImprintStep
from lowd.kinds.watermark.settings import Watermark


def _streams(step: ImprintStep) -> tuple[str, ...]:
    names = (
        *("noise", "key/{key}", "points", "ring/{mark}", "decoys/{mark}"),
        *("bootstrap/{mark}", "null/{mark}", "attack/{scenario}/{mark}/{attack}"),
    )
    return tuple(f"{step.seed}/watermark {name}" for name in names)


IMPRINT = Rule(
    "imprint",
    Step(
        imprint,
        cost="kinds.watermark.costs:imprint_bill",
        draws=_streams,
        loads_teacher=True,
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Watermark, every: Mapping[str, Settings]) -> Iterator[Job]:
    """One job."""
    study = follow_up.base(every)
    taken = (
        *("seed", "scenarios", "images", "clean", "sigmas", "keys", "psnr", "directions"),
        *("rings", "radius", "steps"),
    )
    attacks = tuple(
        (kind, strength) for kind, each in follow_up.attacks.items() for strength in each
    )
    yield IMPRINT.job(
        ImprintStep(
            sampler=study.sampler,
            attacks=attacks,
            **{key: getattr(follow_up, key) for key in taken},
        ),
        {
            "teacher": TEACHER.path(study=follow_up.study),
            "pool": POOL.path(study=follow_up.study),
        },
        teachers=[study.teacher],
        study=name,
    )
