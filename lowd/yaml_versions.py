"""Scalars that YAML 1.1 and YAML 1.2 read alike: lowd and DVC have different libraries."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

PLAIN = (bool, int, float, str, type(None))
"""Types that both versions have."""
TAGS = {"bool", "float", "int", "map", "merge", "null", "seq", "str", "timestamp"}
"""Tags of values that settings can have, and of dates: those with a time are read in two ways."""
LARGEST = 1_000_000
"""Values that anchors may come to."""
NULL = re.compile("null|Null|NULL|~|")
BOOL = re.compile("(true|True|TRUE)|false|False|FALSE")
INT = re.compile(r"[-+]?\d+|0o([0-7]+)|0x([0-9a-fA-F]+)")
FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def read_alike(loader: yaml.SafeLoader, root: yaml.Node) -> None:
    """Raise ValueError, with the key, if a scalar means something else in YAML 1.2.

    Args:
        loader: reads YAML 1.1.
        root: what it has composed.

    Raises:
        ValueError: that; or a value is inside itself, or of a type that no setting has; or anchors
            come to more than LARGEST values.
    """
    for key, node in _scalars(root, "", [], {}):
        try:
            first = loader.construct_object(node)
        except (AttributeError, LookupError, ValueError):
            raise ValueError(
                f"{key}: {node.value!r} can't be read as {node.tag}; quote it, and remove any tag"
            ) from None
        if node.style is not None:  # quoted, so text
            continue
        second = core_schema(node.value)
        if str(first) != str(second) or isinstance(first, bool) != isinstance(second, bool):
            remedy = f"write {first!r}, or quote it" if isinstance(first, PLAIN) else "quote it"
            raise ValueError(
                f"{key}: {node.value} is {first!r} in YAML 1.1 and {second!r} in YAML 1.2, which "
                f"DVC reads; {remedy} as text"
            )


def core_schema(text: str) -> Any:
    """A plain scalar as YAML 1.2 reads it (yaml.org/spec/1.2.2, section 10.3.2)."""
    if NULL.fullmatch(text):
        return None
    if found := BOOL.fullmatch(text):
        return bool(found[1])
    if found := INT.fullmatch(text):
        return int(found[1], 8) if found[1] else int(found[2], 16) if found[2] else int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    if found := SPECIAL.fullmatch(text):
        return float("nan" if found[3] else f"{found[1]}inf")
    return text


def _scalars(
    node: yaml.Node, key: str, around: list[yaml.Node], sizes: dict[int, int]
) -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Every scalar and key, with where it stands; an anchor's once. Counts values on the way."""
    if any(node is outer for outer in around):
        raise ValueError(f"{key}: refers to itself; write it out")
    if node.tag.rpartition(":")[2] not in TAGS:
        raise ValueError(f"{key}: no setting is of type {node.tag}; quote it, or remove the tag")
    if id(node) in sizes:
        return
    if isinstance(node, yaml.ScalarNode):
        sizes[id(node)] = 1
        yield key, node
        return
    inner: list[tuple[str, yaml.Node]] = []
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            inner.append((f"{key}.{name.value}".removeprefix("."), value))
            if isinstance(name, yaml.ScalarNode) and name.tag != "tag:yaml.org,2002:merge":
                yield f"{inner[-1][0]} (name)", name
    else:
        inner = [(f"{key}[{at}]", value) for at, value in enumerate(node.value)]
    for place, value in inner:
        yield from _scalars(value, place, [*around, node], sizes)
    sizes[id(node)] = 1 + sum(sizes[id(value)] for _, value in inner)
    if sizes[id(node)] > LARGEST:
        raise ValueError(f"{key}: anchors come to more than {LARGEST} values; write fewer")
