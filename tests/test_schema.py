"""The schema for editors and the page of settings: whole, up to date, and true of params.yaml."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from lowd.base import Settings
from lowd.schema.__main__ import files
from lowd.schema.build import described_schema, params_schema, study_schema
from lowd.schema.descriptions import described, summary
from lowd.schema.page import page

ROOT = Path(__file__).parents[1]
SCHEMA = described_schema()
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
KEYS = [
    (name, key)
    for name, place in {"": SCHEMA, **SCHEMA["$defs"]}.items()
    for key in place["properties"]
]


def refused(schema, settings):
    validator = jsonschema.Draft7Validator(schema)
    return [error.message for error in validator.iter_errors(settings)]


@pytest.mark.parametrize("name", ["", *SCHEMA["$defs"]])
def test_every_key_has_a_description_and_a_default_unless_it_has_to_be_given(name):
    place = SCHEMA["$defs"][name] if name else SCHEMA
    assert place["description"]
    for key, each in place["properties"].items():
        assert each["description"], f"{name}.{key}: say what it is in its class's Attributes"
        if key not in ("extends", "vary"):
            assert ("default" in each) != (key in place.get("required", ())), f"{name}.{key}"


def test_no_class_explains_a_key_that_it_lacks():
    """A typo in a docstring would leave the key that it means without."""
    seen = set()

    def walk(one):
        for each in one.__subclasses__():
            walk(each)
            seen.add(each)

    walk(Settings)
    section = re.compile(r"^ {4}Attributes:\n((?: {8}.*\n|\n)+)", re.M)
    for each in seen:
        if each.__module__.startswith("lowd."):
            for text in section.findall(each.__dict__.get("__doc__") or ""):
                keys = set(re.findall(r"^ {8}(\w+):", text, re.M))
                attributes = {
                    key for one in each.__mro__ for key in getattr(one, "__annotations__", {})
                }
                assert keys <= attributes, each


@pytest.mark.parametrize("path", files())
def test_what_is_made_of_the_settings_is_up_to_date(path):
    assert (ROOT / path).read_text() == files()[path], (
        "settings have changed: python -m lowd.schema"
    )


def test_what_is_written_here_is_right_by_the_schema():
    assert refused(params_schema(), PARAMS) == []
    declared = json.loads((ROOT / "declared.json").read_text())["declared"]
    assert refused(params_schema(), declared) == []
    for room in ("studies", "findings"):
        for settings in PARAMS[room].values():
            assert refused(study_schema(), settings) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"extends": "molrg", "seeds": 3},
        {"extends": "molrg", "training": {"step": 3}},
        {"extends": "molrg", "training": {"steps": "many"}},
        {"extends": "molrg", "teacher": {"kind": "molrk"}},
        {"extends": ["molrg"]},
        {"vary": [1, 2]},
        {"threshold": 1.5},
    ],
)
def test_what_is_wrong_is_wrong_by_the_schema_too(settings):
    assert refused(study_schema(), settings)
    assert refused(params_schema(), {"studies": {"x": settings}})


def test_first_lines_name_the_schema():
    for path in (ROOT / "params.yaml", *(ROOT / "studies").glob("*.yaml")):
        named = re.match(r"# yaml-language-server: \$schema=(.*)\n", path.read_text())
        assert (path.parent / named[1]).resolve().is_file()


def test_every_link_of_the_page_leads_to_one_section():
    text = page()
    titles = [
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall("^## (.*)", text, re.M)
    ]
    assert len(set(titles)) == len(titles) == len(SCHEMA["$defs"]) + 1
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) | {"paramsyaml"} == set(titles)


def test_the_page_has_every_key_with_what_is_said_of_it():
    text = page()
    for name, key in KEYS:
        place = (SCHEMA["$defs"][name] if name else SCHEMA)["properties"][key]
        said = "says which" if "const" in place else place["description"].replace("|", "\\|")
        assert re.search(rf"^\| `{key}` \| .*{re.escape(said)}", text, re.M), (name, key)


def test_descriptions_are_of_the_class_or_of_one_above():
    class Base(Settings):
        """A base.

        Attributes:
            a: of the base,
                on two lines.
            b: said anew below.
        """

        a: int
        b: int

    class Own(Base):
        """One of its own. With more.

        Attributes:
            b: here.
        """

        b: int = 3

    assert described(Own) == {"a": "of the base, on two lines.", "b": "here."}
    assert summary(Own) == "One of its own. With more."
