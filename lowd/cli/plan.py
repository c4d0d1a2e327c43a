"""`lowd plan`: the bill of studies before anything runs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from lowd.cli.completion import names_or_paths
from lowd.cli.failures import told_in_one_line
from lowd.cli.named import studies_of

if TYPE_CHECKING:
    from lowd.cli.again import Due
    from lowd.cost.plan import Device, Priced
    from lowd.graph.graph import Graph
    from lowd.provenance.statement import Statement


class _Plan(NamedTuple):
    graph: "Graph"
    jobs: "list[Priced]"
    statements: "dict[int, Statement]"
    command: float
    """Seconds before a job reads its inputs, which statements leave out."""
    ahead: "Due"
    new: "Mapping[Path, float]"


def plan(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names, of families too, or files of theirs; those of `make figures` if none is "
            "given.",
            autocompletion=names_or_paths,
        ),
    ] = None,
    devices: Annotated[
        int,
        typer.Option(min=0, help="How many jobs run at once; as many as can here, if not given."),
    ] = 0,
    device_flops: Annotated[
        float,
        typer.Option(
            metavar="TFLOPS", min=0, help="Assume networks on a device of so many TFLOP/s."
        ),
    ] = 0,
    share: Annotated[
        float, typer.Option(min=0.001, max=1, help="Of --device-flops, what networks reach.")
    ] = 0.3,
    actual: Annotated[
        bool, typer.Option("--actual", help="Compare with the times that statements have.")
    ] = False,
    resources: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write minutes and memory of each rule, for a cluster."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Say what studies cost: jobs, students, FLOPs, time, memory and disk.

    Run it where params.yaml is; nothing of the studies runs. A few steps of each network are timed
    here first, in about a minute, and kept in .lowd/calibration.json for the next plan. The exit
    status is 1 if a stack is too large for this machine; that of another is not judged.
    """
    with told_in_one_line("plan"):
        from lowd.cli.studies import default
        from lowd.cost.plan import Device
        from lowd.settings import load_params

        params = load_params(Path("params.yaml"))
        names = studies_of(studies or ()) or default(params)
        params.check_names(names)
        assumed = Device(device_flops * 1e12, share) if device_flops else None
        made = _plan(names, assumed)
        at_once = devices or _devices(made.jobs)
        if resources is not None:
            _write_resources(resources, made.jobs)
        content = _as_json(names, made, at_once, assumed)
    if as_json:
        typer.echo(json.dumps(content, indent=1))
    else:
        from lowd.cli.bill import again_table, bill_summary, bill_table, comparison_table
        from lowd.cli.console import show

        show(bill_table(names, made.jobs), *bill_summary(content))
        if made.ahead.lost:
            show("", again_table(made.ahead))
        if actual:
            show("", comparison_table(content))
    if assumed is None and resources is None:  # else they are for another machine
        with told_in_one_line("plan"):
            from lowd.cli.fits import check_stacks

            check_stacks(made.graph, [one.job for one in made.jobs if one.is_due], made.new)


def _plan(names: Sequence[str], device: "Device | None") -> _Plan:
    from lowd.graph.figures import MANIFEST
    from lowd.table import read_graph

    graph = read_graph().leading_to(MANIFEST.path(study=name) for name in names)
    return price_jobs(graph, device)


def price_jobs(graph: "Graph", device: "Device | None" = None) -> _Plan:
    """What jobs take here, or on a device that is assumed; raises ValueError if measuring fails."""
    from lowd.cli.again import foresee
    from lowd.cli.due import due
    from lowd.cli.growth import new_shares
    from lowd.cost.actual import stated
    from lowd.cost.bill import COMMAND
    from lowd.cost.calibration import calibrate
    from lowd.cost.plan import bills, price, probes

    with _told("counting FLOPs and bytes") as tell:
        every = bills(graph, tell)
    with _told("timing a few steps of each network") as tell:
        measured = calibrate([COMMAND, *probes(every, device)], tell=tell)
    reasons = due(graph)
    left = graph.followers(job for job in graph.jobs if job.statement in reasons)
    jobs = price(graph, every, measured, left=left, device=device, has_gpu=_gpus() > 0)
    new = new_shares(graph, reasons)
    jobs = [replace(one, seconds=one.seconds * new.get(one.job.statement, 1.0)) for one in jobs]
    ahead = foresee(graph, reasons)
    return _Plan(graph, jobs, stated(graph), measured[COMMAND].seconds, ahead, new)


@contextmanager
def _told(what: str) -> "Iterator[Callable[[int, int], None]]":
    """Show on a terminal how far something is."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, every: None
        return
    with console.status(what) as status:
        yield lambda done, every: status.update(f"{what}: {done} of {every}")


def _gpus() -> int:
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _devices(jobs: "Sequence[Priced]") -> int:
    """One job a GPU if any uses one, and else one a processor."""
    from lowd.provenance.environment import allowed_threads

    return max(1, _gpus()) if any(one.gpu_memory for one in jobs) else allowed_threads()


def _write_resources(path: Path, jobs: "Sequence[Priced]") -> None:
    import yaml

    from lowd.cost.plan import resources
    from lowd.store.atomic import staged

    path.parent.mkdir(parents=True, exist_ok=True)
    with staged(path) as draft:
        draft.write_text(yaml.safe_dump(resources(jobs), sort_keys=False))


def _as_json(
    names: Sequence[str], made: _Plan, devices: int, device: "Device | None"
) -> dict[str, Any]:
    from lowd.cost.plan import disk, lines, total, wall

    jobs = made.jobs
    rules = [asdict(line) for line in lines(jobs)]
    whole = total(jobs, "total")
    on_gpu = sum(one.seconds for one in jobs if one.gpu_memory)
    return {
        "studies": list(names),
        "rules": rules,
        "total": asdict(whole),
        "processor_seconds": whole.seconds - on_gpu,
        "gpu_seconds": on_gpu,
        "disk": disk(jobs),
        "devices": devices,
        "wall_seconds": wall(made.graph, jobs, devices),
        "wall_seconds_left": wall(made.graph, jobs, devices, left=True),
        "again": {kind: one._asdict() for kind, one in made.ahead.lost.items()},
        "assumed": device and {"tflops": device.flops / 1e12, "share": device.share},
        "not_modelled": sorted({one["step"] for one in rules if not one["is_modelled"]}),
        "actual": _actual(made),
    }


def _actual(made: _Plan) -> list[dict[str, Any]]:
    """Planned against actual, by rule, of jobs that have a statement; all together last."""
    from lowd.cost.actual import held, took

    rows = []
    ran = [(one, made.statements.get(at)) for at, one in enumerate(made.jobs)]
    rules = dict.fromkeys(one.job.rule.name for one, statement in ran if statement is not None)
    for rule in (*rules, "total") if rules else ():
        own = [
            (one, statement)
            for one, statement in ran
            if statement is not None and rule in (one.job.rule.name, "total")
        ]
        weighed = [(one.memory, held(one.job)) for one, _ in own]
        both = [(memory, measured) for memory, measured in weighed if measured is not None]
        seconds = sum(max(0.0, one.seconds - made.command) for one, _ in own)
        actual = sum(took(statement) for _, statement in own)
        rows.append(
            {
                "rule": rule,
                "jobs": len(own),
                "seconds": seconds,
                "actual_seconds": actual,
                "ratio": seconds / actual if actual else None,
                "memory": max(both)[0] if both else None,
                "actual_memory": max(measured for _, measured in both) if both else None,
            }
        )
    return rows
