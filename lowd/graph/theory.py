"""Low-rank denoisers beside the theory of when they find the subspaces that points lie on."""

from collections.abc import Iterator

from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.steps.equate import EquateStep, equate
from lowd.steps.expect import ExpectStep, expect
from lowd.steps.recover import RecoverStep, recover
from lowd.steps.tabulate import TabulateStep, tabulate
from lowd.studies import TheoryStudy


def _recovery_streams(step: RecoverStep) -> tuple[str, ...]:
    cell = f"{step.seed}/clusters={step.clusters}/rank={step.rank}"
    return f"{cell}/trial={{trial}}", f"{cell}/N={{N}}/{{method}}"


def _equivalence_streams(step: EquateStep) -> tuple[str, ...]:
    cell = f"{step.seed}/equivalence/clusters={{clusters}}"
    return cell, f"{cell}/sigma={{sigma}}"


EXPECT = Rule(
    "expect", Step(expect, cost="bills.command_bill"), ("results/{study}.yardstick.json",)
)
RECOVER = Rule(
    "recover",
    Step(recover, cost="low_rank.recover_bill", draws=_recovery_streams),
    ("data/{study}/recovered/K{clusters}-r{rank}.zarr",),
    place="{study}/recover-K{clusters}-r{rank}",
)
EQUATE = Rule(
    "equate",
    Step(equate, cost="low_rank.equate_bill", draws=_equivalence_streams),
    ("data/{study}/equivalence.zarr",),
)
TABULATE = Rule("tabulate", Step(tabulate, cost="bills.command_bill"), ("results/{study}.zarr",))

FIGURES = {
    "recovery": ("success", "error"),
    "threshold": ("pooled", "error"),
    "equivalence": ("clean_gap", "gap", "from_clustering"),
}


def jobs(name: str, study: TheoryStudy) -> Iterator[Job]:
    """What theory expects, the recoveries, the equivalence, and the results of all."""
    expected = EXPECT.job(
        ExpectStep(
            dimension=study.dimension,
            samples=study.samples,
            ranks=tuple(sorted({rank for each in study.maps for rank in each.ranks})),
            tolerance=study.tolerance,
        ),
        {},
        study=name,
    )
    recoveries = [
        RECOVER.job(
            RecoverStep(
                seed=study.seed,
                dimension=study.dimension,
                clusters=each.clusters,
                rank=rank,
                samples=study.samples,
                trials=each.trials,
                training=each.training,
            ),
            {},
            study=name,
            clusters=str(each.clusters),
            rank=str(rank),
        )
        for each in study.maps
        for rank in each.ranks
    ]
    equivalence = EQUATE.job(
        EquateStep(
            seed=study.seed,
            dimension=study.dimension,
            clusters=tuple(each.clusters for each in study.maps),
            equivalence=study.equivalence,
        ),
        {},
        study=name,
    )
    yield from (expected, *recoveries, equivalence)
    yield TABULATE.job(
        TabulateStep(
            cells=tuple((each.clusters, rank) for each in study.maps for rank in each.ranks)
        ),
        {
            "recovered": [path for recovery in recoveries for path in recovery.outputs],
            "equivalence": equivalence.outputs,
            "yardstick": expected.outputs,
        },
        study=name,
    )
