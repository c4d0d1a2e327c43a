"""`lowd evaluate`: score samples that were made elsewhere."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.bars import progress_bars
from lowd.cli.failures import told_in_one_line

if TYPE_CHECKING:
    import xarray as xr
    from rich.console import Console

    from lowd.evaluation.evaluate import Choices, Evaluation


def evaluate(
    generated: Annotated[
        list[str],
        typer.Argument(
            help="Folders of images, or .npy, .npz or .zarr arrays (one of several: PATH::NAME); "
            "or one .csv or .yaml table with a cell of a grid in each row."
        ),
    ],
    training: Annotated[
        str | None, typer.Option(help="What the model learned from; a table has it in its rows.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help="What the true model makes of the same noises.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="What another model makes of the same noises.")
    ] = None,
    empirical: Annotated[
        str | None,
        typer.Option(help="What the training set's empirical distribution makes of them."),
    ] = None,
    held_out: Annotated[
        str | None, typer.Option(help="Data of the same kind that the model did not see.")
    ] = None,
    descriptor: Annotated[
        str | None,
        typer.Option(
            help="What to compare by: views (images), centred (vectors), identity (features), "
            "trained, a TorchScript or ONNX file such as SSCD's, or module:function."
        ),
    ] = None,
    threshold: Annotated[
        str,
        typer.Option(
            help="Cosine above which a sample is a copy, or the rule: nearest:Q, unrelated:Q."
        ),
    ] = "nearest:0.99",
    features: Annotated[
        bool, typer.Option("--features", help="Arrays hold ready features, a row a sample.")
    ] = False,
    range: Annotated[
        tuple[float, float] | None, typer.Option(help="Black and white among floats; else -1 1.")
    ] = None,
    size: Annotated[
        tuple[int, int] | None, typer.Option(help="Height and width to shrink images to.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="Such as cpu or cuda; else a GPU if there is one.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Images at once for a network.")] = 64,
    output: Annotated[
        Path | None,
        typer.Option(help="New folder for results.zarr, evaluation.html and figures."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Score samples of any model: what is copied, from what, and how far the rest is off.

    It needs no study and no git. Nothing is compared that is not given: see docs/evaluate.md.
    """
    with told_in_one_line("evaluate"):
        from lowd.evaluation.evaluate import Choices
        from lowd.evaluation.output import check_output
        from lowd.evaluation.sets import Reading
        from lowd.evaluation.table import TABLES

        if output is not None:
            check_output(output)
        if size is not None and min(size) < 1:
            raise ValueError(f"--size: {size[0]} {size[1]}; give a height and width above 0")
        if range is not None and not range[0] < range[1]:
            raise ValueError(f"--range: {range[0]:g} {range[1]:g} must ascend")
        choices = Choices(descriptor, threshold, Reading(features, range, size), device, batch)
        tables = [path for path in map(Path, generated) if path.suffix in TABLES]
        if tables:
            given = {
                "--training": training,
                "--teacher": teacher,
                "--against": against,
                "--empirical": empirical,
                "--held-out": held_out,
            }
            if len(generated) > 1 or any(given.values()):
                other = next((name for name, value in given.items() if value), " ".join(generated))
                raise ValueError(
                    f"{tables[0]}: a table is evaluated by itself; remove {other}, and put paths "
                    "in its rows"
                )
            _table(tables[0], choices, output, as_json)
            return
        if training is None:
            raise ValueError("--training: required; give what the model learned from")
        if len(set(generated)) < len(generated):
            raise ValueError("GENERATED: one is given twice; give each once")
        _sets(
            (generated, training, held_out),
            {"teacher": teacher, "against": against, "empirical": empirical},
            choices,
            output,
            as_json,
        )


def _sets(
    sources: tuple[list[str], str, str | None],
    others: dict[str, str | None],
    choices: "Choices",
    output: Path | None,
    as_json: bool,
) -> None:
    from lowd.evaluation.evaluate import yardstick
    from lowd.evaluation.results import as_json as json_of
    from lowd.evaluation.wording import all_warnings

    generated, training, held_out = sources
    with progress_bars() as watch:
        fixed = yardstick(training, held_out, replace(choices, watch=watch))
        found = [fixed.evaluate(each, **others) for each in generated]
    if output is not None:
        from lowd.evaluation.output import write

        write(output, found)
    for sentence in all_warnings(found):
        typer.echo(f"lowd evaluate: {sentence}", err=True)
    if as_json:
        typer.echo(json_of(found))
        return
    for one in found:
        _show(one)
    _told_where(output)


def _table(path: Path, choices: "Choices", output: Path | None, as_json: bool) -> None:
    import json

    from lowd.evaluation.grid import evaluate_table, warnings_of
    from lowd.evaluation.results import cells

    with progress_bars() as watch:
        results = evaluate_table(path, replace(choices, watch=watch))
    if output is not None:
        from lowd.evaluation.output import write_table

        write_table(output, path, results)
    for sentence in [*results.attrs["warnings"], *warnings_of(path, results)]:
        typer.echo(f"lowd evaluate: {sentence}", err=True)
    if as_json:
        typer.echo(json.dumps(cells(results), indent=1, ensure_ascii=False, allow_nan=False))
        return
    _show_cells(results)
    _told_where(output)


def _show(evaluation: "Evaluation") -> None:
    from rich.table import Table
    from rich.text import Text

    from lowd.cli.console import printable
    from lowd.evaluation.wording import line, method, summary

    console = _console()
    console.print(Text(printable(evaluation.generated.name), style="bold"))
    console.print(Text(summary(evaluation)))
    table = Table(box=None, pad_edge=False)
    for header, justify in (
        ("score", "left"),
        ("value", "right"),
        ("95 % interval", "right"),
        ("compare with", "left"),
    ):
        table.add_column(header, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for score in evaluation.scores.values():
        table.add_row(*map(Text, line(score)))
    console.print(table)
    console.print(Text(method(evaluation), style="dim"))
    console.print()


def _show_cells(results: "xr.Dataset") -> None:
    from rich.table import Table
    from rich.text import Text

    from lowd.cli.console import printable
    from lowd.evaluation.results import cells

    table = Table(box=None, pad_edge=False)
    shown = [name for name in ("gl", "e_gen", "e_mem") if results[name].notnull().any()]
    for header in ("model", "N", "replicate"):
        table.add_column(header, justify="left" if header == "model" else "right")
    for header in shown:
        table.add_column({"gl": "GL", "e_gen": "E_gen", "e_mem": "E_mem"}[header], justify="right")
    for cell in cells(results)["cells"]:
        scores = cell["scores"]
        table.add_row(
            Text(printable(cell["model"])),
            f"{cell['N']:,}",
            str(cell["replicate"]),
            *(
                f"{scores[name]['value']:.3f} ± {2 * scores[name]['standard_error']:.3f}"
                if name in scores
                else "–"
                for name in shown
            ),
        )
    console = _console()
    console.print(table)
    console.print("[dim]Value ± two standard errors over samples.[/dim]")


def _told_where(output: Path | None) -> None:
    if output is not None:
        typer.echo(f"{output / 'evaluation.html'}")


def _console() -> "Console":
    from lowd.cli.console import wide_console

    return wide_console()
