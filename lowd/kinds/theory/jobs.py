"""Low-rank denoisers beside the theory of when they find the subspaces that points lie on."""

from collections.abc import Iterator, Mapping

from lowd.base import Settings
from lowd.graph.job import Job, Rule
from lowd.graph.step import Step
from lowd.kinds.theory.equate import EquateStep, equate
from lowd.kinds.theory.expect import ExpectStep, expect
from lowd.kinds.theory.recover import RecoverStep, recover
from lowd.kinds.theory.settings import TheoryStudy
from lowd.kinds.theory.tabulate import TabulateStep, tabulate


def _recovery_streams(step: RecoverStep) -> tuple[str, ...]:
    cell = f"{step.seed}/clusters={step.clusters}/rank={step.rank}"
    return f"{cell}/trial={{trial}}", f"{cell}/N={{N}}/{{method}}"


def _equivalence_streams(step: EquateStep) -> tuple[str, ...]:
    cell = f"{step.seed}/equivalence/clusters={{clusters}}"
    return cell, f"{cell}/sigma={{sigma}}"


EXPECT = Rule(
    "expect", Step(expect, cost="cost.bills:command_bill"), ("results/{study}.yardstick.json",)
)
RECOVER = Rule(
    "recover",
    Step(recover, cost="kinds.theory.costs:recover_bill", draws=_recovery_streams),
    ("data/{study}/recovered/K{clusters}-r{rank}.zarr",),
    place="{study}/recover-K{clusters}-r{rank}",
)
EQUATE = Rule(
    "equate",
    Step(equate, cost="kinds.theory.costs:equate_bill", draws=_equivalence_streams),
    ("data/{study}/equivalence.zarr",),
)
TABULATE = Rule(
    "tabulate", Step(tabulate, cost="cost.bills:command_bill"), ("results/{study}.zarr",)
)


def jobs(name: str, study: TheoryStudy, every: Mapping[str, Settings]) -> Iterator[Job]:
    """What theory expects, the recoveries, the equivalence, and the results of all."""
    expected = EXPECT.job(
        ExpectStep(
            dimension=study.dimension,
            samples=study.samples,
            ranks=tuple(sorted({rank for each in study.recovery_maps for rank in each.ranks})),
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
        for each in study.recovery_maps
        for rank in each.ranks
    ]
    equivalence = EQUATE.job(
        EquateStep(
            seed=study.seed,
            dimension=study.dimension,
            clusters=tuple(each.clusters for each in study.recovery_maps),
            equivalence=study.equivalence,
        ),
        {},
        study=name,
    )
    yield from (expected, *recoveries, equivalence)
    yield TABULATE.job(
        TabulateStep(
            cells=tuple(
                (each.clusters, rank) for each in study.recovery_maps for rank in each.ranks
            )
        ),
        {
            "recovered": [path for recovery in recoveries for path in recovery.outputs],
            "equivalence": equivalence.outputs,
            "yardstick": expected.outputs,
        },
        study=name,
    )
