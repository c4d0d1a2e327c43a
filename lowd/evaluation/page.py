"""An evaluation on one self-contained HTML page."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from lowd.evaluation.evaluate import Evaluation
from lowd.evaluation.sets import Pixels
from lowd.evaluation.wording import (
    Line,
    all_warnings,
    borderline,
    line,
    method,
    most_copied,
    summary,
)
from lowd.html import data_uri, render

PAIRS = 48
"""How many pairs are shown, the most similar."""
BORDER = 12
"""How many about τ."""
ENLARGED = 64
"""Images with fewer pixels a side are shown with their pixels as squares."""


@dataclass(frozen=True)
class Pair:
    """A generated sample beside the training sample that it is nearest to.

    Attributes:
        generated: its name.
        training: that one's.
        similarity: their cosine.
        is_copy: whether it exceeds τ.
        images: both as data URIs; None of vectors.
    """

    generated: str
    training: str
    similarity: float
    is_copy: bool
    images: tuple[str, str] | None


@dataclass(frozen=True)
class Drawing:
    """A figure with its caption.

    Attributes:
        name: of the figure.
        image: a PNG as a data URI: fonts of formulas are not on every machine.
        caption: what is seen, with numbers.
        width: in inches, as in print.
    """

    name: str
    image: str
    caption: str
    width: float


@dataclass(frozen=True)
class Section:
    """What is shown of one set of samples."""

    name: str
    summary: str
    scores: tuple[Line, ...]
    histogram: Drawing
    pairs: tuple[Pair, ...]
    border: tuple[Pair, ...]
    pixelated: bool


def page(evaluations: Sequence[Evaluation], histograms: Sequence[Drawing]) -> str:
    """Scores, similarities and nearest pairs of every set, as HTML that needs nothing else."""
    sections = [
        Section(
            name=one.generated.name,
            summary=summary(one),
            scores=tuple(line(score) for score in one.scores.values()),
            histogram=drawing,
            pairs=tuple(_pairs(one, most_copied(one, PAIRS))),
            border=tuple(_pairs(one, borderline(one, BORDER))),
            pixelated=one.generated.kind == "images" and max(one.generated.shape[1:]) < ENLARGED,
        )
        for one, drawing in zip(evaluations, histograms, strict=True)
    ]
    return _render(
        title=evaluations[0].training.name,
        method=method(evaluations[0]),
        warnings=all_warnings(evaluations),
        sections=sections,
    )


def table_page(
    name: str, results: xr.Dataset, drawings: Sequence[Drawing], said: Sequence[str]
) -> str:
    """Figures and cells of a table, likewise."""
    columns = [
        score
        for score in ("gl", "e_gen", "e_mem", "rp_emp", "authenticity", "frechet", "data_copying")
        if results[score].notnull().any()
    ]
    cells = [
        (
            model,
            f"{n:,}",
            str(replicate),
            *(_cell(results, score, (model, n, replicate)) for score in columns),
        )
        for model in results["model"].values.tolist()
        for n in results["N"].values.tolist()
        for replicate in results["replicate"].values.tolist()
    ]
    rule = results.attrs["threshold_rule"]
    return _render(
        title=name,
        method=f"Descriptor {results.attrs['descriptor']}; τ = {results.attrs['threshold']:.3f} "
        f"{'given' if rule == 'fixed' else f'by {rule}'}.",
        warnings=[*results.attrs["warnings"], *said],
        drawings=drawings,
        columns=("model", "N", "replicate", *columns),
        cells=cells,
    )


def _render(**content: Any) -> str:
    blank: dict[str, Any] = {"sections": [], "drawings": [], "columns": (), "cells": []}
    return render(Path(__file__).with_name("page.html"), **blank | content)


def _pairs(evaluation: Evaluation, rows: Sequence[int]) -> list[Pair]:
    generated, training = evaluation.generated, evaluation.training
    shown = []
    for row in rows:
        nearest = int(evaluation.matches.nearest[row])
        similarity = float(evaluation.matches.similarity[row])
        images = None
        if generated.image is not None and training.image is not None:
            images = (_png(generated.image(row)), _png(training.image(nearest)))
        shown.append(
            Pair(
                generated.labels[row],
                training.labels[nearest],
                similarity,
                similarity > evaluation.threshold.value,
                images,
            )
        )
    return shown


def _png(pixels: Pixels) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, "PNG")
    return data_uri("image/png", buffer.getvalue())


def _cell(results: xr.Dataset, score: str, cell: tuple[str, int, int]) -> str:
    model, n, replicate = cell
    at = {"model": model, "N": n, "replicate": replicate}
    value, error = (float(results[name].sel(at)) for name in (score, f"{score}_se"))
    return "–" if np.isnan(value) else f"{value:.3f} ± {2 * error:.3f}"
