"""Low-rank denoisers beside the theory of when they find the subspaces that points lie on."""

from collections.abc import Iterator

from lowd.graph.job import Job, Rule
from lowd.steps.equate import EquateStep
from lowd.steps.expect import ExpectStep
from lowd.steps.recover import RecoverStep
from lowd.steps.tabulate import TabulateStep
from lowd.studies import TheoryStudy

EXPECT = Rule("expect", ("results/{study}.yardstick.json",))
RECOVER = Rule(
    "recover",
    ("data/{study}/recovered/K{clusters}-r{rank}.zarr",),
    place="{study}/recover-K{clusters}-r{rank}",
)
EQUATE = Rule("equate", ("data/{study}/equivalence.zarr",))
TABULATE = Rule("tabulate", ("results/{study}.zarr",))

FIGURES = ("recovery", "threshold", "equivalence")


def jobs(name: str, study: TheoryStudy) -> Iterator[Job]:
    """What theory expects, the recoveries, the equivalence, and the results of all."""
    expect = EXPECT.job(
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
    equate = EQUATE.job(
        EquateStep(
            seed=study.seed,
            dimension=study.dimension,
            clusters=tuple(each.clusters for each in study.maps),
            equivalence=study.equivalence,
        ),
        {},
        study=name,
    )
    yield from (expect, *recoveries, equate)
    yield TABULATE.job(
        TabulateStep(
            cells=tuple((each.clusters, rank) for each in study.maps for rank in each.ranks)
        ),
        {
            "recovered": [path for recovery in recoveries for path in recovery.outputs],
            "equivalence": equate.outputs,
            "yardstick": expect.outputs,
        },
        study=name,
    )
