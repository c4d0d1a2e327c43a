"""docs/settings.md: every key, made of the schema."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lowd.schema.build import described_schema
from lowd.written.entry import EXTENDS, VARY

HEAD = """# Every setting

This page is made from the settings' own docstrings, by `python -m lowd.schema`;
[studies.md](studies.md) says what they are for. `workflow/schemas/` has the same for editors: the
first line of `params.yaml`, and of a file in `studies/`, names it, and editors with a YAML language
server complete keys and explain them. What has a dash for a default has to be given.

Every study and finding may also have:

"""
WORDS = ("kind", "figure", "architecture", "source")
Schema = dict[str, Any]


def page() -> str:
    """The page, in Markdown."""
    schema = described_schema()
    titles = _titles(schema)
    sections = [HEAD + _table(schema["$defs"]["Transition"], titles, (EXTENDS, VARY))]
    for name, title in titles.items():
        place = schema["$defs"][name] if name else schema
        said = " ".join(place["description"].split())
        sections.append(f"## {title}\n\n{said}\n\n{_table(place, titles)}")
    return "\n".join(sections)


def _titles(schema: Schema) -> dict[str, str]:
    """A title for every mapping, in the order in which a reader of params.yaml meets them."""
    titles = {"": "params.yaml"}
    pending = [("", "")]
    while pending:
        name, around = pending.pop(0)
        inner = []
        for key, place in _properties(schema, name).items():
            others = list(_references(place))
            for other in sorted(others, key=lambda each: not _is_unsaid(schema["$defs"][each])):
                if other not in titles:
                    title = _title(schema["$defs"][other], key, is_one_of=len(others) > 1)
                    is_taken = title in titles.values()
                    titles[other] = f"{around or titles[name]}.{title}" if is_taken else title
                    inner.append((other, key if name else ""))
        # All of one mapping before the next: a study's parts stand below it.
        pending = inner + pending
    return titles


def _title(place: Schema, key: str, is_one_of: bool) -> str:
    for word in WORDS:
        if "const" in (told := place["properties"].get(word, {})):
            return f"{key}: {word} {told['const']}"
    return f"{key}: {next(iter(place['properties']))}" if is_one_of else key


def _is_unsaid(place: Schema) -> bool:
    """Whether it is meant where no word says which of several is."""
    return any("default" in place["properties"].get(word, {}) for word in WORDS)


def _properties(schema: Schema, name: str) -> dict[str, Schema]:
    place = schema["$defs"][name] if name else schema
    return {k: each for k, each in place["properties"].items() if k not in (EXTENDS, VARY)}


def _references(place: Any) -> Iterator[str]:
    if isinstance(place, dict):
        if "$ref" in place:
            yield place["$ref"].rsplit("/", 1)[-1]
        for key, each in place.items():
            if key != "discriminator":
                yield from _references(each)
    elif isinstance(place, list):
        for each in place:
            yield from _references(each)


def _table(place: Schema, titles: dict[str, str], keys: tuple[str, ...] = ()) -> str:
    """Its keys; what says of others where they come from is said once, above."""
    inherited = (EXTENDS, VARY)
    lines = ["| key | is | meaning | default |", "|---|---|---|---|"]
    for key, each in place["properties"].items():
        if key in keys or (not keys and key not in inherited):
            is_required = key in place.get("required", ()) or "default" not in each
            default = "–" if is_required else f"`{json.dumps(each['default'], ensure_ascii=False)}`"
            said = "says which keys there are" if "const" in each else each["description"]
            cells = (f"`{key}`", _form(each, titles), said, default)
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _form(place: Schema, titles: dict[str, str]) -> str:
    """What a value has to be."""
    if "$ref" in place:
        title = titles[place["$ref"].rsplit("/", 1)[-1]]
        return f"[{title.split(' ')[-1]}](#{_slug(title)})"
    if inner := place.get("oneOf") or place.get("anyOf"):
        forms = [_form(each, titles) for each in inner if each.get("type") != "null"]
        return ", ".join(dict.fromkeys(forms))
    if "const" in place:
        return f"`{place['const']}`"
    if "enum" in place:
        return ", ".join(f"`{word}`" for word in place["enum"])
    if named := place.get("patternProperties") or place.get("additionalProperties"):
        inner = named if "patternProperties" not in place else next(iter(named.values()))
        return f"name → {_form(inner, titles)}" if isinstance(inner, dict) else "mapping"
    if place.get("type") == "array":
        return _array(place, titles)
    return _scalar(place)


def _array(place: Schema, titles: dict[str, str]) -> str:
    if "prefixItems" in place:
        forms = dict.fromkeys(_form(each, titles) for each in place["prefixItems"])
        return f"list of {len(place['prefixItems'])}: {', '.join(forms)}"
    return f"list of {_form(place['items'], titles)}" if "items" in place else "list"


def _scalar(place: Schema) -> str:
    kind = str(place.get("type", "anything"))
    words = {"object": "mapping", "string": "text", "boolean": "`true`, `false`"}
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    told = [f"{sign} {place[b]:g}" for b, sign in bounds.items() if abs(place.get(b, 1e9)) < 1e9]
    return f"{words.get(kind, kind)} {', '.join(told)}".strip()


def _slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
