"""From marked images to a table of what can be measured of them."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lowd.diffusion.passage import Passage
from lowd.kinds.watermark.hosts import Hosts
from lowd.kinds.watermark.imprint_step import DETECTORS, LEVELS, RATE, RATES, RESIDUAL, RINGED
from lowd.kinds.watermark.looking import (
    Evidence,
    Ring,
    Scores,
    chance_p_values,
    evidence_in_pixels,
    evidence_in_states,
    scores_of,
    spoiled,
)
from lowd.kinds.watermark.writing import Bench, Written
from lowd.metrics.detection import area_under_roc, roc_curve, share_found, threshold_at
from lowd.metrics.estimate import Estimate
from lowd.metrics.image_quality import WINDOW, psnr, ssim
from lowd.store.arrays import sample_dims
from lowd.streams import stream
from lowd.watermark.attacks import Attack

SHOWN = 6
Cell = dict[str, object]
"""Variables of one method, some of them over attack, detector, level or rate."""


def methods(bench: Bench) -> list[str]:
    """The names of all."""
    return [*bench.settings.directions, *bench.settings.rings]


def reported(method: str, rings: tuple[str, ...]) -> str:
    """The detector that a method is known by."""
    return RINGED if method in rings else RESIDUAL


class Looker:
    """What is made of unmarked images, once for all methods."""

    def __init__(self, bench: Bench, scenario: str, at: Hosts) -> None:
        self.bench, self.scenario, self.at = bench, scenario, at
        self.attacks = [Attack(), *(Attack(*one) for one in bench.settings.attacks)]
        self._known: dict[tuple[str, float, bool], Evidence] = {}

    def clean(self, written: Written, attack: Attack) -> Evidence:
        """Evidence of unmarked images after an attack."""
        in_pixels = _in_pixels(written)
        place = attack.name, written.passage.sigma, in_pixels
        if place not in self._known:
            self._known[place] = self._evidence(
                written.passage, self.at.clean, attack, in_pixels, 0
            )
        return self._known[place]

    def marked(self, written: Written, attack: Attack) -> Evidence:
        """Evidence of marked images after it."""
        return self._evidence(
            written.passage, written.images, attack, _in_pixels(written), written.how.name
        )

    def _evidence(
        self, passage: Passage, images: Tensor, attack: Attack, in_pixels: bool, of: str | int
    ) -> Evidence:
        name = (self.bench.settings.seed, "watermark attack", self.scenario, of)
        look = evidence_in_pixels if in_pixels else evidence_in_states
        return look(passage, spoiled(images, attack, name), self.bench.spread)


def _in_pixels(written: Written) -> bool:
    return getattr(written.how, "in_pixels", False)


def table(bench: Bench, scenario: str, sigma: float) -> xr.Dataset:
    """All methods in one scenario at one noise level; those not tried there are NaN."""
    at = bench.hosts(scenario, sigma)
    kept = bench.kept(at, sigma)
    looker = Looker(bench, scenario, at)
    every = chain(bench.added(at, sigma, kept), bench.ringed(at, scenario, sigma))
    cells = {written.how.name: _method(looker, written) for written in every}
    coords = {
        "attack": [attack.name for attack in looker.attacks],
        "detector": list(DETECTORS),
        "level": list(LEVELS),
        "rate": np.logspace(-3, 0, RATES),
    }
    found = xr.concat(
        [xr.Dataset(cell).expand_dims(mark=[name]) for name, cell in cells.items()], "mark"
    ).assign_coords(coords)
    found = found.reindex(mark=methods(bench))
    found["round_trip"] = float(psnr(at.unmarked, at.without).clamp(max=120).mean())
    found["rank"] = np.nan if kept is None else float(kept.rank)
    dims = ("shown", *sample_dims(at.unmarked.shape[1:]))
    found["unmarked"] = (dims, at.unmarked[:SHOWN].numpy())
    return found


def _method(looker: Looker, written: Written) -> Cell:
    cell = dict(_quality(looker.at, written))
    by_attack = [_scores(looker, written, attack) for attack in looker.attacks]
    generator = stream(looker.bench.settings.seed, "watermark bootstrap", written.how.name)
    rows = [
        [_told(scores.get(detector), generator) for detector in DETECTORS] for scores in by_attack
    ]
    for place, name in enumerate(("auc", "tpr", "fpr")):
        for part, suffix in enumerate(("", "_se")):
            values = [[one[place][part] for one in row] for row in rows]
            cell[name + suffix] = (("attack", "detector"), values)
    detector = reported(written.how.name, looker.bench.settings.rings)
    own = [scores[detector] for scores in by_attack]
    rates = torch.logspace(-3, 0, RATES, dtype=torch.float64)
    curves = [roc_curve(one.clean, one.marked, rates).numpy() for one in own]
    cell["roc"] = (("attack", "rate"), curves)
    cell["scores"] = (("attack", "image"), [one.marked.float().numpy() for one in own])
    first = [one.clean[:, 0].float().numpy() for one in own]
    cell["clean_scores"] = (("attack", "clean_image"), first)
    cell |= _levels(looker, written, detector)
    dims = ("shown", *sample_dims(written.images.shape[1:]))
    cell["marked"] = (dims, written.images[:SHOWN].numpy())
    return cell


def _scores(looker: Looker, written: Written, attack: Attack) -> dict[str, Scores]:
    clean, marked = looker.clean(written, attack), looker.marked(written, attack)
    if isinstance(written.how, Ring):
        return written.how.scores(clean, marked)
    return scores_of(written.how, clean, marked)


def _told(scores: Scores | None, generator: torch.Generator) -> tuple[Estimate, ...]:
    """AUC, TPR and FPR; thresholds are chosen by every other unmarked image."""
    if scores is None:
        return (Estimate(np.nan, np.nan),) * 3
    choosing, others = scores.clean[::2], scores.clean[1::2]
    area = area_under_roc(scores.clean, scores.marked)
    found = share_found(choosing, scores.marked, RATE, generator)
    above = (others > threshold_at(choosing, RATE)).double().mean(1)
    wrong = Estimate(float(above.mean()), float(above.std() / len(above) ** 0.5))
    return area, found, wrong


def _levels(looker: Looker, written: Written, detector: str) -> Cell:
    """How many p-values of unmarked images are below a level."""
    clean = looker.clean(written, looker.attacks[0])
    generator = stream(looker.bench.settings.seed, "watermark null", written.how.name)
    if isinstance(written.how, Ring):
        ours, published = written.how.chance_p_values(clean, generator)
    else:
        ours = chance_p_values(written.how, clean[detector], generator)
        published = torch.full_like(ours, torch.nan)
    cell: Cell = {}
    for name, values in (("nominal", ours), ("published", published)):
        below = torch.stack([(values < level).double() for level in LEVELS])
        below = torch.where(values.isnan(), torch.nan, below).mean(-1)
        cell[name] = ("level", below.mean(1).numpy())
        cell[f"{name}_se"] = ("level", (below.std(1) / below.shape[1] ** 0.5).numpy())
    return cell


def _quality(at: Hosts, written: Written) -> Iterator[tuple[str, object]]:
    shape = at.unmarked.shape[1:]
    unit_of_length = 1.0 if _in_pixels(written) else written.passage.sigma
    values = {
        "psnr": psnr(at.unmarked, written.images),
        "ssim": ssim(at.unmarked, written.images, min(WINDOW, *shape[1:])),
        "strength": written.strength / float(np.prod(shape)) ** 0.5 / unit_of_length,
        "pmp_change": written.pmp_change,
        "end_change": written.end_change,
    }
    for name, each in values.items():
        yield name, float(each.mean())
        yield f"{name}_se", float(each.std() / len(each) ** 0.5)
