"""Score samples that were made elsewhere, from Python."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from lowd.device import pick_device
from lowd.evaluation.arrays import of_array
from lowd.evaluation.comparing import Matches, match
from lowd.evaluation.describing import Describer, default_descriptor, fit_descriptor
from lowd.evaluation.opening import open_set
from lowd.evaluation.references import References
from lowd.evaluation.score import Score
from lowd.evaluation.scores import scores
from lowd.evaluation.sets import Reading, SampleSet, check_alike, is_grey
from lowd.evaluation.threshold import DEFAULT, Threshold, find_threshold
from lowd.progress import Watch, unwatched

Source: TypeAlias = str | Path | np.ndarray | Tensor
"""A folder, a file, or the samples themselves."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What is found of one set of generated samples.

    Attributes:
        generated: the samples.
        training: what they are compared with.
        descriptor: by what.
        threshold: above which similarity a sample counts as a copy.
        scores: every score, by its name.
        matches: what each sample is nearest to.
    """

    generated: SampleSet
    training: SampleSet
    descriptor: str
    threshold: Threshold
    scores: Mapping[str, Score]
    matches: Matches

    def __getitem__(self, name: str) -> Score:
        """A score by its name, such as `memorised`."""
        return self.scores[name]


@dataclass(frozen=True)
class Choices:
    """How samples are read and compared; as the arguments of `evaluate`."""

    descriptor: str | None = None
    threshold: str = DEFAULT
    reading: Reading = field(default_factory=Reading)
    device: str | None = None
    batch: int = 64
    watch: Watch = unwatched


@dataclass(frozen=True, eq=False)
class Yardstick:
    """A descriptor and threshold, fixed by reference samples before any other is compared."""

    describe: Describer
    references: References
    threshold: Threshold
    choices: Choices

    def opened(self, source: Source) -> SampleSet:
        """A set of samples like the training samples; raises as `open_set` and `check_alike`."""
        training = self.references.training.samples
        found = _opened(source, self.choices.reading, is_grey(training), "samples")
        check_alike(training, found)
        return found

    def evaluate(
        self,
        generated: Source,
        teacher: Source | None = None,
        against: Source | None = None,
        empirical: Source | None = None,
    ) -> Evaluation:
        """Score a set; raises as `evaluate` does."""
        samples = self.opened(generated)
        described = self.describe(samples)
        others = {
            name: None if source is None else self.describe(self.opened(source))
            for name, source in (
                ("teacher", teacher),
                ("against", against),
                ("empirical", empirical),
            )
        }
        references = References(self.references.training, self.references.held_out, **others)
        watch = self.choices.watch
        matches = match(described, references.training, watch)
        found = scores(described, references, matches, self.threshold, watch)
        return Evaluation(
            samples,
            references.training.samples,
            self.describe.name,
            self.threshold,
            {score.name: score for score in found},
            matches,
        )


def yardstick(training: Source, held_out: Source | None, choices: Choices) -> Yardstick:
    """Fit descriptor and threshold to the training samples; raises as `evaluate` does."""
    reading = choices.reading
    samples = _opened(training, reading, None, "training")
    name = choices.descriptor or default_descriptor(samples, reading.features)
    device = _device(choices.device)
    describe = fit_descriptor(name, samples, device, choices.batch, choices.watch)
    unseen = None
    if held_out is not None:
        unseen = _opened(held_out, reading, is_grey(samples), "held_out")
        check_alike(samples, unseen)
    seen = describe(samples)
    references = References(seen, None if unseen is None else describe(unseen))
    threshold = find_threshold(choices.threshold, seen, references.held_out, name, choices.watch)
    return Yardstick(describe, references, threshold, choices)


def evaluate(
    generated: Source,
    training: Source,
    *,
    teacher: Source | None = None,
    against: Source | None = None,
    empirical: Source | None = None,
    held_out: Source | None = None,
    descriptor: str | None = None,
    threshold: str | float = DEFAULT,
    features: bool = False,
    range: tuple[float, float] | None = None,
    size: tuple[int, int] | None = None,
    device: str | None = None,
    batch: int = 64,
) -> Evaluation:
    """How much of the generated samples is copied, and how far they are from where they should be.

    Samples are a folder of images, with folders inside or not; an .npy, .npz or .zarr array (one of
    several at `path::name`); or an array or tensor: images (sample, channel, height, width) or
    (sample, height, width), as bytes or floats in [−1, 1], or vectors (sample, feature).

    Args:
        generated: what a model made.
        training: what it learned from.
        teacher: what the true model, or a teacher, makes of the same noises; sample m of both comes
            from noise m, which nothing can check.
        against: likewise of another model, to compare with.
        empirical: likewise of the empirical distribution of the training set
            (`lowd.distributions.Empirical`), for E_mem.
        held_out: data of the same distribution that was not trained on.
        descriptor: what samples are compared by: `"views"` (of images, unless said otherwise),
            `"centred"` (of vectors), `"identity"` (of features), `"trained"`, a TorchScript or
            ONNX file such as SSCD's, or `"module:function"`.
        threshold: τ, a cosine; or a rule by which reference samples decide, such as
            `"nearest:0.99"`.
        features: arrays hold ready features.
        range: the values of black and white among floats.
        size: height and width to shrink images to.
        device: such as `"cuda"`; a GPU is taken if there is one.
        batch: images at once for a network.

    Returns:
        Scores by name, each with its 95 % interval and level of chance, and what each sample is
        nearest to.

    Raises:
        OSError: nothing is at a path.
        ValueError: samples can't be read, are not finite or not alike, or an argument makes no
            sense; the message names it.
    """
    choices = Choices(descriptor, str(threshold), Reading(features, range, size), device, batch)
    return yardstick(training, held_out, choices).evaluate(generated, teacher, against, empirical)


def _opened(source: Source, reading: Reading, grey: bool | None, name: str) -> SampleSet:
    if isinstance(source, Tensor):
        source = source.detach().cpu().numpy()
    if isinstance(source, np.ndarray):
        return of_array(name, source, reading)
    return open_set(source, reading, grey)


def _device(name: str | None) -> torch.device:
    device = pick_device()
    if name is None:
        return device
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"device: {name!r} can't be used ({reason})") from None
