"""A folder with edited images, a sheet of them, their directions and a JSON of what was done."""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lowd.apply.edit import Edited, Request
from lowd.apply.images import write_png
from lowd.figures.export import export
from lowd.figures.style import styled
from lowd.provenance.digests import digest
from lowd.store.atomic import staged
from lowd.watermark.files import to_bytes

RECORD, SHEET, DIRECTIONS = "edits.json", "sheet.png", "directions.npz"
ROWS = 8
"""Images on the sheet."""


def check_output(folder: Path) -> None:
    """Raise ValueError if there is anything where the output is to be."""
    if folder.exists():
        raise ValueError(f"{folder}: is there already; give --output a new folder")


def write_edits(
    folder: Path, edits: list[Edited], request: Request, pipeline: Path, weights: str
) -> None:
    """All of it, or nothing.

    Args:
        folder: new.
        edits: one an image.
        request: what was done with all of them.
        pipeline: where it lies.
        weights: their sha256.

    Raises:
        OSError: the folder can't be written.
    """
    with staged(folder) as draft:
        draft.mkdir()
        for edit in edits:
            for strength, picture in edit.pictures.items():
                write_png(draft / _file(edit.path, strength), picture)
            write_png(draft / _file(edit.path, 0.0), edit.rebuilt)
        np.savez(
            draft / DIRECTIONS,
            names=np.array([edit.path.name for edit in edits]),
            directions=np.stack([edit.direction.float().numpy() for edit in edits]),
        )
        with styled():
            export(_sheet(edits, request), _caption(request), [draft / SHEET])
        record = _record(edits, request, pipeline, weights, digest(draft / DIRECTIONS).sha256)
        (draft / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _file(path: Path, strength: float) -> str:
    return f"{path.stem}{strength:+g}.png"


def _record(
    edits: list[Edited], request: Request, pipeline: Path, weights: str, directions: str
) -> dict[str, object]:
    """What was done, so that it can be done again."""
    return {
        "pipeline": str(pipeline),
        "weights_sha256": weights,
        "sigma": request.sigma,
        "along": request.along,
        "rank": request.order,
        "protect": request.protect if request.along == "loco" else None,
        "region_share": float(request.inside.double().mean()),
        "seed": request.seed,
        "sampler": {"solver": "heun", "steps": request.steps, "sigma_min": request.sigma_min},
        "directions": DIRECTIONS,
        "directions_sha256": directions,
        "images": [_record_of(edit) for edit in edits],
    }


def _record_of(edit: Edited) -> dict[str, object]:
    apart = (edit.rebuilt.clamp(-1, 1) - edit.image).square().mean().sqrt()
    return {
        "image": str(edit.path),
        "sha256": digest(edit.path).sha256,
        "gain": edit.gain,
        "left": edit.left,
        "sine": edit.sine,
        "round_trip_rms": float(apart),
        "edits": [
            {
                "strength": strength,
                "file": _file(edit.path, strength),
                "share_inside": edit.inside[strength],
            }
            for strength in edit.pictures
        ],
    }


def _sheet(edits: list[Edited], request: Request) -> Figure:
    """A row an image: as read, its direction, and along it, with the region's edge."""
    shown = edits[:ROWS]
    strengths = sorted((*request.strengths, 0.0))
    columns = 2 + len(strengths)
    figure, panels = plt.subplots(
        len(shown), columns, figsize=(0.9 * columns, 0.3 + 0.95 * len(shown)), squeeze=False
    )
    for line, edit in zip(panels, shown, strict=True):
        inside = request.inside.reshape(edit.image.shape).cpu()[0].numpy()
        pictures = {**edit.pictures, 0.0: edit.rebuilt}
        light = edit.direction.mean(0).numpy()
        largest = float(abs(light).max()) or 1.0
        line[1].imshow(light, cmap="RdBu_r", vmin=-largest, vmax=largest)
        for axes, picture in ((line[0], edit.image), *zip(
            line[2:], (pictures[strength] for strength in strengths), strict=True
        )):  # fmt: skip
            axes.imshow(to_bytes(picture[None])[0].squeeze(), cmap="gray", vmin=0, vmax=255)
        for axes in line:
            axes.contour(inside, levels=[0.5], colors="#009E73", linewidths=0.8)
            axes.set_axis_off()
    words = ["image", "direction", *(f"{s:+g}σ" if s else "rebuilt" for s in strengths)]
    for axes, word in zip(panels[0], words, strict=True):
        axes.set_title(word, fontsize=7)
    return figure


def _caption(request: Request) -> str:
    return (
        f"Images edited at σ = {request.sigma:g} along {request.along}, by so many σ; the line is "
        "the region's edge, red adds light."
    )
