"""`vary`: a family of studies, one for each combination of values."""

import math
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from lowd.written.entry import VARY, Entry

LARGEST = 1000
"""Studies in a family."""


def family(entry: Entry) -> dict[str, dict[str, Any]]:
    """By the name of each member what it has in place of the settings that all share.

    The first key of `vary` changes slowest. Several keys, with commas between them, vary together.
    A name is the family's with each value, or with the label that a mapping gives it.

    Raises:
        ValueError: the key and the reason, if values can't be told apart by name, are not as many
            as their keys, or would make more than LARGEST studies.
    """
    vary = entry.settings[VARY]
    if not isinstance(vary, Mapping) or not vary:
        raise ValueError(f"{entry.key(VARY)}: give keys with their values, `teacher.rank: [2, 4]`")
    choices = [dict(_choices(entry, str(keys), values)) for keys, values in vary.items()]
    if (count := math.prod(map(len, choices))) > LARGEST:
        raise ValueError(f"{entry.key(VARY)}: {count} studies, more than {LARGEST}; vary fewer")
    members: dict[str, dict[str, Any]] = {}
    for combination in product(*(each.items() for each in choices)):
        name = "-".join((entry.name, *(label for label, _ in combination)))
        if name in members:
            raise ValueError(f"{entry.key(VARY)}: two combinations are both {name}; label values")
        members[name] = {key: value for _, values in combination for key, value in values.items()}
    return members


def nested(key: str, value: Any) -> Any:
    """A setting whose key has dots, as mappings in mappings."""
    for word in reversed(key.split(".")):
        value = {word: value}
    return value


def _choices(entry: Entry, together: str, values: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Label and settings of each choice of what is varied together."""
    key = entry.key(f"{VARY}.{together}")
    keys = [word.strip() for word in together.split(",")]
    if not isinstance(values, list | Mapping) or not values:
        raise ValueError(f"{key}: give a list of values, or a mapping of labels to values")
    labelled = values.items() if isinstance(values, Mapping) else [("", each) for each in values]
    seen: dict[str, Any] = {}
    for label, value in labelled:
        each = [value] if len(keys) == 1 else value
        if not isinstance(each, list) or len(each) != len(keys):
            raise ValueError(f"{key}: {value!r} is not a list of {len(keys)} values, one a key")
        label = label or _label(each[0], key)
        if label in seen:
            raise ValueError(
                f"{key}: {seen[label]!r} and {value!r} both give the name "
                f"{entry.name}-{label}; leave one out, or label them: {{a: …, b: …}}"
            )
        seen[label] = value
        yield label, dict(zip(keys, each, strict=True))


def _label(value: Any, key: str) -> str:
    """A value as it may stand in a name: letters, digits and dashes."""
    text = "-".join(map(str, value)) if isinstance(value, list) else str(value)
    label = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
    if isinstance(value, Mapping) or not label:
        raise ValueError(f"{key}: {value!r} makes no name; label values: {{a: …, b: …}}")
    return label
