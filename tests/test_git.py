import subprocess
from pathlib import Path

import pytest

from lowd.provenance.environment import commit
from lowd.provenance.git import git
from lowd.provenance.history import deleted, files_at, read_history, versions_ever

IDENTITY = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def repository(folder):
    Path("file").write_text("1")
    for words in (["init", "-q"], ["add", "-A"], [*IDENTITY, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], check=True)


def lose_head(monkeypatch):
    Path(".git/HEAD").unlink()


def garble_the_branch(monkeypatch):
    (branch,) = Path(".git/refs/heads").iterdir()
    branch.write_text("garbage\n")


def lose_objects(monkeypatch):
    for path in Path(".git/objects").rglob("*"):
        if path.is_file():
            path.unlink()


def have_another_owner(monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")


def break_the_configuration(monkeypatch):
    with Path(".git/config").open("a") as config:
        config.write("[core\n")


def uninstall(monkeypatch):
    Path("empty").mkdir()
    monkeypatch.setenv("PATH", str(Path("empty").resolve()))


def be_killed(monkeypatch):
    fake = Path("fake/git")
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nkill -9 $$\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent.resolve()))


FAULTS = {
    lose_head: "not a git repository",
    lose_objects: "fails: ",
    have_another_owner: "dubious ownership",
    break_the_configuration: "config",
    uninstall: "install git",
    be_killed: "exit status -9",
}
QUESTIONS = [
    commit,
    read_history,
    lambda: deleted("."),
    lambda: files_at([("HEAD", "file")]),
    lambda: versions_ever("."),
]


def words_of_failure(ask):
    try:
        ask()
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_failure_of_git_is_told_in_its_words_whatever_is_asked(repository, monkeypatch, fault):
    fault(monkeypatch)
    refused = [ask for ask in QUESTIONS if FAULTS[fault] in words_of_failure(ask)]
    # With objects lost, git can still say what the index has and that an object is missing.
    assert refused if fault is lose_objects else refused == QUESTIONS


def test_a_branch_that_is_damaged_is_not_one_without_a_commit(repository, monkeypatch):
    garble_the_branch(monkeypatch)
    assert "`git " in words_of_failure(commit)


def test_without_a_repository_there_is_nothing(folder, monkeypatch):
    for _ in range(2):
        assert commit() is None and read_history() is None
        assert deleted(".") == [] and versions_ever(".") == {}
        assert files_at([("HEAD", "file")]) == [None]
        uninstall(monkeypatch) if not Path("empty").exists() else None


def test_a_repository_above_a_ceiling_is_none(repository, monkeypatch):
    Path("inner/deep").mkdir(parents=True)
    lose_head(monkeypatch)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path("inner").resolve()))
    monkeypatch.chdir("inner/deep")
    assert commit() is None


def test_a_repository_without_commits_has_no_commit_and_an_empty_history(folder):
    subprocess.run(["git", "init", "-q"], check=True)
    assert commit() is None
    assert read_history().commits == frozenset()


def test_a_file_that_git_has_lost_is_not_one_that_was_never_committed(repository):
    assert files_at([("HEAD", "other"), ("no-such", "file")]) == [None, None]
    named = subprocess.run(["git", "rev-parse", "HEAD:file"], capture_output=True, check=True)
    digest = named.stdout.decode().strip()
    Path(".git/objects", digest[:2], digest[2:]).unlink()
    assert words_of_failure(lambda: files_at([("HEAD", "file")])).startswith("git has lost file;")
    assert digest in words_of_failure(lambda: versions_ever("."))
    assert files_at([("HEAD", "other")]) == [None]


def test_a_failure_without_words_is_no_quiet_no(repository, monkeypatch):
    fake = Path("fake/git")
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent.resolve()))
    assert all("exit status 1" in words_of_failure(ask) for ask in QUESTIONS[1:])


def test_git_answers_no_quietly(repository):
    assert git("rev-parse", "--verify", "--quiet", "no-such^{commit}") is None
    with pytest.raises(ValueError, match="`git rev-parse` fails"):
        git("rev-parse", "--verify", "no-such")
