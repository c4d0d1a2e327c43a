"""A teacher beside denoisers fitted to the same images."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.across import RESULTS, each, related
from lowd.graph.data import NOISE, TEACHER
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.kinds.denoisers.contrast import ContrastStep, contrast
from lowd.kinds.denoisers.settings import Denoisers

CONTRAST = Rule(
    "contrast",
    Step(
        contrast,
        cost="kinds.denoisers.costs:contrast_bill",
        draws=lambda step: (f"{step.seed}/mixture", f"{step.seed}/held-out noise"),
        loads_teacher=True,
    ),
    RESULTS,
    place="across/contrast-{relation}",
)


def jobs(name: str, comparison: Denoisers, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Denoisers side by side, and their figure."""
    studies = comparison.compared(every)
    (study,) = studies.values()
    relation = CONTRAST.job(
        ContrastStep(seed=study.seed, sampler=study.sampler, mixture=comparison.mixture),
        {
            "teacher": each(TEACHER, studies),
            "noise": each(NOISE, studies),
            "yardstick": each(DESCRIBE, studies),
        },
        teachers=[study.teacher],
        relation=name,
    )
    yield from related(name, comparison, relation)
