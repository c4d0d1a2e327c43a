"""Settings from YAML, and what is wrong with them in the user's own words."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from lowd.base import Settings
from lowd.misspelt import keys, kind_words, meant, places
from lowd.renamed import RENAMED
from lowd.yaml_versions import read_alike

Validated = TypeVar("Validated", bound=Settings)
Place = list[str | int]
"""Keys and indices, from the outermost."""


def parse_settings(model: type[Validated], text: str, source: str) -> Validated:
    """Settings from YAML, which JSON is too; nothing is converted, so that `yes` is no number.

    Args:
        model: the settings expected.
        text: YAML.
        source: what to call the text in errors.

    Raises:
        ValueError: one line for each setting refused, with its key and the reason.
    """
    return validated(model, read_yaml(text, source), source)


def validated(model: type[Validated], raw: Any, source: str) -> Validated:
    """Settings from what YAML or JSON has been read as; as `parse_settings`."""
    try:
        # By way of JSON, whose arrays may be tuples.
        return model.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        lines = _explain(error, raw, source, model.model_json_schema())
        raise ValueError("\n".join(dict.fromkeys(lines))) from None


def text_of(path: Path, source: str) -> str:
    """What stands in a file.

    Raises:
        OSError: it can't be read.
        ValueError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source}: not UTF-8 ({error}); save it as that") from None


def read_yaml(text: str, source: str) -> Any:
    """What stands in YAML, of which both versions have to have the same idea.

    Raises:
        ValueError: it is no YAML, or such as is read in two ways.
    """
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        read_alike(loader, root)
        return loader.construct_document(root)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).replace('in "<unicode string>",', "at").split())
        raise ValueError(f"{source}: not YAML ({reason})") from None
    except RecursionError:
        raise ValueError(f"{source}: nested too deeply to be settings") from None


class _Loader(yaml.SafeLoader):
    """YAML without its traps: 1e-3 is a number, and of two equal keys the last does not win."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if key.tag not in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"):
                reason = f"key {key.value!r} is not text: quote it"
            elif key.value in seen:
                reason = f"key {key.value!r} stands twice"
            else:
                seen.add(key.value)
                continue
            raise yaml.composer.ComposerError(None, None, reason, key.start_mark)
        return node


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)


def _explain(
    error: ValidationError, raw: object, source: str, schema: dict[str, Any]
) -> Iterator[str]:
    """One line for each thing refused: `studies.digits.samples[3]: why`."""
    issues = error.errors()
    renamed = _renamed(issues)
    for issue in issues:
        if issue["type"] == "missing" and issue["loc"] in renamed:
            continue  # It is there, by its old name.
        path, value = _written(issue, raw)
        key = _dotted(path) + " (name)" * ("[key]" in issue["loc"])
        message = issue["msg"].removeprefix("Value error, ")
        near = ""
        match issue["type"]:
            case "missing":
                message = "required"
            case "extra_forbidden" if name := RENAMED.get(issue["loc"][-2:]):
                yield f"{key}: is now {name}"
                continue
            case "extra_forbidden":
                known = keys(places(schema, issue["loc"][:-1]))
                message, near = "no such setting", meant(str(path[-1]), known)
                if path[-1] in known:
                    message, near = "belongs to another kind than the other keys", "; remove one"
                elif not near and known:
                    near = f"; there are {', '.join(known)}"
            case "literal_error":
                near = meant(str(issue["input"]), _quoted(issue["ctx"]["expected"]))
            case "union_tag_invalid" | "union_tag_not_found":
                message = "Input should be an object"
                if isinstance(value, Mapping):
                    key, message, near = _untagged(key, value, places(schema, issue["loc"]))
        if issue["type"] == "value_error" and _names_key(message):
            yield f"{key}.{message}".removeprefix(".")
        else:
            shown = f" (got {issue['input']!r})" if _scalar(issue["input"]) else ""
            yield f"{key or source}: {message}{shown}{near}"


def _renamed(issues: list[Any]) -> set[tuple[str | int, ...]]:
    """Where settings are missing of which the old name is there."""
    every = (issue["loc"] for issue in issues if issue["type"] == "extra_forbidden")
    return {(*loc[:-1], RENAMED[loc[-2:]]) for loc in every if loc[-2:] in RENAMED}


def _written(issue: Any, raw: object) -> tuple[Place, Any]:
    """Where the user wrote what is refused, and what stands there."""
    path: Place = []
    value = raw
    for position, key in enumerate(issue["loc"]):
        last = position == len(issue["loc"]) - 1
        if isinstance(key, int):
            path.append(key)
            value = value[key] if isinstance(value, list) and key < len(value) else None
        elif isinstance(value, Mapping) and (key in value or (last and issue["type"] == "missing")):
            path.append(key)
            value = value.get(key)
        # Anything else is the tag of a union, which the user did not write.
    return path, value


def _dotted(path: Place) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")


def _untagged(key: str, value: Any, found: list[dict[str, Any]]) -> tuple[str, str, str]:
    """Of a mapping of no kind that there is: its key, what is wrong, and what may be meant."""
    tags = dict.fromkeys(pair for place in found for pair in kind_words(place).items())
    words, kinds = {word for word, _ in tags}, [kind for _, kind in tags]
    told = ", ".join(map(repr, kinds))
    for word in words & set(value):
        return key, f"{value[word]!r} is none of {told}", meant(str(value[word]), kinds)
    for written in value:
        if near := meant(written, words):
            return f"{key}.{written}", f"no such setting (got {value[written]!r})", near
    return f"{key}.{' or '.join(sorted(words))}", f"required, one of {told}", ""


def _quoted(text: str) -> list[str]:
    return re.findall("'([^']+)'", text)


def _names_key(message: str) -> bool:
    """Whether a check's own message starts with the key, relative to where it was raised."""
    head = message.split(": ")[0]
    return ": " in message and " " not in head


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
