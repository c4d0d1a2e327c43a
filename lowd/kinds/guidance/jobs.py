"""Class-conditional students and exact denoisers under guidance."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.data import NOISE, training_streams
from lowd.graph.job import Job, Rule
from lowd.graph.labelled import label_job
from lowd.graph.step import Step
from lowd.kinds.guidance.expect_guidance import ExpectGuidanceStep, expect_guidance
from lowd.kinds.guidance.guide import GuideStep, guide
from lowd.kinds.guidance.settings import Guidance
from lowd.kinds.guidance.train_conditional import TrainConditionalStep, train_conditional
from lowd.sources.settings import TrainedTeacher


def _student_streams(step: TrainConditionalStep) -> tuple[str, ...]:
    cell = f"{step.seed}/conditional/replicate={{replicate}}"
    return *training_streams(cell), f"{cell}/dropped classes/{{block}}"


TRAIN_CONDITIONAL = Rule(
    "train_conditional",
    Step(
        train_conditional,
        cost="kinds.guidance.costs:train_conditional_bill",
        draws=_student_streams,
        imports=lambda step: (f"lowd.models.conditional_{step.model.architecture}",),
        on_device=True,
    ),
    ("data/{study}/students/conditional/weights.safetensors",),
    scratch=".lowd/{study}/conditional-{code}.safetensors",
)
EXPECT_GUIDANCE = Rule(
    "expect_guidance",
    Step(
        expect_guidance,
        cost="kinds.guidance.costs:expect_guidance_bill",
        draws=lambda step: (f"{step.seed}/theory/pair={{pair}}", f"{step.seed}/modes"),
    ),
    ("data/{study}/theory.zarr",),
)
GUIDE = Rule(
    "guide",
    Step(
        guide,
        cost="kinds.guidance.costs:guide_bill",
        draws=lambda step: (f"{step.seed}/held-out noise",),
        imports=lambda step: ("lowd.models.conditional_mlp", "lowd.models.conditional_unet"),
        on_device=True,
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Guidance, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Points with classes, students of them, theory, and all guided from the same noises."""
    study = follow_up.base(every)
    labelled = label_job(
        name,
        follow_up.study,
        study,
        seed=follow_up.seed,
        points=follow_up.points,
        held_out=follow_up.held_out,
    )
    trained = TRAIN_CONDITIONAL.job(
        TrainConditionalStep(
            seed=follow_up.seed,
            model=follow_up.model,
            replicates=follow_up.replicates,
            dropped=follow_up.dropped,
            training=follow_up.training,
        ),
        {"labelled": labelled.outputs},
        study=name,
    )
    expected = EXPECT_GUIDANCE.job(ExpectGuidanceStep(seed=follow_up.seed), {}, study=name)
    yield from (labelled, trained, expected)
    yield GUIDE.job(
        GuideStep(
            seed=follow_up.seed,
            sampler=follow_up.sampler or study.sampler,
            weights=follow_up.weights,
            intervals=follow_up.intervals,
            at=follow_up.at,
            sigmas=follow_up.sigmas,
            is_of_images=isinstance(study.teacher, TrainedTeacher),
        ),
        {
            "labelled": labelled.outputs,
            "students": trained.outputs,
            "noise": NOISE.path(study=follow_up.study),
            "theory": expected.outputs,
        },
        study=name,
    )
