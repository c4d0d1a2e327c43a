"""What is measured on a machine, so that the time of jobs can be told from it.

A probe says what a unit of work is; `lowd.cost.measure` runs it. Large ones are measured in parts,
and scaled by what their time is proportional to.
"""

from typing import Annotated, Literal

from pydantic import Field

from lowd.base import Settings
from lowd.models.settings import ModelSettings
from lowd.sources.source_settings import ImageSource
from lowd.theory.settings import LowRankTraining
from lowd.training.compute import ComputeSettings
from lowd.training.settings import ObjectiveSettings


class StartProbe(Settings):
    """A process that imports modules and ends."""

    kind: Literal["start"] = "start"
    modules: tuple[str, ...]


class TrainProbe(Settings):
    """One step of the optimiser for a stack, with its share of the draws."""

    kind: Literal["train"] = "train"
    model: ModelSettings
    aim: ObjectiveSettings
    shape: tuple[int, ...]
    students: int
    batch: int
    compute: ComputeSettings | None = None
    is_whole: bool = False
    """Whether it must not be measured in part, whatever it takes."""


class FlowProbe(Settings):
    """One evaluation of the denoisers of a stack, each at `rows` noisy samples."""

    kind: Literal["flow"] = "flow"
    model: ModelSettings
    aim: ObjectiveSettings
    shape: tuple[int, ...]
    students: int
    rows: int


class CopyProbe(Settings):
    """An image through the network of a small SSCD, or its share of a step of its training."""

    kind: Literal["copy"] = "copy"
    shape: tuple[int, int, int]
    width: int
    features: int
    learns: bool


class ScoreProbe(Settings):
    """What compares samples.

    Attributes:
        kind: of samples the nearest neighbours among others, by pair of samples; the chance level
            of reproducibility, by pair of noises; a Fréchet distance, by sample of the smaller
            side; the empirical denoiser, by pair of noisy sample and training point; whether two
            images are alike, by descriptor and by pixels, by pair of images; singular values, by
            square matrix of so many rows.
        features: numbers of a sample.
    """

    kind: Literal["neighbour", "chance", "frechet", "empirical", "alike", "singular"]
    features: int


class LowRankProbe(Settings):
    """One step of low-rank denoisers, and of all that each is compared with a share."""

    kind: Literal["low-rank"] = "low-rank"
    dimension: int
    clusters: int
    rank: int
    points: int
    trials: int
    training: LowRankTraining


class EquivalenceProbe(Settings):
    """A pair of noises a point through low-rank denoisers of known bases, by every weighting."""

    kind: Literal["equivalence"] = "equivalence"
    dimension: int
    clusters: int
    rank: int
    samples: int
    problems: int


class Mixture(Settings):
    """The exact denoiser of a mixture of low-rank Gaussians, in the place of a network."""

    architecture: Literal["mixture"] = "mixture"
    clusters: int
    rank: int


class DenoiserProbe(Settings):
    """One row of `rows` that a step puts through a denoiser on the CPU, whatever GPU there is.

    Attributes:
        kind: of noisy samples their denoised ones; of directions their products with a Jacobian's
            transpose, which take a backward pass, or with the Jacobian itself, which take one
            through that.
    """

    kind: Literal["value", "transposed", "forward"]
    model: ModelSettings | Mixture
    aim: ObjectiveSettings
    shape: tuple[int, ...]
    rows: int


class FitProbe(Settings):
    """A mixture of Gaussians fitted to points from one start, by expectation maximisation."""

    kind: Literal["fit"] = "fit"
    features: int
    clusters: int
    points: int


class DimensionProbe(Settings):
    """A point's share of an estimate of intrinsic dimension, among points of a known one.

    Attributes:
        kind: Levina and Bickel's by every number of neighbours in turn, or scikit-dimension's.
        rank: the dimension, on which it depends how many others a search has to look at.
        neighbours: the numbers of neighbours that Levina and Bickel's is taken from.
    """

    kind: Literal["levina_bickel", "two_nn"]
    points: int
    features: int
    clusters: int
    rank: int
    neighbours: tuple[int, ...] = ()


class ImageProbe(Settings):
    """An image of a source: read, processed, hashed and stored.

    Attributes:
        kind: how images lie on the disk: one array, packed or not, or a file each; or that they
            are scikit-learn's digits.
        native: their shape there.
        processing: what is done to them.
    """

    kind: Literal["array", "packed", "file", "digits"]
    native: tuple[int, int, int]
    processing: ImageSource


class StoreProbe(Settings):
    """A store read or written, of so many variables of so many numbers each."""

    kind: Literal["read", "write"]
    variables: int
    numbers: int


Probe = Annotated[
    StartProbe
    | TrainProbe
    | FlowProbe
    | CopyProbe
    | ScoreProbe
    | LowRankProbe
    | EquivalenceProbe
    | DenoiserProbe
    | FitProbe
    | DimensionProbe
    | ImageProbe
    | StoreProbe,
    Field(discriminator="kind"),
]


NetworkProbe = TrainProbe | FlowProbe | CopyProbe
"""What a GPU computes, if there is one."""


class Measured(Settings):
    """What a probe took.

    Attributes:
        seconds: of one unit; of the processor where that is the device, which other work on the
            machine disturbs less than the time that passes.
        memory: bytes of the process at most, where that was measured.
    """

    seconds: float
    memory: int = 0
