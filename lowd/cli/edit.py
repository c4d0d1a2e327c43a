"""`lowd edit`: edit images of one's own along directions of a pipeline's Jacobian."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.bars import progress_bars
from lowd.cli.failures import told_in_one_line

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from lowd.apply.edit import Edited, Request
    from lowd.apply.pipeline import LoadedPipeline


def edit(
    images: Annotated[list[Path], typer.Argument(help="Images, or folders of them.")],
    pipeline: Annotated[
        Path, typer.Option(help="Folder of an unconditional diffusers pipeline in pixel space.")
    ],
    output: Annotated[Path, typer.Option(help="New folder for PNGs, edits.json and a sheet.")],
    sigma: Annotated[float, typer.Option(help="Noise level of the edit, data from -1 to 1.")] = 0.5,
    along: Annotated[
        str,
        typer.Option(
            help="loco (local, the rest protected), best (most local), region, whole, random."
        ),
    ] = "loco",
    mask: Annotated[
        Path | None, typer.Option(help="Image of the same size, white where to edit.")
    ] = None,
    box: Annotated[
        tuple[int, int, int, int] | None,
        typer.Option(help="Top, left, bottom and right of what to edit; else the middle."),
    ] = None,
    rank: Annotated[int, typer.Option(help="Which singular vector, from 1.")] = 1,
    protect: Annotated[
        int, typer.Option(help="Leading directions of the rest that loco leaves alone.")
    ] = 5,
    strength: Annotated[
        list[float] | None, typer.Option(help="Length of the edit in sigma; may be repeated.")
    ] = None,
    steps: Annotated[int, typer.Option(min=1, help="Of the flow, up and down.")] = 20,
    sigma_min: Annotated[float, typer.Option(help="Where the flow begins and ends.")] = 0.02,
    seed: Annotated[int, typer.Option(min=0, help="Of random draws.")] = 0,
    device: Annotated[
        str | None, typer.Option(help="Such as cpu or cuda; else a GPU if there is one.")
    ] = None,
) -> None:
    """Edit images along a direction of the denoiser's Jacobian at each, without a study.

    What happens is deterministic: images are inverted, moved and sampled again. See
    docs/geometry.md.
    """
    with told_in_one_line("edit"):
        from lowd.apply.edit import ALONG, Request
        from lowd.apply.images import image_paths, read_images
        from lowd.apply.output import check_output, write_edits
        from lowd.apply.pipeline import check_levels, load_pipeline, pipeline_shape

        check_output(output)
        if along not in ALONG:
            raise ValueError(f"--along: {along!r} is not known; choose one of {', '.join(ALONG)}")
        shape = pipeline_shape(pipeline)
        request = Request(
            sigma=sigma,
            along=along,
            inside=_region(mask, box, shape),
            order=rank,
            protect=protect,
            strengths=tuple(dict.fromkeys(strength or (-2.0, 2.0))),
            steps=steps,
            sigma_min=sigma_min,
            seed=seed,
        )
        request.check()
        paths = image_paths(images)
        read = read_images(paths, shape)
        where = _device(device)
        loaded = load_pipeline(pipeline, shape, where)
        check_levels(loaded, sigma, sigma_min)
        edits = _edit(loaded, paths, read.to(where), request)
        write_edits(output, edits, request, pipeline, loaded.sha256)
        _tell(edits, request, output)


def _region(
    mask: Path | None, box: tuple[int, int, int, int] | None, shape: tuple[int, int, int]
) -> "Tensor":
    from lowd.apply.images import read_mask
    from lowd.geometry.boxes import check_box, middle
    from lowd.geometry.regions import box_region

    if mask is not None:
        if box is not None:
            raise ValueError("--box: give either it or --mask")
        return read_mask(mask, shape)
    box = box or middle(shape)
    check_box("--box", box, shape)
    return box_region(box, shape)


def _device(name: str | None) -> "torch.device":
    import torch

    from lowd.device import pick_device

    if name is None:
        return pick_device()
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"--device: {name} can't be used ({error})") from None


def _edit(
    pipeline: "LoadedPipeline", paths: list[Path], images: "Tensor", request: "Request"
) -> "list[Edited]":
    from dataclasses import replace

    from lowd.apply.edit import edited

    with progress_bars() as watch:
        moved = replace(request, inside=request.inside.to(images.device))
        return list(edited(pipeline, paths, images, moved, watch))


def _tell(edits: "list[Edited]", request: "Request", output: Path) -> None:
    """What each edit changed, and where it is."""
    import torch

    share = float(request.inside.double().mean())
    for one in edits:
        size = (one.rebuilt.clamp(-1, 1) - one.image).square().mean().sqrt()
        inside = torch.tensor(list(one.inside.values())).mean()
        typer.echo(
            f"{one.path.name}: {inside:.0%} of the change lies in the region, which is {share:.0%} "
            f"of the image; gain {one.gain:.2f}; inversion alone changes pixels by {size:.3f}"
        )
    typer.echo(str(output / "edits.json"))
