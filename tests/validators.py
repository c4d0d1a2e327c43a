"""Other people's validators, in an environment of their own: `make validators`.

They want older libraries than lowd does. What they would fetch from the network they find in a
cache that is filled from an installed package.
"""

import subprocess
from pathlib import Path

import pytest

BIN = Path(__file__).parents[1] / ".venv-validators/bin"
CACHE = BIN.parent / "contexts"
FILL = """
import sys
from importlib.resources import files

from requests import Request, Response
from requests_cache import CachedSession
from urllib3 import HTTPResponse

address, place = "https://w3id.org/ro/crate/1.1/context", sys.argv[1]
response = Response()
response.status_code, response.url, response.raw = 200, address, HTTPResponse(request_url=address)
response.headers["Content-Type"] = "application/ld+json"
response._content = files("rocrate").joinpath("data/ro-crate.jsonld").read_bytes()
assert address.encode() in response.content, "this rocrate brings another version of the context"
response.request = Request("GET", address).prepare()
CachedSession(place, expire_after=-1).cache.save_response(response)
"""


def run(name, *arguments):
    """What a validator says, and its exit status; the test is skipped where there is none."""
    if not (BIN / name).exists():
        pytest.skip(f"no {name} here: `make validators` installs it")
    done = subprocess.run([BIN / name, *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def crate_issues(crate, profile):
    """What `rocrate-validator` has to say against a crate, a folder or a zip; "" if it is valid."""
    if not CACHE.with_suffix(".sqlite").exists():
        code, said = run("python", "-c", FILL, str(CACHE))
        assert code == 0, said
    options = ["--offline", "--cache-path", str(CACHE), "--requirement-severity", "REQUIRED"]
    # As text, since of a zip it fails to write JSON.
    code, said = run(
        *("rocrate-validator", "validate", "--profile-identifier", profile),
        *(*options, "--no-paging", "--verbose", str(crate)),
    )
    assert code in (0, 1), said
    return said if code else ""
