"""A study of 10,000 cells is planned as a few hundred jobs, which its models alone add to."""

from collections import Counter

from repositories import TRAINING

from lowd.settings import Params
from lowd.table import graph

MODELS, SAMPLES, REPLICATES = 100, list(range(2, 22)), 5
STUDY = {
    "teacher": {"kind": "molrg", "dimension": 4, "rank": 2},
    "pool": {"size": SAMPLES[-1] * REPLICATES},
    "samples": SAMPLES,
    "replicates": REPLICATES,
    "training": TRAINING,
    "models": {
        f"mlp-of-width-{width}": {"architecture": "mlp", "width": width}
        for width in range(1, MODELS + 1)
    },
}
PER_MODEL = ("train", "generate", "score")
ARGUMENT_BYTES = 128 * 1024
"""What Linux takes as one argument, which Snakemake makes of a job's whole command."""


def planned(study):
    """The study's jobs."""
    return graph(Params.model_validate({"studies": {"grid": study}})).jobs


def test_ten_thousand_cells_are_at_most_500_jobs_that_a_shell_can_start():
    assert MODELS * len(SAMPLES) * REPLICATES == 10_000
    jobs = planned(STUDY)
    assert len(jobs) <= 500
    assert max(len(job.command.encode()) for job in jobs) < ARGUMENT_BYTES / 2
    smallest = {"models": dict([next(iter(STUDY["models"].items()))]), "samples": SAMPLES[:1]}
    alone = planned(STUDY | smallest | {"replicates": 2})
    more = Counter(job.rule.name for job in jobs) - Counter(job.rule.name for job in alone)
    assert more == dict.fromkeys(PER_MODEL, MODELS - 1)
