import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowd.provenance.digests import CHUNK_BYTES, STAMP, Digests, digest, digest_all

# Sorting these by folders instead of by whole paths gives another order, and another digest.
NAMES = ["a", "sub/x/b", "sub.z", "sub-y/c", "sp ace/é ü", "ß/日本語/🙂.zarr", "n/" * 6 + "deep"]


def fill(folder, contents):
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.mark.filterwarnings("ignore:_NoneStep:DeprecationWarning")
def test_digests_equal_those_in_dvc_lock(tmp_path, monkeypatch):
    from dvc.repo import Repo

    monkeypatch.chdir(tmp_path)
    Path(".dvcignore").write_text(f"{STAMP}\n")
    tree = fill(Path("tree"), {name: name.encode() for name in NAMES})
    Path("outside").write_bytes(b"1")
    fill(Path("elsewhere"), {"f": b"2"})
    (tree / "link").symlink_to("../outside")
    (tree / "linked folder").symlink_to("../elsewhere")
    (tree / "empty").mkdir()
    (tree / STAMP).touch()
    (tree / "sub" / STAMP).touch()
    Path("hollow").mkdir()
    paths = [tree, Path("outside"), Path("hollow")]
    ours = digest_all(paths)
    with Repo.init(no_scm=True) as repo:
        for path, expected in zip(paths, ours, strict=True):
            (stage,) = repo.add(str(path))
            assert stage.outs[0].hash_info.value == expected.md5, path


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs coreutils")
def test_a_folders_sha256_is_what_coreutils_make_of_it(tmp_path):
    fill(tmp_path, {name: name.encode() for name in NAMES})
    listing = "find . -type f -print0 | cut -zc3- | LC_ALL=C sort -z"
    command = f"{listing} | xargs -0 sha256sum | sha256sum"
    shell = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert digest(tmp_path).sha256 == shell.stdout.split()[0]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, 2 * CHUNK_BYTES + 7])
def test_a_file_is_hashed_whole(tmp_path, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file").write_bytes(content)
    expected = Digests(hashlib.sha256(content).hexdigest(), hashlib.md5(content).hexdigest())
    assert digest(tmp_path / "file") == expected
    assert not expected.is_folder


trees = st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=3), min_size=1)


@settings(max_examples=20, deadline=None)
@given(one=trees, other=trees)
def test_folders_have_equal_digests_exactly_when_their_contents_are_equal(one, other):
    with tempfile.TemporaryDirectory() as one_folder, tempfile.TemporaryDirectory() as other_folder:
        ours, theirs = digest_all([fill(Path(one_folder), one), fill(Path(other_folder), other)])
    assert (ours.sha256 == theirs.sha256) == (one == other)
    assert (ours.md5 == theirs.md5) == (one == other)


def test_stamps_and_times_do_not_count(tmp_path):
    fill(tmp_path, {"a/b": b"1"})
    before = digest(tmp_path)
    (tmp_path / "a" / STAMP).write_text("now")
    (tmp_path / "empty").mkdir()
    (tmp_path / "a/b").touch()
    assert digest(tmp_path) == before


def test_digests_come_in_the_order_asked_for(tmp_path):
    fill(tmp_path, {"a": b"1", "b": b"2", "c/d": b"3"})
    paths = [tmp_path / name for name in ("c", "b", "a", "b")]
    assert digest_all(paths) == [digest(path) for path in paths]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        digest(tmp_path / "absent")
    assert caught.value.filename == str(tmp_path / "absent")


@pytest.mark.parametrize("name", [b"two\nlines", b"no utf-8 \xff"])
def test_names_that_no_listing_can_hold_are_refused(tmp_path, name):
    try:
        (tmp_path / os.fsdecode(name)).touch()
    except OSError:
        pytest.skip("the file system refuses the name itself")
    with pytest.raises(ValueError, match="rename it"):
        digest(tmp_path)


def test_digest_sets_read_back(tmp_path):
    fill(tmp_path, {"a": b"1"})
    for found in digest_all([tmp_path, tmp_path / "a"]):
        assert Digests.from_digest_set(found.digest_set()) == found
    assert set(digest(tmp_path / "a").digest_set()) == {"sha256", "md5"}


@pytest.mark.parametrize(
    "digest_set",
    [
        {},
        {"sha256": "0" * 64},
        {"sha256": "0" * 64, "md5": "0" * 32 + ".dir"},
        {"sha256": "0" * 63, "md5": "0" * 32},
        {"dirHash": "0" * 64, "dvcMd5": "0" * 32},
        {"sha256": "A" * 64, "md5": "0" * 32},
    ],
)
def test_other_digest_sets_are_refused(digest_set):
    with pytest.raises(ValueError, match="not the digests"):
        Digests.from_digest_set(digest_set)
