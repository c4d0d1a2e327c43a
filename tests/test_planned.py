"""Jobs as Snakemake prints them, those of a group indented."""

from pathlib import Path

from lowd.cli import planned
from lowd.planning import NoiseStep

NOISE = NoiseStep(seed=0, size=4, shape=(3,))
PRINTED = """
rule noise:
    output: data/s/noise.zarr
Shell command: lowd noise --settings '{settings}' --output data/s/noise.zarr --statement p > l 2>&1
group job results (jobs in lexicogr. order):

    rule other:
        output: data/t/noise.zarr
Shell command: lowd noise --settings '{settings}' --output data/t/noise.zarr --statement q > l 2>&1
"""


def test_a_job_in_a_group_goes_by_its_own_rule(monkeypatch):
    printed = PRINTED.replace("{settings}", NOISE.model_dump_json())
    monkeypatch.setattr(planned, "workflow", lambda *arguments: printed)
    jobs = planned.planned(["data/s/manifest.json"])
    assert [job.rule for job in jobs] == ["noise", "other"]
    assert [job.outputs for job in jobs] == [
        [Path("data/s/noise.zarr")],
        [Path("data/t/noise.zarr")],
    ]
    assert {job.settings for job in jobs} == {NOISE}
