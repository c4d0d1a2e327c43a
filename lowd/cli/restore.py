"""`lowd restore`: take what a clone or a branch brings for made, once all of it verifies."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lowd.cli.completion import names_or_paths
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of, targets_of
from lowd.cli.planned import Held, hold, planned, run_tool, workflow
from lowd.settings import Params, load_params

if TYPE_CHECKING:
    from lowd.provenance.coherence import Finding


MISSING = "Checkout failed for following targets"
"""What DVC says if its cache lacks something, which after a pull is what the remote lacks too."""


UNSAVED = "Can't remove the following unsaved files"
"""What it says of data that are here and not in its cache, as those of an archive."""


IN_THE_WAY = "without a confirmation"
"""What it says of a file that it would have to replace, which is then found to be another."""


def restore(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names, of families too, or files of theirs; all in dvc.lock if none is given.",
            autocompletion=names_or_paths,
        ),
    ] = None,
    rederive: Annotated[
        int,
        typer.Option(
            metavar="K", min=0, help="Where code alone has changed, run K jobs of a step again."
        ),
    ] = 0,
) -> None:
    """Bring studies here, and have Snakemake take them for made if all of it verifies.

    For a fresh clone, or after a change of branch. Data come from DVC's cache, or from its remote
    if the cache lacks some. Then every file is rehashed, and every job is held against its
    statement as it would run now: the same settings, code and inputs. What differs is named, and
    nothing is taken for made.

    With --rederive K, changed code is no reason to refuse: K jobs of every step that it changes,
    picked at random, run again in a scratch folder. If all that they leave is the same to the bit,
    the statements take the new code in and say so; if not, all stays as it was.
    """
    with told_in_one_line("restore"):
        params = load_params(Path("params.yaml"))
        names = studies_of(studies or ()) or _locked(params)
        params.check_names(names)
        _bring([params.stages[name] for name in names])
        targets = _targets(params, names)
        findings, held = hold(planned(targets))
        changed = [one for one in held if one.moved]
        if changed and not findings and rederive:
            from lowd.cli.rederive import rederive as again

            findings = again(changed, rederive)
        elif not rederive:
            findings += [_outdated(one) for one in changed]
        if findings:
            lines = [f"{one.file}: {one.reason}" for one in findings]
            raise ValueError("\n".join([*lines, "nothing was taken for made"]))
        workflow("--touch", "--forceall", *targets)
    files = sum(len(one.planned.outputs) for one in held)
    typer.echo(f"restored {', '.join(names)}: {len(held)} jobs, {files} outputs verified")


def _locked(params: Params) -> list[str]:
    from lowd.provenance.lock import LOCK, read_lock

    recorded = read_lock().outputs
    if found := [name for name in params.stages if Path("data", name) in recorded]:
        return found
    raise ValueError(f"{LOCK} has no study: there is nothing to restore; run `make figures`")


def _bring(stages: Sequence[str]) -> None:
    """Let DVC bring the data: from its cache, and only if that lacks some from its remote.

    What neither has is found missing afterwards, by name.

    Raises:
        ValueError: the remote fails; which one, where it is, and why.
    """
    done = run_tool("dvc", "checkout", *stages)
    if MISSING not in done.stderr and UNSAVED not in done.stderr:
        if done.returncode and IN_THE_WAY not in done.stderr:
            raise ValueError(f"`dvc checkout` fails: {_reason(done.stderr)}; mend that first")
        typer.echo(done.stderr, nl=False, err=True)
        return
    # What a more local file says comes later, and counts.
    listed = run_tool("dvc", "config", "--list")
    if listed.returncode:
        raise ValueError(f"`dvc config` fails: {_reason(listed.stderr)}; mend that first")
    lines = listed.stdout.splitlines()
    config = dict(line.split("=", 1) for line in lines if "=" in line)
    remotes = re.findall(r"^remote\.(.+)\.url$", "\n".join(config), re.M)
    if not remotes:
        return
    if "core.remote" not in config:
        raise ValueError(
            "DVC's cache lacks data, and no remote is its default; pick one with `dvc remote "
            f"default NAME` (there are: {', '.join(remotes)})"
        )
    name = config["core.remote"].lower()
    remote = f"DVC's remote {name} ({config.get(f'remote.{name}.url', 'without a URL')})"
    done = run_tool("dvc", "pull", *stages)
    if MISSING in done.stderr:
        typer.echo(f"{remote} lacks data; `dvc push` them from where they were made", err=True)
    elif done.returncode and UNSAVED not in done.stderr:
        raise ValueError(
            f"{remote}: {_reason(done.stderr)}; mend its address, key or endpoint with `dvc remote "
            f"modify {name}`, or reach it otherwise; nothing was taken for made"
        )


def _reason(said: str) -> str:
    """The first thing that DVC says went wrong, without the path, which is not the whole URL."""
    errors = re.findall(r"^ERROR: (?:failed to connect to \S+ \(.*?\) - )?(.+)", said, re.M)
    return errors[0] if errors else said.strip() or "DVC does not say why"


def _targets(params: Params, studies: Sequence[str]) -> list[str]:
    """What stages make of the studies, and of comparisons between them that are here."""
    compared = [
        figure
        for name, comparison in params.across.items()
        if set(comparison.compared_names) <= {*studies, *params.across}
        for figure in targets_of(params, name)
    ]
    return [
        *(manifest for study in studies for manifest in targets_of(params, study)),
        *(figure for figure in compared if Path(figure).exists()),
    ]


def _outdated(one: Held) -> "Finding":
    from lowd.provenance.coherence import Finding

    return Finding(
        one.planned.outputs[0].as_posix(),
        f"the code that made it has changed: {', '.join(one.moved)}; run it again, or, if that "
        "was to change nothing, --rederive some",
    )
