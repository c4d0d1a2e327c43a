"""Above which similarity a sample counts as a copy: by rule from reference samples, or given."""

import re
from math import nan
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lowd.evaluation.comparing import most_similar
from lowd.evaluation.describing import Described
from lowd.metrics.descriptors import unit
from lowd.metrics.estimate import Estimate, proportion
from lowd.metrics.threshold import unrelated_quantile
from lowd.progress import Watch
from lowd.streams import stream_seed

DEFAULT = "nearest:0.99"
ROWS = 4096
"""Reference samples that a rule looks at."""
ALIKE = 0.05
"""Above this share of pairs of different samples over τ, a descriptor tells nothing apart."""
ROUNDING = 1e-6
"""How near to 1 a τ asks for equality."""


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
    held out, or else training samples, each compared with all others; those that have an equal are
    left out.

    Raises:
        ValueError: as `parse_threshold`, or fewer than two samples are fresh.
    """
    rule, number = parse_threshold(text)
    if held_out is not None:
        rows, own = _drawn(torch.arange(len(held_out.features))), None
        fresh = held_out.features[rows]
    else:
        rows = own = _drawn(_unrepeated(training.pixels))
        fresh = training.features[rows]
    if len(rows) < 2 and rule == "fixed":
        return Threshold(number, rule, Estimate(nan, nan), np.empty(0), ())
    if len(rows) < 2:
        raise ValueError(
            f"{training.samples.name}: fewer than two samples that no other equals, by which τ "
            "could be found; give --held-out, or a number with --threshold"
        )
    similarity, _ = most_similar(fresh, training, 1, watch, "finding τ", own)
    nearest = similarity[:, 0].double().cpu().numpy()
    match rule:
        case "fixed":
            value = number
        case "nearest":
            value = float(np.quantile(nearest, number))
        case _:
            value = unrelated_quantile(fresh, number)
    return Threshold(
        value,
        text if rule != "fixed" else "fixed",
        proportion(torch.from_numpy(nearest > value)),
        nearest,
        tuple(_warnings(value, rule, number, len(nearest), fresh, descriptor)),
    )


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


def _drawn(rows: Tensor) -> Tensor:
    """At most ROWS of these, the same each time: files are often in the order of their classes."""
    draw = torch.Generator().manual_seed(stream_seed("evaluation", "threshold"))
    return rows[torch.randperm(len(rows), generator=draw)[:ROWS].sort().values]


def _unrepeated(rows: Float[Tensor, "sample feature"]) -> Tensor:
    """Those that no other equals."""
    contents = [row.tobytes() for row in rows.cpu().numpy()]
    counts: dict[bytes, int] = {}
    for content in contents:
        counts[content] = counts.get(content, 0) + 1
    return torch.tensor([counts[content] == 1 for content in contents]).nonzero().flatten()
