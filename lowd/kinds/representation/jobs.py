"""What can be read from the features of a study's students."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lowd.base import Settings
from lowd.graph.across import results_of
from lowd.graph.data import TEACHER
from lowd.graph.job import Job, Rule
from lowd.graph.labelled import label_job
from lowd.graph.step import Step
from lowd.graph.students import TRAIN
from lowd.kinds.representation.probe import ProbeStep, probe
from lowd.kinds.representation.settings import Representation
from lowd.sources.settings import NoisyMoLRGTeacher


def _streams(step: ProbeStep) -> tuple[str, ...]:
    names = (f"{step.seed}/probe noise", f"{step.seed}/untrained/{{network}}")
    return names if step.probe.labels is None else (*names, f"{step.seed}/labels")


PROBE = Rule(
    "probe",
    Step(probe, cost="kinds.representation.costs:probe_bill", draws=_streams),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Representation, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Points with classes, and probes of all students at every noise level."""
    study = follow_up.base(every)
    labelled = label_job(
        name,
        follow_up.study,
        study,
        seed=follow_up.seed,
        points=follow_up.points,
        held_out=follow_up.held_out,
    )
    models = follow_up.models or tuple(study.models)
    inputs: dict[str, Path | Iterable[Path]] = {
        "students": [TRAIN.path(study=follow_up.study, model=model) for model in models],
        "labelled": labelled.outputs,
        "scores": results_of(follow_up.study),
    }
    if isinstance(study.teacher, NoisyMoLRGTeacher):
        inputs["teacher"] = TEACHER.path(study=follow_up.study)
    yield labelled
    yield PROBE.job(
        ProbeStep(
            seed=follow_up.seed,
            models=models,
            samples=follow_up.samples or study.samples,
            sigmas=follow_up.sigmas,
            layer=follow_up.layer,
            pooling=follow_up.pooling,
            probe=follow_up.probe,
        ),
        inputs,
        networks=[study.models[model] for model in models],
        study=name,
    )
