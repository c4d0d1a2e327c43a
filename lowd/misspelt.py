"""What a misspelt word was meant to be, of those that a schema has at its place."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from typing import Any

NEAR = 0.5
"""Least share of letters in common, by difflib's ratio: `ta` is still near to `at`."""


def meant(word: str, words: Iterable[str], share: float = NEAR) -> str:
    """`; did you mean steps?`, with the nearest of the words; nothing if none has that share."""
    nearest = get_close_matches(word, list(words), n=1, cutoff=share)
    return f"; did you mean {nearest[0]}?" if nearest else ""


def places(schema: dict[str, Any], location: Sequence[str | int]) -> list[dict[str, Any]]:
    """The alternatives that a JSON schema has for what stands at a location.

    Args:
        schema: with its definitions.
        location: keys, indices and tags of unions, as in pydantic's errors.
    """
    found = list(_alternatives(schema, schema))
    for step in location:
        # The tag of a union stands in one key of the right alternative. It may be a key's name too.
        tagged = [place for place in found if step in kind_words(place).values()]
        inner = [one for place in found if (one := _inner(place, step)) is not None]
        if tagged and len(found) > 1:
            found = tagged
        elif inner:
            found = [each for one in inner for each in _alternatives(schema, one)]
    return found


def keys(found: Iterable[dict[str, Any]]) -> list[str]:
    """The keys that any of these alternatives has."""
    return list(dict.fromkeys(key for place in found for key in place.get("properties", ())))


def kind_words(place: dict[str, Any]) -> dict[str, str]:
    """The keys of an alternative that can have but one value, which tells it from others."""
    properties = place.get("properties", {})
    return {key: value["const"] for key, value in properties.items() if "const" in value}


def _alternatives(schema: dict[str, Any], place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in place:
        yield from _alternatives(schema, schema["$defs"][place["$ref"].rsplit("/", 1)[-1]])
    elif inner := place.get("oneOf") or place.get("anyOf"):
        for each in inner:
            yield from _alternatives(schema, each)
    else:
        yield place


def _inner(place: dict[str, Any], step: str | int) -> dict[str, Any] | None:
    """The schema of one key or item; nothing if there is none."""
    if isinstance(step, int):
        prefix = place.get("prefixItems", [])
        return prefix[step] if step < len(prefix) else place.get("items")
    named = [*place.get("patternProperties", {}).values(), place.get("additionalProperties")]
    return place.get("properties", {}).get(step) or next(
        (each for each in named if isinstance(each, dict)), None
    )
