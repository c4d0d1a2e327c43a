"""What `lowd audit` says of the study in the current folder."""

import json

from typer.testing import CliRunner

from lowd.cli.app import app


def audit(*paths):
    """What `lowd audit --json` says; its exit status has to be in accord."""
    result = CliRunner().invoke(app, ["audit", "--json", *paths])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    found = json.loads(result.stdout)
    assert result.exit_code == (not found["passed"])
    return found


def accused(*paths):
    return sorted({fault["file"] for fault in audit(*paths)["faults"]})


def states(found):
    return {link["name"]: link["state"] for link in found["files"]}


def notes():
    return {(note["file"], note["reason"]) for note in audit()["notes"]}


def refusal(*arguments):
    result = CliRunner().invoke(app, ["audit", *arguments])
    assert (result.exit_code, result.stdout) == (1, "")
    return result.stderr.removeprefix("lowd audit: ").strip()
