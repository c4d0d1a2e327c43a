"""Settings from YAML, and what is wrong with them in the user's own words."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from lowd.base import Settings
from lowd.yaml_versions import read_alike

Validated = TypeVar("Validated", bound=Settings)


def parse_settings(model: type[Validated], text: str, source: str) -> Validated:
    """Settings from YAML, which JSON is too; nothing is converted, so that `yes` is no number.

    Args:
        model: the settings expected.
        text: YAML.
        source: what to call the text in errors.

    Raises:
        ValueError: one line for each setting refused, with its key and the reason.
    """
    raw = _load(text, source)
    try:
        # By way of JSON, whose arrays may be tuples.
        return model.model_validate_json(json.dumps(raw, default=str), strict=True)
    except ValidationError as error:
        raise ValueError("\n".join(_explain(error, raw, source))) from None


def _load(text: str, source: str) -> Any:
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


# What pydantic calls an extra input is to the user a word misspelt.
PLAIN = {"extra_forbidden": "no such setting", "missing": "required"}


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


def _explain(error: ValidationError, raw: object, source: str) -> Iterator[str]:
    """One line for each thing refused: `studies.digits.samples[3]: why`."""
    for issue in error.errors():
        path, value = "", raw
        for position, key in enumerate(issue["loc"]):
            last = position == len(issue["loc"]) - 1
            if isinstance(key, int):
                path += f"[{key}]"
                value = value[key] if isinstance(value, list) and key < len(value) else None
            elif isinstance(value, Mapping) and (
                key in value or (last and issue["type"] == "missing")
            ):
                path += f".{key}"
                value = value.get(key)
            elif key == "[key]":
                path += " (name)"
            # Anything else is the tag of a union, which the user did not write.
        message = PLAIN.get(issue["type"], issue["msg"].removeprefix("Value error, "))
        if issue["type"] == "union_tag_invalid":
            message = f"{issue['ctx']['tag']!r} is none of {issue['ctx']['expected_tags']}"
        path = path.removeprefix(".")
        if issue["type"] == "value_error" and _names_key(message):
            yield f"{path}.{message}".removeprefix(".")
        else:
            shown = f" (got {issue['input']!r})" if _scalar(issue["input"]) else ""
            yield f"{path or source}: {message}{shown}"


def _names_key(message: str) -> bool:
    """Whether a check's own message starts with the key, relative to where it was raised."""
    head = message.split(": ")[0]
    return ": " in message and " " not in head


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
