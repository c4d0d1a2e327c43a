"""A study of 10,000 cells is planned as a few hundred jobs, which its models alone add to."""

import re
from collections import Counter

from repositories import TRAINING, create

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


def planned(repository, study):
    """How many jobs of each rule there are, and all of their commands."""
    repository.write_params({"grid": study})
    target = "data/grid/manifest.json"
    printed = repository.run("snakemake", "--dry-run", "--printshellcmds", target)
    rules = re.findall(r"^(?:local)?rule (\w+):$", printed, re.M)
    assert re.findall(r"^total +(\d+)$", printed, re.M)[0] == str(len(rules))
    return Counter(rules), re.findall(r"^Shell command: (.*)$", printed, re.M)


def test_ten_thousand_cells_are_at_most_500_jobs_that_a_shell_can_start(tmp_path):
    assert MODELS * len(SAMPLES) * REPLICATES == 10_000
    repository = create(tmp_path)
    jobs, commands = planned(repository, STUDY)
    assert jobs.total() <= 500
    assert len(commands) == jobs.total()
    assert max(len(command.encode()) for command in commands) < ARGUMENT_BYTES / 2
    smallest = {"models": dict([next(iter(STUDY["models"].items()))]), "samples": SAMPLES[:1]}
    alone, _ = planned(repository, STUDY | smallest | {"replicates": 2})
    assert jobs - alone == dict.fromkeys(PER_MODEL, MODELS - 1)
