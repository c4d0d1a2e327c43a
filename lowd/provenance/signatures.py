"""Signatures of statements: DSSE envelopes, made and checked with an ed25519 key.

DSSE (github.com/secure-systems-lab/dsse) is in-toto's own envelope, which other tools can check. It
lies in signatures/ under the statement's name, with the statement as it was signed inside.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from lowd.provenance.coherence import Finding
from lowd.provenance.statement import ROOT as STATEMENTS
from lowd.store.atomic import staged

ROOT = Path("signatures")
PAYLOAD = "application/vnd.in-toto+json"
MAKE = (
    "make a pair with `openssl genpkey -algorithm ed25519 -out key.pem` and "
    "`openssl pkey -in key.pem -pubout -out key.pub.pem`"
)


def sign(statements: Iterable[Path], key: Path) -> list[Path]:
    """Sign each statement as it is now.

    Args:
        statements: their paths.
        key: a PEM file with an ed25519 private key, not encrypted.

    Returns:
        The envelopes written.

    Raises:
        ValueError: there is no such key in the file.
    """
    try:
        private = load_pem_private_key(key.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: a passphrase is needed
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError(f"{key}: no ed25519 private key without a passphrase; {MAKE}")
    signer = CryptoSigner(private)
    written = []
    for statement in statements:
        envelope = Envelope(statement.read_bytes(), PAYLOAD, {})
        envelope.sign(signer)
        path = envelope_path(statement)
        path.parent.mkdir(parents=True, exist_ok=True)
        with staged(path) as draft:
            draft.write_text(json.dumps(envelope.to_dict(), indent=1) + "\n")
        written.append(path)
    return written


def unsigned(statements: Iterable[Path], key: Path) -> Iterator[Finding]:
    """Statements that the holder of a key has not signed as they are.

    Args:
        statements: their paths.
        key: a PEM file with an ed25519 public key.

    Raises:
        ValueError: there is no such key in the file.
    """
    try:
        loaded = load_pem_public_key(key.read_bytes())
    except (ValueError, UnsupportedAlgorithm):
        loaded = None
    if not isinstance(loaded, Ed25519PublicKey):
        raise ValueError(f"{key}: no ed25519 public key; {MAKE}")
    public = SSlibKey.from_crypto(loaded)
    for statement in statements:
        path = envelope_path(statement)
        if not path.exists():
            yield Finding(statement.as_posix(), f"not signed: there is no {path}")
            continue
        try:
            envelope = Envelope.from_dict(json.loads(path.read_text()))
            envelope.verify([public], threshold=1)
        except VerificationError:
            yield Finding(path.as_posix(), f"badly signed: not by the key in {key}")
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            yield Finding(path.as_posix(), "damaged: not a DSSE envelope")
        else:
            if envelope.payload_type != PAYLOAD or envelope.payload != statement.read_bytes():
                yield Finding(statement.as_posix(), f"not what was signed in {path}")


def envelope_path(statement: Path) -> Path:
    """Where the envelope of a statement lies."""
    return (ROOT / statement.relative_to(STATEMENTS)).with_suffix(".dsse.json")
