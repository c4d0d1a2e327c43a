"""`extends`: settings of one study with some of another's own."""

from collections.abc import Mapping
from typing import Any

KINDS = ("kind", "architecture", "source")
"""The words that say which settings a mapping has."""
ONE_OF = ("threshold",)
"""Settings with one key, which says how they are meant."""


def merged(base: Any, own: Any, key: str = "") -> Any:
    """A setting of a base with what a study writes instead.

    Mappings are merged key by key, however deep, and `null` takes a key away. All else replaces
    what the base has: numbers, texts and lists, and a mapping of another kind, architecture or
    source, of whose keys none would fit.

    Args:
        base: as the base has it.
        own: as it is written.
        key: the key that both stand in.
    """
    if not isinstance(own, Mapping):
        return own
    if not isinstance(base, Mapping) or key in ONE_OF or _is_of_another_kind(base, own):
        base = {}
    found = dict(base)
    for inner, value in own.items():
        if value is None:
            found.pop(inner, None)
        else:
            found[inner] = merged(base.get(inner), value, inner)
    return found


def _is_of_another_kind(base: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    return any(word in base and word in own and base[word] != own[word] for word in KINDS)
