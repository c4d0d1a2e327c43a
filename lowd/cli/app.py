"""The `lowd` command: one subcommand a step, and those that ask what steps have left."""

import typer

from lowd.cli.audit import audit
from lowd.cli.calibrate import calibrate
from lowd.cli.export import export
from lowd.cli.make import make
from lowd.cli.plan import plan
from lowd.cli.report import report
from lowd.cli.restore import restore
from lowd.cli.sign import sign
from lowd.cli.steps import steps
from lowd.cli.studies import run
from lowd.cli.trace import trace
from lowd.cli.verify import verify

app = typer.Typer(
    help="Measure how diffusion models memorise and generalise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(steps)
_SNAKEMAKES = {"allow_extra_args": True, "ignore_unknown_options": True}
# The first that is no option ends those that might be ours: what follows `--` stays apart.
_SNAKEMAKES |= {"allow_interspersed_args": False}
app.command(hidden=True, context_settings=_SNAKEMAKES)(make)
for _command in (run, plan, calibrate, trace, audit, verify, restore, report, export, sign):
    app.command()(_command)
