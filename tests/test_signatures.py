"""Signed statements: who vouches for them, checked by lowd and by OpenSSL."""

import base64
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from small_study import folder, sound  # noqa: F401
from typer.testing import CliRunner

from lowd.cli.app import app
from lowd.provenance.signatures import PAYLOAD

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
STATEMENT = Path("provenance/s/pool.json")
ENVELOPE = Path("signatures/s/pool.dsse.json")


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


def pair(place, algorithm="ed25519"):
    """A private and a public key, as files."""
    private, public = place / f"{algorithm}.pem", place / f"{algorithm}.pub.pem"
    openssl("genpkey", "-algorithm", algorithm, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


@pytest.fixture
def keys(tmp_path):
    return pair(tmp_path)


def lowd(*arguments, code=0):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, result.output
    return result


def faults(key):
    """What an audit that asks for signatures finds, by file."""
    found = json.loads(CliRunner().invoke(app, ["audit", "--json", "--key", str(key)]).stdout)
    return {fault["file"]: fault["reason"] for fault in found["faults"]}


def test_signed_statements_pass(keys):
    private, public = keys
    statements = list(Path("provenance").rglob("*.json"))
    assert f"signed {len(statements)} statements" in lowd("sign", "--key", private).stdout
    assert faults(public) == {}
    lowd("audit", "--key", public)


def test_openssl_verifies_what_was_signed(keys, tmp_path):
    private, public = keys
    lowd("sign", "--key", private, "s")
    envelope = json.loads(ENVELOPE.read_text())
    payload = base64.b64decode(envelope["payload"])
    assert payload == STATEMENT.read_bytes()
    # The bytes that DSSE has signed, from its specification.
    signed = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD), PAYLOAD.encode(), len(payload), payload)
    (signature,) = envelope["signatures"]
    (tmp_path / "signed").write_bytes(signed)
    (tmp_path / "signature").write_bytes(base64.b64decode(signature["sig"]))
    verify = ("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin")
    openssl(*verify, "-in", tmp_path / "signed", "-sigfile", tmp_path / "signature")
    (tmp_path / "signed").write_bytes(signed + b" ")
    with pytest.raises(subprocess.CalledProcessError):
        openssl(*verify, "-in", tmp_path / "signed", "-sigfile", tmp_path / "signature")


def test_an_unsigned_statement_is_named(keys):
    private, public = keys
    lowd("sign", "--key", private)
    ENVELOPE.unlink()
    assert faults(public) == {str(STATEMENT): f"not signed: there is no {ENVELOPE}"}


def test_a_statement_of_another_run_than_the_one_signed_is_named(keys):
    private, public = keys
    lowd("sign", "--key", private)
    STATEMENT.write_text(STATEMENT.read_text() + "\n")
    assert faults(public)[str(STATEMENT)] == f"not what was signed in {ENVELOPE}"


def test_another_key_does_not_vouch(keys, tmp_path):
    lowd("sign", "--key", keys[0])
    (tmp_path / "other").mkdir()
    _, stranger = pair(tmp_path / "other")
    found = faults(stranger)
    assert found[str(ENVELOPE)].startswith("badly signed")
    assert len(found) == len(list(Path("provenance").rglob("*.json")))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: "[]", "damaged"),
        (lambda text: text.replace('"sig": "', '"sig": "AAAA'), "badly signed"),
    ],
)
def test_a_damaged_envelope_is_named(keys, change, reason):
    private, public = keys
    lowd("sign", "--key", private)
    ENVELOPE.write_text(change(ENVELOPE.read_text()))
    found = faults(public)
    assert list(found) == [str(ENVELOPE)]
    assert found[str(ENVELOPE)].startswith(reason)


@pytest.mark.parametrize("content", ["", "not a key"])
def test_what_is_no_key_is_refused(tmp_path, content):
    (tmp_path / "key").write_text(content)
    for command in ("sign", "audit"):
        said = lowd(command, "--key", tmp_path / "key", code=1).stderr
        assert "ed25519" in said and "openssl genpkey" in said


def test_a_key_of_another_kind_is_refused(tmp_path):
    private, public = pair(tmp_path, "rsa")
    assert "no ed25519 private key" in lowd("sign", "--key", private, code=1).stderr
    assert "no ed25519 public key" in lowd("audit", "--key", public, code=1).stderr
    assert not Path("signatures").exists()


@pytest.mark.parametrize("name", ["..", "../other", "s/pool"])
def test_what_is_no_study_is_not_signed(tmp_path, name):
    done = CliRunner().invoke(app, ["sign", "--key", str(tmp_path / "key.pem"), name])
    assert done.exit_code == 1 and f"{name!r} is not the name of a study" in done.output
