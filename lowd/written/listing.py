"""declared.json: what DVC makes stages of.

DVC can make a stage of each entry in a file, and track one of them, but knows neither bases nor
families nor studies in files of their own.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LIST = Path("declared.json")
NOTE = "by `lowd declare`, of params.yaml and studies/: edit those"


def listing(settings: Mapping[str, Any]) -> str:
    """Studies, findings and comparisons as JSON, with a line for each of their settings.

    JSON, because YAML is read in one way by lowd and in another by DVC.
    """
    rooms = {room: settings.get(room) or {} for room in ("studies", "findings", "across")}
    return _block({"written": NOTE, "declared": rooms}, 4) + "\n"


def _block(value: Any, levels: int, indent: str = "") -> str:
    """A mapping, of which so many levels are broken into lines."""
    if not levels or not isinstance(value, Mapping) or not value:
        return json.dumps(value, ensure_ascii=False, default=str)
    inner = indent + " "
    lines = [f"{inner}{json.dumps(k)}: {_block(v, levels - 1, inner)}" for k, v in value.items()]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
