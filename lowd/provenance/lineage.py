"""The lineage id: what a result was made from, whenever and wherever that was."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from lowd.provenance.digests import Digests


def lineage_id(
    step: str, settings: Mapping[str, Any], inputs: Mapping[str, Sequence[Digests]], code: str
) -> str:
    """SHA-256 of canonical JSON of a step, its settings, its inputs' content and its code.

    Canonical is what Python's json writes with sorted keys, no spaces and ASCII only.

    Args:
        step: the step's name.
        settings: as JSON values.
        inputs: by role, in the order given to the step; their names and places do not count, nor
            do roles that nothing was given for.
        code: `code_digest` of the step.
    """
    content = {
        "step": step,
        "settings": settings,
        "inputs": {role: [one.sha256 for one in all_] for role, all_ in inputs.items() if all_},
        "code": code,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
