"""Above which similarity a sample counts as a copy: by rule from reference samples, or given."""

import re
from collections import Counter
from collections.abc import Iterator
from math import nan
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lowd.evaluation.comparing import most_similar
from lowd.evaluation.describing import Described, Unfitted
from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.threshold import unrelated_quantile
from lowd.progress import Watch
from lowd.streams import stream_seed

DEFAULT = "nearest:0.99"
ROWS = 4096
"""Reference samples that a rule looks at."""
FOLDS = 5
"""Parts of the training samples which are fresh in turn to a descriptor fitted to the others."""
ALIKE = 0.05
"""Above this share of pairs of different samples over τ, a descriptor tells nothing apart."""
ROUNDING = 1e-6
"""How near to 1 a τ asks for equality."""


_OVERLAP = (
    "{} of the held-out samples equal a training sample, and are left out of τ and its level of "
    "chance; give those that the model did not learn from"
)
_SEEN = (
    "{} comes from the samples that the descriptor was trained on, which it tells apart better "
    "than fresh ones: more of those may exceed τ; give --held-out"
)


class Threshold(NamedTuple):
    """What two samples must exceed to count as copies.

    Attributes:
        value: τ, a cosine.
        rule: how it was found.
        chance: share of samples that are no copies, fresh ones, which exceed it nevertheless; NaN
            where none are known.
        fresh: their similarities with the nearest reference.
        warnings: what it cannot tell, each with the remedy.
    """

    value: float
    rule: str
    chance: Estimate
    fresh: Float[np.ndarray, " sample"]
    warnings: tuple[str, ...]


def parse_threshold(text: str) -> tuple[str, float]:
    """The rule and its number: `fixed`, `nearest` or `unrelated`.

    Raises:
        ValueError: it is neither a cosine nor a rule with a quantile.
    """
    match = re.fullmatch(r"(?:(nearest|unrelated):)?([0-9.eE+-]+)", text)
    try:
        rule, number = match[1] or "fixed", float(match[2])  # type: ignore[index]
    except (TypeError, ValueError):
        number, rule = float("nan"), ""
    if not (0 < number < 1 or (rule == "fixed" and -1 <= number < 1)):
        raise ValueError(
            f"threshold: {text!r} is neither a cosine below 1, such as 0.6, nor a rule with a "
            "quantile between 0 and 1, nearest:0.99 or unrelated:0.999"
        )
    return rule, number


def find_threshold(
    text: str, training: Described, held_out: Described | None, descriptor: str, watch: Watch
) -> Threshold:
    """τ from reference samples alone, before any generated sample is compared.

    `nearest:q`: a share q of fresh samples is less similar to each training sample. Fresh are those
    held out that equal no training sample, or else training samples that have no equal, each
    compared with all others. What a descriptor was fitted to it tells apart better than what it
    never saw: one that is fitted to training samples is fitted anew without those that are fresh,
    a fifth at a time.

    Raises:
        ValueError: as `parse_threshold`; or, where τ is to be found, fewer than two samples are
            fresh, or a descriptor can't be fitted without some.
    """
    rule, number = parse_threshold(text)
    rows, shared = _fresh(training, held_out)
    warnings = [_OVERLAP.format(shared)] if shared else []
    try:
        fresh, similarity = _compared(rows, training, held_out, watch)
    except Unfitted:
        if rule != "fixed":
            raise
        return Threshold(number, rule, Estimate(nan, nan), np.empty(0), tuple(warnings))
    nearest = similarity.double().cpu().numpy()
    match rule:
        case "fixed":
            value = number
        case "nearest":
            value = min(float(np.quantile(nearest, number)), 1.0)
        case _:
            value = unrelated_quantile(fresh, number)
    warnings += _warnings(value, rule, number, len(nearest), fresh, descriptor)
    if held_out is None and descriptor == "trained":
        warnings.append(_SEEN.format("the level of chance" if rule == "fixed" else "τ"))
    return Threshold(
        value,
        text if rule != "fixed" else "fixed",
        proportion(torch.from_numpy(nearest > value)),
        nearest,
        tuple(warnings),
    )


def _compared(
    rows: Int[Tensor, " sample"], training: Described, held_out: Described | None, watch: Watch
) -> tuple[Float[Tensor, "sample feature"], Float[Tensor, " sample"]]:
    """Features of fresh samples, and their similarity with the nearest training sample.

    Raises:
        Unfitted: fewer than two samples are fresh, or a descriptor can't be fitted without some.
    """
    if len(rows) < 2:
        name = (training if held_out is None else held_out).samples.name
        equal = "other" if held_out is None else "training sample"
        raise Unfitted(
            f"{name}: fewer than two samples that no {equal} equals, by which τ could be found; "
            "give others with --held-out, or a number with --threshold"
        )
    found = [
        (fresh, most_similar(fresh, references, 1, watch, "finding τ", own)[0][:, 0])
        for fresh, references, own in _parts(rows, training, held_out)
    ]
    features, similarities = zip(*found, strict=True)
    return torch.cat(features), torch.cat(similarities)


def _parts(
    rows: Int[Tensor, " sample"], training: Described, held_out: Described | None
) -> Iterator[tuple[Tensor, Described, Tensor | None]]:
    """Fresh samples, what to compare them with, and which rows of it they are themselves."""
    if held_out is not None:
        yield held_out.features[rows], training, None
    elif training.without is None:
        yield training.features[rows], training, rows
    else:
        for k in range(min(FOLDS, len(rows))):
            yield *training.without(rows[k::FOLDS]), None


def _warnings(
    value: float, rule: str, number: float, count: int, fresh: Tensor, descriptor: str
) -> list[str]:
    others = [name for name in ("centred", "views (images)") if name.split()[0] != descriptor]
    remedy = f"use --descriptor {', '.join(others)} or a network"
    said = []
    directions = unit(fresh[:1024].double())
    first, second = np.triu_indices(len(directions), 1)
    pairs = (directions @ directions.T).cpu().numpy()[first, second]
    if (share := float((pairs > value).mean())) > ALIKE:
        said.append(
            f"descriptor {descriptor} cannot tell samples apart: {share:.0%} of pairs of different "
            f"reference samples have a cosine above τ = {value:.3f} (median "
            f"{np.median(pairs):.3f}); {remedy}"
        )
    elif float(np.median(pairs)) > 0.9:
        said.append(
            f"descriptor {descriptor} hardly tells samples apart: pairs of different reference "
            f"samples have a median cosine of {np.median(pairs):.3f}, so τ = {value:.3f} is close "
            f"to 1; {remedy}"
        )
    if 1 - value < ROUNDING:
        said.append(
            f"τ = {value:.7f} is within rounding of 1: only an equal sample exceeds it; give "
            "--threshold a lower quantile or a number"
        )
    if rule == "nearest" and count * (1 - number) < 1:
        said.append(
            f"τ is the {number:g} quantile of {count} reference samples, which are too few to know "
            "it; give more with --held-out, or a number with --threshold"
        )
    return said


def _fresh(training: Described, held_out: Described | None) -> tuple[Int[Tensor, " row"], int]:
    """Rows to find τ by, ROWS at most, and how many of those held out are training samples."""
    if held_out is None:
        contents = _contents(training)
        counts = Counter(contents)
        return _drawn([row for row, content in enumerate(contents) if counts[content] == 1]), 0
    seen, contents = set(_contents(training)), _contents(held_out)
    rows = [row for row, content in enumerate(contents) if content not in seen]
    return _drawn(rows), len(contents) - len(rows)


def _contents(described: Described) -> list[bytes]:
    return [row.tobytes() for row in described.pixels.cpu().numpy()]


def _drawn(rows: list[int]) -> Int[Tensor, " row"]:
    """Some, the same each time: files are often in the order of their classes."""
    draw = torch.Generator().manual_seed(stream_seed("evaluation", "threshold"))
    order = torch.randperm(len(rows), generator=draw)[:ROWS].sort().values
    return torch.tensor(rows, dtype=torch.int64)[order]
