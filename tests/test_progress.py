"""How far a job is reaches who watches it, and changes nothing else."""

import pytest

from lowd import progress
from lowd.progress import Progress, read_progress, report_begun, report_done, report_total
from lowd.provenance.code import source_digest

PLAIN = "def f(x):\n    for y in x:\n        g(y)\n"
TOLD = (
    "from lowd.progress import report_done as told, report_total\n"
    "def f(x):\n    report_total(len(x), 'rows')\n    for y in x:\n        g(y)\n        told(y)\n"
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where this process tells how far it is, as often as it is asked to."""
    monkeypatch.setenv(progress.WATCHED, str(tmp_path / "far"))
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    return tmp_path / "far"


def test_read_progress_gives_what_report_done_told(file):
    report_total(40, "steps")
    assert read_progress(file) is None  # nothing is done yet
    report_done(10)
    assert read_progress(file) == Progress(10, 40, "steps")
    report_total(3, "rows")
    report_done(3)
    assert read_progress(file) == Progress(3, 3, "rows")


def test_report_begun_counts_what_was_begun_before(file):
    report_total(6, "samples")
    seen = []
    for count in (2, 1, 3):
        report_begun(count)
        seen.append(read_progress(file).done)
    assert seen == [0, 2, 3]


def test_a_job_that_is_not_watched_or_can_t_tell_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    monkeypatch.delenv(progress.WATCHED, raising=False)
    report_total(2, "steps")
    report_done(1)
    monkeypatch.setenv(progress.WATCHED, str(tmp_path / "no such folder/far"))
    report_done(2)
    assert not list(tmp_path.iterdir())


def test_report_done_tells_no_more_often_than_a_file_system_likes(file, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 60.0)
    report_total(4, "steps")
    report_done(1)
    report_done(2)
    assert read_progress(file) == Progress(1, 4, "steps")


@pytest.mark.parametrize("half_written", ["", "3", "3 4", "x 4 steps"])
def test_read_progress_of_half_a_line_is_nothing(file, half_written):
    file.write_text(half_written)
    assert read_progress(file) is None


def test_source_digest_leaves_out_what_is_told():
    assert source_digest(TOLD) == source_digest(PLAIN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("        told(y)\n", "        z = told(y)\n"),  # its value is used
        ("        told(y)\n", "        tell(y)\n"),  # another function's
        ("lowd.progress", "lowd.other"),
        ("        g(y)\n", ""),
    ],
)
def test_source_digest_keeps_all_else(old, new):
    assert TOLD.count(old) == 1
    assert source_digest(TOLD.replace(old, new)) != source_digest(PLAIN)
