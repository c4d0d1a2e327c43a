"""What other tools read from statements is what the statements say."""

import shutil
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from prov.model import ProvActivity, ProvDerivation, ProvDocument, ProvEntity, ProvGeneration
from rocrate.rocrate import ROCrate
from small_study import folder, sound  # noqa: F401
from typer.testing import CliRunner
from validators import crate_issues

from lowd.cli.app import app
from lowd.provenance.statement import read_statements


def export(*arguments):
    result = CliRunner().invoke(app, ["export", *arguments])
    assert result.exit_code == 0, result.output


def test_prov_has_every_job_with_what_it_used_and_generated():
    export("prov")
    found = ProvDocument.deserialize("prov.json")
    statements = read_statements()
    activities = {
        str(next(iter(one.get_attribute("lowd:statement")))): one
        for one in found.get_records(ProvActivity)
    }
    assert set(activities) == {path.as_posix() for path in statements}
    made = {(str(one.args[1]), str(one.args[0])) for one in found.get_records(ProvGeneration)}
    for path, stated in statements.items():
        activity = activities[path.as_posix()]
        assert activity.get_startTime() == stated.started
        for output in stated.subject:
            entity = f"lowd:{output.digests.sha256}/{quote(output.name)}"
            assert (str(activity.identifier), entity) in made
    entities = {str(one.identifier) for one in found.get_records(ProvEntity)}
    for derivation in found.get_records(ProvDerivation):
        assert {str(one) for one in derivation.args[:2]} <= entities


def test_a_crate_has_every_job_with_what_it_read_and_made():
    Path("Snakefile").touch()
    export("crate")
    found = ROCrate(".")
    statements = read_statements()
    actions = {one.id: one for one in found.get_by_type("CreateAction")}
    assert len(actions) == len(statements) + 1
    for stated in statements.values():
        action = actions[f"#{stated.predicate.run_details.metadata.invocation_id}"]
        assert action["instrument"].id == f"#lowd-{stated.step}"
        results = {one.id.rstrip("/"): one for one in action["result"]}
        assert set(results) == {quote(output.name) for output in stated.subject}
        for output in stated.subject:
            assert results[quote(output.name)]["sha256"] == output.digests.sha256
    assert len(found.get_by_type("ControlAction")) == len(statements)
    for entity in found.data_entities:
        assert Path(unquote(entity.id)).exists()


@pytest.mark.parametrize("profile", ["workflow-run-crate", "provenance-run-crate"])
def test_the_crate_is_valid(profile):
    Path("Snakefile").touch()
    export("crate")
    assert crate_issues(".", profile) == ""


def test_a_crate_is_valid_where_data_are_not():
    Path("Snakefile").touch()
    shutil.rmtree("data")
    export("crate")
    found = ROCrate(".")
    assert {one.id for one in found.data_entities if one.id.startswith("data")} == set()
    trained = read_statements()[Path("provenance/s/train-large.json")].subject[0]
    assert found.get(f"#{trained.name}")["sha256"] == trained.digests.sha256
    assert crate_issues(".", "provenance-run-crate") == ""


def test_a_study_without_statements_is_refused():
    result = CliRunner().invoke(app, ["export", "prov", "elsewhere"])
    assert result.exit_code == 1 and "no statements in provenance/elsewhere" in result.stderr
