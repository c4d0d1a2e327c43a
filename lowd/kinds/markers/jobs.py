"""Markers of memorisation of a study's students."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from lowd.base import Settings
from lowd.graph import descriptors
from lowd.graph.data import GENERATE_TEACHER, NOISE, POOL, TEACHER, pool_sampler
from lowd.graph.descriptors import DESCRIBE
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.graph.students import GENERATE, GENERATE_EMPIRICAL, TRAIN
from lowd.kinds.markers.choose_levels import ChooseLevelsStep, choose_levels
from lowd.kinds.markers.collect_markers import CollectMarkersStep, collect_markers
from lowd.kinds.markers.mark import MarkStep, mark
from lowd.kinds.markers.mark_controls import MarkControlsStep, mark_controls
from lowd.kinds.markers.settings import Markers
from lowd.studies import Study

CHOOSE_LEVELS = Rule(
    "choose_levels",
    Step(
        choose_levels,
        cost="kinds.markers.costs:choose_levels_bill",
        draws=lambda step: tuple(
            f"markers/{step.study}/{what}" for what in ("held out", "noise", "probes")
        ),
        loads_teacher=True,
    ),
    ("data/{study}/levels.zarr",),
)
MARK = Rule(
    "mark",
    Step(
        mark,
        cost="kinds.markers.costs:mark_bill",
        draws=lambda step: (f"markers/{step.study}/probes",),
        loads_teacher=True,
    ),
    ("data/{study}/marked/{model}.zarr",),
    place="{study}/mark-{model}",
)
MARK_CONTROLS = Rule(
    "mark_controls",
    Step(
        mark_controls,
        cost="kinds.markers.costs:mark_controls_bill",
        draws=lambda step: (f"markers/{step.study}/probes",),
        loads_teacher=True,
    ),
    ("data/{study}/marked/controls.zarr",),
)
COLLECT_MARKERS = Rule(
    "collect_markers",
    Step(
        collect_markers,
        cost="kinds.markers.costs:collect_markers_bill",
        draws=lambda step: ("markers/slope/{marker}",),
    ),
    ("results/{study}.zarr",),
)


def jobs(name: str, follow_up: Markers, every: Mapping[str, Settings]) -> Iterator[Job]:
    """Levels, from the teacher alone; every model's markers and the controls'; the results."""
    study, on = follow_up.base(every), follow_up.study
    yield CHOOSE_LEVELS.job(
        ChooseLevelsStep(study=on, sampler=study.sampler, exact=pool_sampler(study) is None),
        {"teacher": TEACHER.path(study=on)},
        teachers=[study.teacher],
        study=name,
    )
    step = MarkStep(
        study=on, samples=study.samples, replicates=study.replicates, sampler=study.sampler
    )
    read = {"levels": CHOOSE_LEVELS.path(study=name), **_compared(on, study)}
    for model, network in study.models.items():
        generated = GENERATE.path(study=on, model=model)
        own = {
            "students": TRAIN.path(study=on, model=model),
            "generated": generated,
            "features": descriptors.features(on, study, [model]).get(generated, generated),
        }
        yield MARK.job(
            step,
            own | read,
            teachers=[study.teacher],
            networks=[network],
            study=name,
            model=model,
        )
    samples = {
        "drawn": GENERATE_TEACHER.path(study=on),
        "memorised": GENERATE_EMPIRICAL.path(study=on),
    }
    yield MARK_CONTROLS.job(
        MarkControlsStep(**step.model_dump()), samples | read, teachers=[study.teacher], study=name
    )
    yield COLLECT_MARKERS.job(
        CollectMarkersStep(models=study.models, shape=study.teacher.shape),
        {
            "marked": [MARK.path(study=name, model=model) for model in study.models],
            "controls": MARK_CONTROLS.path(study=name),
            "levels": CHOOSE_LEVELS.path(study=name),
        },
        study=name,
    )


def _compared(on: str, study: Study) -> dict[str, Path]:
    """What of the study every model is marked beside; features, where a network gives them."""
    features = descriptors.features(on, study, ())
    truth, empirical, pool = (
        rule.path(study=on) for rule in (GENERATE_TEACHER, GENERATE_EMPIRICAL, POOL)
    )
    return {
        "teacher": TEACHER.path(study=on),
        "truth": features.get(truth, truth),
        "empirical": features.get(empirical, empirical),
        "pool": pool,
        "points": features.get(pool, pool),
        "noise": NOISE.path(study=on),
        "yardstick": DESCRIBE.path(study=on),
    }
