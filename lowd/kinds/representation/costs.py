"""What probes of features ask of a machine."""

from collections.abc import Iterator
from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.labelled import classes_of, labelled_points, training_points
from lowd.cost.probes import DenoiserProbe, Probe, ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import denoiser_cost
from lowd.cost.teachers import network_of
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.representation.probe import ProbeStep
from lowd.kinds.representation.reading import INPUTS, UNTRAINED
from lowd.models.settings import MLPSettings, ModelSettings, UNetSettings
from lowd.steps.gather import GatherStep
from lowd.steps.label_points import LabelPointsStep
from lowd.steps.teacher import TeacherStep
from lowd.steps.train import TrainStep
from lowd.training.settings import EDMSettings

VARIABLES = 25
"""Of the results."""
FIT = 0.2
"""What a fit takes of a Fréchet distance of as many samples, besides what every fit takes."""
FEW, SAMPLES = 16, 3300
"""Features and samples whose Fréchet distance takes as long as a fit to a few points."""
AIM = EDMSettings()


def probe_bill(job: Job, step: ProbeStep, graph: Graph) -> Bill:
    """Points through every student at every noise level, and a probe fitted to each's features."""
    points = graph.nearest(job, LabelPointsStep)
    rows, fitted, shape = labelled_points(points), training_points(points), points.shape
    passes = float(len(INPUTS) * len(step.sigmas))
    draws = 1
    if step.probe.labels is not None:
        draws, fitted = step.probe.draws, min(fitted, classes_of(job, graph) * step.probe.labels)
    work: list[tuple[Probe, float | int]] = [
        samples_read(rows * prod(shape)),
        results_written(VARIABLES),
    ]
    students, flops, widest = 0, 0.0, 0.0
    for model, count in _stacks(job, step, graph):
        value = DenoiserProbe(kind="value", model=model, aim=AIM, shape=shape, rows=rows)
        work.append((value, passes * (count + UNTRAINED) * rows))
        features = _features(model, step, shape)
        fits = passes * (count + UNTRAINED) * draws
        probe = ScoreProbe(kind="frechet", features=features)
        work.append((probe, FIT * fits * fitted))
        work.append((ScoreProbe(kind="frechet", features=FEW), fits * SAMPLES))
        one = denoiser_cost(AIM, model, shape, rows)
        flops += passes * (count + UNTRAINED) * one.flops
        students += count
        held = (count + UNTRAINED) * (one.peak + FLOAT * rows * features)
        widest = max(widest, float(held))
    if job.inputs.get("teacher"):
        teacher = graph.nearest(job, TeacherStep).teacher
        mixture = network_of(teacher)
        exact = DenoiserProbe(kind="value", model=mixture, aim=AIM, shape=shape, rows=rows)
        work.append((exact, 1.5 * passes * rows))
    host = widest + 4.0 * DOUBLE * rows * prod(shape)
    return Bill(SCORES, tuple(work), students=students, flops=flops, host=host)


def _stacks(job: Job, step: ProbeStep, graph: Graph) -> Iterator[tuple[ModelSettings, int]]:
    """Architecture of every stack, and how many of its students are looked at."""
    for path in job.inputs["students"]:
        maker = graph.maker(path)
        if maker is None:
            raise LookupError(f"nothing makes {path}")
        trained = maker.settings
        if isinstance(trained, GatherStep):
            trained = graph.nearest(maker, TrainStep)
        assert isinstance(trained, TrainStep)
        yield trained.model, len(step.samples) * trained.replicates * (trained.seeds or 1)


def _features(model: ModelSettings, step: ProbeStep, shape: tuple[int, ...]) -> int:
    """Numbers that a layer makes of a point."""
    if isinstance(model, MLPSettings):
        return model.width
    assert isinstance(model, UNetSettings)
    level = 0 if step.layer == "last" else len(model.multipliers) - 1
    channels = model.width * model.multipliers[level]
    return channels if step.pooling == "mean" else channels * prod(shape[1:]) // 4**level
