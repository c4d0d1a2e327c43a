"""`lowd watermark`: write a secret key into images, or look for it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.bars import progress_bars
from lowd.cli.failures import told_in_one_line

if TYPE_CHECKING:
    from lowd.apply.mark import Model, Record

RECORD = "watermark.json"


def watermark(
    images: Annotated[list[Path], typer.Argument(help="Files of the size the pipeline makes.")],
    pipeline: Annotated[
        Path | None,
        typer.Option(help="Folder of an unconditional diffusers pipeline in pixel space."),
    ] = None,
    detect: Annotated[
        Path | None,
        typer.Option(help=f"Look for the key of this {RECORD} instead of writing one."),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The secret, any text; else a new one is drawn.")
    ] = None,
    direction: Annotated[
        str,
        typer.Option(help="random, off-jacobian (without what the denoiser keeps), or pixels."),
    ] = "random",
    sigma: Annotated[float, typer.Option(help="Noise level at which the key is written.")] = 0.3,
    psnr: Annotated[float, typer.Option(help="Of marked images, in dB.")] = 32.0,
    steps: Annotated[int, typer.Option(min=2, help="Of the flow, up and down.")] = 8,
    rank: Annotated[int, typer.Option(min=1, help="Directions off-jacobian leaves out.")] = 10,
    output: Annotated[
        Path | None, typer.Option(help=f"New folder for the marked images and {RECORD}.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Write a secret key into images so that its PSNR is what you ask for, or look for it.

    The p-value is how likely an image that knows nothing of the key looks so much like it. Keep
    the record: whoever has it can find the mark, and remove or forge it. See docs/watermark.md.
    """
    with told_in_one_line("watermark"):
        if detect is not None:
            _detect(images, detect, pipeline, as_json)
            return
        if pipeline is None or output is None:
            missing = "--pipeline" if pipeline is None else "--output"
            raise ValueError(f"{missing}: required; or give --detect a {RECORD}")
        asked: dict[str, object] = {
            "key": key, "direction": direction, "sigma": sigma, "psnr": psnr, "steps": steps,
            "rank": rank,
        }  # fmt: skip
        told = _embed(images, pipeline, output, asked)
        typer.echo(told.model_dump_json(indent=1) if as_json else _lines(told, output))


def _open(folder: Path) -> "Model":
    from lowd.apply.mark import Model
    from lowd.apply.pipeline import load_pipeline, pipeline_shape
    from lowd.device import pick_device

    shape, device = pipeline_shape(folder), pick_device()
    return Model.of(load_pipeline(folder, shape, device), shape, device)


def _embed(paths: list[Path], pipeline: Path, output: Path, asked: dict[str, object]) -> "Record":
    import json
    import secrets

    from lowd.apply.images import image_paths, read_images, write_png
    from lowd.apply.mark import Record, described, mark
    from lowd.apply.output import check_output
    from lowd.parsing import parse_settings
    from lowd.store.atomic import staged

    check_output(output)
    paths = image_paths(paths)
    names = [f"{path.stem}.png" for path in paths]
    asked["key"] = asked["key"] or secrets.token_hex(16)
    asked |= {"pipeline": str(pipeline), "sha256": ""}
    record = parse_settings(Record, json.dumps(asked), "options")
    model = _open(pipeline)
    record = record.model_copy(update={"sha256": model.sha256})
    pictures = read_images(paths, model.shape)
    with progress_bars() as watch:
        rows = list(mark(record, model, pictures, watch))
    record = described(record, paths, names, rows)
    with staged(output) as draft:
        draft.mkdir()
        for name, (marked, *_) in zip(names, rows, strict=True):
            write_png(draft / name, marked[0])
        (draft / RECORD).write_text(record.model_dump_json(indent=1) + "\n")
    return record


def _lines(record: "Record", output: Path) -> str:
    lines = [
        f"{output / one.output}  {one.psnr:.1f} dB  p = {one.p_value:.2g}" for one in record.images
    ]
    return "\n".join([*lines, f"{output / RECORD} has the key: keep it to yourself."])


def _detect(paths: list[Path], told: Path, pipeline: Path | None, as_json: bool) -> None:
    import json

    from lowd.apply.images import image_paths, read_images
    from lowd.apply.mark import Record, find
    from lowd.parsing import parse_settings

    if not told.is_file():
        raise FileNotFoundError(f"{told}: no such file; give the {RECORD} of marked images")
    try:
        text = told.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{told}: no text; give the {RECORD} of marked images") from None
    record = parse_settings(Record, text, str(told))
    model = _open(pipeline or Path(record.pipeline))
    if model.sha256 != record.sha256:
        raise ValueError(
            f"--pipeline: its weights are not those that {told} was made with "
            f"({model.sha256[:12]}, {record.sha256[:12]}); give the same pipeline"
        )
    paths = image_paths(paths)
    pictures = read_images(paths, model.shape)
    with progress_bars() as watch:
        cosines, p_values, together = find(record, model, pictures, watch)
    if as_json:
        rows = [
            {"image": str(path), "cosine": cosine, "p_value": p}
            for path, cosine, p in zip(paths, cosines, p_values, strict=True)
        ]
        typer.echo(json.dumps({"images": rows, "p_value": together}, indent=1))
        return
    for path, cosine, p in zip(paths, cosines, p_values, strict=True):
        typer.echo(f"{path}  cosine {cosine:+.3f}  p = {p:.2g}")
    if len(paths) > 1:
        typer.echo(f"all together  p = {together:.2g}")
