"""`lowd calibrate`: which backend trains each stack fastest on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from lowd.cli.completion import study_names
from lowd.cli.failures import told_in_one_line
from lowd.training.compute import Backend, ComputeSettings

if TYPE_CHECKING:
    from lowd.cost.probes import TrainProbe
    from lowd.settings import Params

BACKENDS: tuple[Backend, ...] = get_args(Backend)
REFERENCE: Backend = "grouped"
FASTER = 1.05
"""What another backend has to gain over it to be worth a setting; times vary by less."""


def calibrate(
    study: Annotated[str, typer.Argument(help="Its name.", autocompletion=study_names)],
) -> None:
    """Time a few steps of each model's largest stack by each backend, on the device that is here.

    Run it where the study is to run; times are kept as those of `lowd plan`. What is fastest is
    printed as settings for params.yaml, since the last bits of a result depend on it.
    """
    with told_in_one_line("calibrate"):
        from rich.table import Table

        from lowd.cli.console import show
        from lowd.cost.calibration import calibrate as measure
        from lowd.settings import load_params

        params = load_params(Path("params.yaml"))
        if study not in params.transitions:
            raise ValueError(
                f"params.yaml has no study {study!r} of students (there are: "
                f"{', '.join(params.transitions)})"
            )
        stacks = _stacks(study, params)
        took = measure(probe for by_backend in stacks.values() for probe in by_backend.values())
        table = Table("model", "students", *BACKENDS, title="student-steps per second", box=None)
        faster = {}
        for name, by_backend in stacks.items():
            rates = {
                backend: probe.students / took[probe].seconds
                for backend, probe in by_backend.items()
            }
            best = max(rates, key=rates.__getitem__)
            if rates[best] > FASTER * rates[REFERENCE]:
                faster[name] = best
            students = by_backend[REFERENCE].students
            shown = (f"{rates[one]:,.1f}" if one in rates else "–" for one in BACKENDS)
            table.add_row(name, str(students), *shown)
        chosen = ", ".join(f"{name}: {backend}" for name, backend in faster.items())
        advice = f"compute: {{backend: {{{chosen}}}}}" if faster else f"{REFERENCE} serves them all"
        show(table, advice)


def _stacks(study: str, params: "Params") -> "dict[str, dict[Backend, TrainProbe]]":
    """Of each model its largest stack, by every backend."""
    from lowd.cost.networks import students
    from lowd.cost.probes import TrainProbe
    from lowd.steps.train import TrainStep
    from lowd.table import graph
    from lowd.training.settings import EDMSettings

    trained = [
        (job.wildcards["model"], job.settings)
        for job in graph(params).jobs
        if job.study == study and isinstance(job.settings, TrainStep)
    ]
    found: dict[str, dict[Backend, TrainProbe]] = {}
    for model, step in sorted(trained, key=lambda one: students(one[1])):
        precision = step.compute.precision if step.compute else "single"
        found[model] = {
            backend: TrainProbe(
                model=step.model,
                aim=EDMSettings(),
                shape=params.transitions[study].teacher.shape,
                students=students(step),
                batch=step.training.batch,
                compute=ComputeSettings(precision=precision, backend=backend),
                is_whole=True,
            )
            for backend in BACKENDS
            if backend != "looped" or precision == "single"
        }
    return found
