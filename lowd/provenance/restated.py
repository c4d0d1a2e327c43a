"""Code digests of the first kind, and what the same code has for a digest now.

Statements made before state a digest that counts where modules lie and all that stands in them. A
statement is what a run has written, and stays so. Beside them, provenance/restated.jsonl has a line
for each such digest: the modules that it was taken of, with digests as they are taken now, and the
commit whose files both were taken of.
"""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

RESTATED = Path("provenance/restated.jsonl")


class Restated(BaseModel):
    """One digest of the first kind.

    Attributes:
        code: the digest.
        modules: digests as they are taken now, by the names that modules had.
        commit: where both were taken.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    modules: dict[str, str]
    commit: str


def restated(code: str) -> dict[str, str]:
    """The modules that a digest of the first kind was taken of; none if it is not restated.

    Raises:
        ValueError: provenance/restated.jsonl is damaged.
    """
    try:
        found = _read(RESTATED.resolve(), RESTATED.stat().st_mtime_ns)
    except FileNotFoundError:
        return {}
    return found[code].modules if code in found else {}


@cache
def _read(path: Path, changed: int) -> dict[str, Restated]:
    try:
        found = [Restated.model_validate_json(line) for line in path.read_text().splitlines()]
    except (ValidationError, UnicodeDecodeError) as error:
        raise ValueError(f"{RESTATED}: damaged; take it from git again: {error}") from None
    return {each.code: each for each in found}
