"""A study through a real Slurm, on one node that this file has for itself."""

import re

import pytest
from test_pipeline import contents, steps_reported

from lowd.training.settings import BLOCK

pytestmark = pytest.mark.campaign

MADE = ("data/tiny", "results/tiny.zarr", "results/tiny.yardstick.json", "figures/tiny")


def test_a_study_run_through_slurm_leaves_the_same_bytes_as_one_run_here(tiny, on_cluster):
    assert contents(on_cluster.repository.path, *MADE) == contents(tiny.path, *MADE)


def test_every_job_of_the_study_was_one_of_slurm(on_cluster):
    submitted = re.findall(r"has been submitted with SLURM jobid (\d+)", on_cluster.output)
    assert len(set(submitted)) == len(submitted) > 12


def test_a_training_that_slurm_requeued_goes_on_from_the_state_it_had_saved(on_cluster):
    saved = on_cluster.saved["mlp-4"]
    assert steps_reported(on_cluster.repository, "mlp-4")[0] == saved + BLOCK
    assert on_cluster.output.count("rule_train/tiny_mlp-4/") == 1  # submitted once, never failed


def test_a_training_told_to_end_saves_its_state_and_goes_on_when_submitted_again(on_cluster):
    saved = on_cluster.saved["mlp-8"]
    assert f"SIGTERM after step {saved};" in on_cluster.output
    assert steps_reported(on_cluster.repository, "mlp-8")[0] == saved + BLOCK


def test_a_job_that_fails_is_named_with_its_logs_and_what_they_say(on_cluster):
    failure = re.search(r"^failed pictures/images .*(\n  .*)+", on_cluster.output, re.M)[0]
    assert re.search(r"^  SLURM-job '\d+' failed", failure, re.M)
    assert re.search(r"^  logs/pictures/images.log ends:$", failure, re.M)
    assert re.search(r"^  \S+/slurm_logs/rule_images/\S+ ends:$", failure, re.M)
    assert "inputs/images.npz: 3×3 pixels, but shape declares 4×4" in failure
