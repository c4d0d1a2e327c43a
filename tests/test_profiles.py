"""What the profiles for clusters ask for, as Snakemake reads them."""

from pathlib import Path

import pytest
from snakemake.profiles import ProfileConfigFileParser

from lowd.table import RULES

ROOT = Path(__file__).parents[1]
VARIABLES = ("SBATCH_ACCOUNT", "SBATCH_PARTITION", "LOWD_GPU_PARTITION", "LOWD_GPU")


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Read a profile in a folder of its own, under these variables alone."""
    monkeypatch.chdir(tmp_path)

    def read(profile, **variables):
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with (ROOT / f"workflow/profiles/{profile}/profile.yaml").open() as stream:
            return ProfileConfigFileParser().parse(stream)

    return read


def test_account_and_partition_are_the_users(asked):
    assert not [one for one in asked("slurm")["default-resources"] if "slurm_p" in one]
    given = asked("slurm", SBATCH_ACCOUNT="us", SBATCH_PARTITION="long")["default-resources"]
    assert {"slurm_account=us", "slurm_partition=long"} <= set(given)


def test_a_gpu_is_asked_for_only_where_the_user_names_one(asked):
    assert not [one for one in asked("slurm")["set-resources"] if "gpu" in one]
    given = asked("slurm", LOWD_GPU_PARTITION="fast")["set-resources"]
    assert {"train:gpu=1", "train:slurm_partition=fast"} <= set(given)
    assert "train:gpu=0" in asked("kubernetes")["set-resources"]
    assert "train:gpu=1" in asked("kubernetes", LOWD_GPU="1")["set-resources"]


def test_what_is_planned_goes_before_what_the_profile_says(asked):
    before = asked("slurm")["set-resources"]
    Path(".lowd").mkdir()
    Path(".lowd/resources.yaml").write_text("train: {runtime: 7}\nrecover: {mem_mb: 9}\n")
    after = asked("slurm")["set-resources"]
    assert set(after) - set(before) == {"train:runtime=7", "recover:mem_mb=9"}
    assert set(before) - set(after) == {"train:runtime=240"}


@pytest.mark.parametrize("profile", ["slurm", "kubernetes"])
def test_a_profile_names_rules_that_there_are(profile, asked):
    read = asked(profile)
    named = {one.split(":")[0] for one in read["set-resources"]}
    named |= {one.split("=")[0] for one in read.get("groups", [])}
    assert named <= set(RULES)
