"""What probes of features ask of a machine."""

from math import prod

from lowd.cost.bill import SCORES, Bill
from lowd.cost.files import DOUBLE, FLOAT
from lowd.cost.labelled import labelled_points, training_points
from lowd.cost.probes import DenoiserProbe, FlowProbe, Mixture, Probe, ScoreProbe
from lowd.cost.stores import results_written, samples_read
from lowd.cost.tally import denoiser_cost
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.graph.job import Job as Maker
from lowd.kinds.representation.probe import INPUTS, UNTRAINED, ProbeStep
from lowd.models.settings import MLPSettings, ModelSettings, UNetSettings
from lowd.steps.label_points import LabelPointsStep
from lowd.steps.train import TrainStep
from lowd.sources.settings import NoisyMoLRGTeacher
from lowd.steps.teacher import TeacherStep
from lowd.training.settings import EDMSettings

VARIABLES = 25
"""Of the results."""
CLASSES = 10
"""That a folder is taken to have, and digits have."""
AIM = EDMSettings()
