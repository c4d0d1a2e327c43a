"""The `lowd` command: what people run, in four groups, and the workflow's steps below `step`."""

from collections.abc import Callable
from typing import Annotated

import typer

from lowd.cli.archive import archive
from lowd.cli.audit import audit
from lowd.cli.calibrate import calibrate
from lowd.cli.clean import clean
from lowd.cli.declare import declare
from lowd.cli.edit import edit
from lowd.cli.evaluate import evaluate
from lowd.cli.export import export
from lowd.cli.init import init
from lowd.cli.make import make
from lowd.cli.plan import plan
from lowd.cli.report import report
from lowd.cli.restore import restore
from lowd.cli.sign import sign
from lowd.cli.steps import steps
from lowd.cli.studies import run
from lowd.cli.trace import trace
from lowd.cli.verify import verify
from lowd.cli.version import tell_version
from lowd.cli.watermark import watermark

GROUPS: dict[str, dict[Callable[..., None], str]] = {
    "Start": {
        init: "lowd init my-paper",
        run: "lowd run molrg",
        plan: "lowd plan digits --actual",
        calibrate: "lowd calibrate digits",
        evaluate: "lowd evaluate samples/ --training images/ --output found",
        edit: "lowd edit face.png --pipeline ddpm/ --mask eyes.png --output edited",
        watermark: "lowd watermark a.png b.png --pipeline ddpm/ --output marked",
    },
    "Look": {
        trace: "lowd trace figures/digits/errors.svg --cell model=unet-16,N=512,replicate=2",
        report: "lowd report digits",
    },
    "Check": {
        audit: "lowd audit digits --rederive 2",
        verify: "lowd verify digits",
        restore: "lowd restore digits",
        clean: "lowd clean",
    },
    "Share": {
        archive: "lowd archive digits",
        export: "lowd export crate digits",
        sign: "lowd sign --key key.pem digits",
    },
}
"""Commands, each with an example."""

app = typer.Typer(
    help="Measure how diffusion models memorise and generalise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def lowd(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=tell_version,
            is_eager=True,
            help="Print version and digest of the code that runs.",
        ),
    ] = False,
) -> None:
    """Measure how diffusion models memorise and generalise."""


_SNAKEMAKES = {"allow_extra_args": True, "ignore_unknown_options": True}
# The first that is no option ends those that might be ours: what follows `--` stays apart.
_SNAKEMAKES |= {"allow_interspersed_args": False}
app.command(hidden=True, context_settings=_SNAKEMAKES)(make)
app.command(hidden=True)(declare)
for _group, _commands in GROUPS.items():
    for _command, _example in _commands.items():
        app.command(rich_help_panel=_group, epilog=f"Example: {_example}")(_command)
app.add_typer(
    steps,
    name="step",
    help="Run one step of the workflow by hand.",
    rich_help_panel="Steps",
    epilog='Example: lowd step noise --settings \'{"size": 8, "shape": [2]}\' --output a.zarr',
    no_args_is_help=True,
)
