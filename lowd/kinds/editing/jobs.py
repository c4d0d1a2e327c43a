"""Edits of a teacher's images, and the geometry that they rest on."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.data import NOISE, POOL, TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.kinds.editing.measure_edits import measure_edits
from lowd.kinds.editing.measure_edits_step import MeasureEditsStep
from lowd.kinds.editing.settings import Editing


def _streams(step: MeasureEditsStep) -> tuple[str, ...]:
    drawn = [f"{step.seed}/directions", f"{step.seed}/subspaces"]
    return tuple(drawn if step.mixture is None else [*drawn, f"{step.seed}/mixture"])


MEASURE_EDITS = Rule(
    "measure_edits",
    Step(
        measure_edits,
        cost="kinds.editing.costs:edits_bill",
        draws=_streams,
        loads_teacher=True,
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Editing, every: Mapping[str, Settings]) -> Iterator[Job]:
    """One job, on the study's teacher, noises and pool."""
    study = follow_up.base(every)
    channels, height, width = study.teacher.shape
    region, one, other = follow_up.regions(study.teacher.shape)
    yield MEASURE_EDITS.job(
        MeasureEditsStep(
            seed=follow_up.seed,
            shape=(channels, height, width),
            images=follow_up.images,
            starts=follow_up.starts,
            sigmas=follow_up.sigmas,
            strengths=follow_up.strengths,
            singular=follow_up.singular,
            region=region,
            compose=(one, other),
            protect=follow_up.protect,
            floor=follow_up.floor,
            least_left=follow_up.least_left,
            mixture=follow_up.mixture,
            sampler=follow_up.sampler,
            sigma_max=study.sampler.sigma_max,
        ),
        {
            "teacher": TEACHER.path(study=follow_up.study),
            "noise": NOISE.path(study=follow_up.study),
            "pool": POOL.path(study=follow_up.study),
        },
        teachers=[study.teacher],
        study=name,
    )
