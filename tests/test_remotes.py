"""Data come and go over ssh and S3, whatever breaks, and what fails is told in one line."""

import os
import re
import shlex
import shutil
import signal
import time
from pathlib import Path

import pytest
from repositories import Repository, commit
from servers import S3, Ssh, Wire, free_port

pytestmark = pytest.mark.campaign

DOCS = (Path(__file__).parents[1] / "docs/remotes.md").read_text()
over_ssh = pytest.mark.parametrize("server", [Ssh], ids=["ssh"], indirect=True, scope="module")


@pytest.fixture(scope="module", params=[Ssh, S3], ids=["ssh", "s3"])
def server(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp("server")).running() as one:
        yield one


@pytest.fixture(scope="module")
def wire(server):
    return Wire(server.port)


@pytest.fixture(scope="module")
def origin(tiny, server, wire, tmp_path_factory):
    """The study of `tiny`, pushed to a remote set up as the docs say."""
    root = tmp_path_factory.mktemp("origin")
    origin = Repository(shutil.copytree(tiny.path, root / "repository"))
    for command in documented(server, wire.port):
        origin.run(*command)
    # One file after the other, so that half-way some have arrived and others have not.
    with (origin.path / ".dvc/config.local").open("a") as local:
        local.write("    jobs = 1\n")
    origin.run("dvc", "push", "study@tiny")
    commit(origin)
    return origin


@pytest.fixture
def clone(origin, wire, tmp_path, monkeypatch):
    """A clone with the same credentials, of which nothing was restored yet."""
    # S3's clients would ask for half a minute.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    path = tmp_path / "clone"
    origin.run("git", "clone", "-q", str(origin.path), str(path))
    shutil.copy(origin.path / ".dvc/config.local", path / ".dvc/config.local")
    yield Repository(path)
    wire.allow(None)


def documented(server, port):
    """The commands by which the docs set up such a remote, for this one."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCS, re.M | re.S)
    (block,) = (one for one in blocks if f"{server.kind}://" in one)
    for old, new in server.values(port).items():
        assert old in block
        block = block.replace(old, new)
    return [shlex.split(line) for line in block.splitlines()]


def configure(repository, **options):
    """Set options of the remote for one clone alone."""
    for name, value in options.items():
        repository.run("dvc", "remote", "modify", "--local", "store", name, value)


def cached(repository):
    """Digests of what DVC's cache has."""
    files = (repository.path / ".dvc/cache").glob("files/md5/??/*")
    return {file.parent.name + file.name for file in files if len(file.stem) == 30}


def start_until(has_some, repository, *command):
    """Start a command, and come back once some data have arrived.

    The wire is in this process, so the command can't end unseen meanwhile.
    """
    process = repository.start(*command)
    while not has_some():
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.002)
    return process


def kill(process, wire):
    """Kill a command, children and all, at a moment when nothing arrives any more."""
    wire.allow(0)
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    wire.allow(None)


def told(said):
    """The one line in which a clone is not restored."""
    (line,) = said.splitlines()
    assert line.endswith("nothing was taken for made")
    return line


def refusal(clone):
    return told(clone.run("lowd", "restore", code=1))


def test_a_push_that_is_killed_is_made_good_by_another(origin, server, wire):
    server.clear()  # of which DVC does not know
    kill(start_until(server.objects, origin, "dvc", "push", "study@tiny"), wire)
    assert 0 < len(server.objects()) < len(cached(origin))
    origin.run("dvc", "push", "study@tiny")
    assert server.objects() == cached(origin)


def test_a_restore_that_is_killed_is_made_good_by_another(origin, clone, wire):
    kill(start_until(lambda: cached(clone), clone, "lowd", "restore"), wire)
    assert 0 < len(cached(clone)) < len(cached(origin))
    assert "restored tiny" in clone.run("lowd", "restore")
    assert cached(clone) == cached(origin)


def test_a_remote_that_is_lost_half_way_is_named(origin, clone, server, wire):
    process = start_until(lambda: cached(clone), clone, "lowd", "restore")
    wire.allow(0, breaks=True)
    line = told(process.communicate()[0])
    assert process.returncode == 1
    assert len(cached(clone)) < len(cached(origin))
    assert f"DVC's remote store ({server.kind}://" in line


def test_wrong_credentials_are_told(clone, server):
    configure(clone, **server.wrong)
    line = refusal(clone)
    assert f"DVC's remote store ({server.kind}://" in line
    assert re.search("Permission denied for user|Forbidden", line)
    assert "guessed" not in line


def test_a_server_that_is_not_there_is_told(clone, server):
    port = free_port()
    address = next(iter(server.values(port).values()))
    option = {"ssh": {"url": f"ssh://{address}"}, "s3": {"endpointurl": address}}
    configure(clone, **option[server.kind])
    line = refusal(clone)
    assert re.search(f"Connect call failed .*{port}|Could not connect .*{port}", line)


@over_ssh
def test_what_the_cache_has_needs_no_remote(origin, clone, wire):
    shutil.copytree(origin.path / ".dvc/cache", clone.path / ".dvc/cache")
    wire.allow(0, breaks=True)
    assert "restored tiny" in clone.run("lowd", "restore")
    clone.run("lowd", "verify")
    assert "didn't change" in clone.run("dvc", "repro", "study@tiny")
    assert not wire.is_used_up.is_set()


@over_ssh
def test_a_key_that_is_not_there_is_told(clone):
    configure(clone, keyfile="nowhere/key")
    assert re.search("No such file or directory: '.*nowhere/key'", refusal(clone))


@over_ssh
def test_bytes_changed_by_the_remote_are_not_let_in(origin, clone, server):
    weights = max(server.folder.glob("store/files/md5/*/*"), key=lambda file: file.stat().st_size)
    kept = weights.read_bytes()
    weights.chmod(0o644)
    weights.write_bytes(bytes([kept[0] ^ 1]) + kept[1:])
    try:
        said = clone.run("lowd", "restore", code=1)
    finally:
        weights.write_bytes(kept)
    assert "nothing was taken for made" in said, said
    assert weights.parent.name + weights.name not in cached(clone)
    clone.run("dvc", "pull", "study@tiny")
    assert cached(clone) == cached(origin)
