import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lowd.base import Settings
from lowd.parsing import parse_settings
from lowd.yaml_versions import core_schema


class Loose(Settings):
    a: object = None


def refusal(text):
    with pytest.raises(ValueError, match=r"\S") as refused:
        parse_settings(Loose, text, "params.yaml")
    (line,) = str(refused.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("written", "first", "second"),
    [
        ("yes", True, "'yes'"),
        ("Off", False, "'Off'"),
        ("017", 15, 17),
        ("0o17", "'0o17'", 15),
        ("1_000", 1000, "'1_000'"),
        ("0b11", 3, "'0b11'"),
        ("1:30", 90, "'1:30'"),
        ("+.5", "'+.5'", 0.5),
    ],
)
def test_a_scalar_that_versions_of_yaml_read_differently_is_refused_by_its_key(
    written, first, second
):
    line = refusal(f"a: [{{b: {written}}}]")
    assert line.startswith(f"a[0].b: {written} is {first} in YAML 1.1 and {second} in YAML 1.2")
    assert parse_settings(Loose, f"a: '{written}'", "params.yaml").a == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1e-3", 0.001), ("1E5", 1e5), (".5", 0.5), ("1.", 1.0), ("-0.25", -0.25), ("3", 3)),
        *(
            ("0x1F", 31),
            ("true", True),
            ("~", None),
            ("word", "word"),
            ("2026-01-02", "2026-01-02"),
        ),
    ],
)
def test_a_scalar_that_all_read_alike_is_taken(written, value):
    assert parse_settings(Loose, f"a: {written}", "params.yaml").a == value


@given(st.text("0123456789abcdefxoE+-._:~", max_size=8))
def test_core_schema_is_ruamels_reading_of_yaml_1_2(text):
    ruamel = pytest.importorskip("ruamel.yaml")
    loaded = ruamel.YAML(typ="safe", pure=True)
    try:
        (theirs,) = loaded.load(f"[{text}]") or [None]
    except Exception:  # not a scalar, or none that stands so
        return
    if not isinstance(theirs, str | int | float | bool | None):
        return
    if isinstance(theirs, str) and theirs != text:
        return
    ours = core_schema(text)
    # ruamel takes 1_000 for a number, as YAML 1.2 does not.
    assert str(ours) == str(theirs) or "_" in text


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2020-01-01T10:00:00Z", "YAML 1.2, which DVC reads; quote it as text"),
        ("!!set {b, c}", "a: no setting is of type tag:yaml.org,2002:set"),
        ("!own b", "a: no setting is of type !own; quote it, or remove the tag"),
        ("2020-13-45", "a: '2020-13-45' can't be read as tag:yaml.org,2002:timestamp; quote it"),
        ("!!bool foo", "a: 'foo' can't be read as tag:yaml.org,2002:bool"),
        ("!!int ''", "a: '' can't be read as tag:yaml.org,2002:int"),
    ],
)
def test_types_that_no_setting_has_are_refused_by_their_key(written, told):
    assert told in refusal(f"a: {written}")


def test_deep_nesting_and_anchors_inside_themselves_get_one_line():
    assert refusal("a: " + "[" * 3000 + "]" * 3000) == (
        "params.yaml: nested too deeply to be settings"
    )
    assert refusal("a: &x [*x]") == "a[0]: refers to itself; write it out"
    bomb = "\n".join([f"x{i}: &x{i} [{', '.join([f'*x{i - 1}'] * 9)}]" for i in range(1, 9)])
    assert "anchors come to more than" in refusal(f"x0: &x0 [lol]\n{bomb}")


def test_anchors_and_merges_are_read():
    text = "a:\n  one: &one {steps: 3}\n  two: {<<: *one, batch: 1}\n  three: *one\n"
    assert parse_settings(Loose, text, "params.yaml").a == yaml.safe_load(text)["a"]


def test_git_changes_no_line_ends(tmp_path):
    root = Path(__file__).parents[1]
    (tmp_path / "origin").mkdir()
    (tmp_path / "origin/.gitattributes").write_bytes((root / ".gitattributes").read_bytes())
    (tmp_path / "origin/a.json").write_bytes(b"{\n}\n")
    (tmp_path / "origin/b.svg").write_bytes(b"<svg>\r\n</svg>\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.autocrlf=true")
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=tmp_path / "origin", check=True)
    clone = ["git", "clone", "-q", "-c", "core.autocrlf=true", "origin", "copy"]
    subprocess.run(clone, cwd=tmp_path, check=True)
    for name in ("a.json", "b.svg"):
        origin, copy = (tmp_path / where / name for where in ("origin", "copy"))
        assert origin.read_bytes() == copy.read_bytes()
