"""Features that were computed before, found by the content of what they were computed from."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lowd.provenance.code import code_digest
from lowd.store.atomic import staged

Rows = Float[np.ndarray, "..."]


def cached(module: str, identity: str, compute: Callable[[], Rows]) -> Rows:
    """What was computed before under the same identity by the same code, or what `compute` gives.

    The folder, `features` in lowd's cache (`~/.cache/lowd` or as the platform has it), may be
    deleted at any time. If it can't be written, nothing is kept.

    Args:
        module: whose code, with all that it imports from lowd, counts.
        identity: all else that decides the result.
        compute: takes the time.
    """
    from filelock import FileLock

    key = hashlib.sha256(f"{code_digest([module])} {identity}".encode()).hexdigest()
    path = folder() / f"{key}.npy"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{path}.lock"):
            if (kept := _kept(path)) is not None:
                return kept
            made = compute()
            with staged(path) as draft:
                np.save(draft, made)
            return made
    except PermissionError:
        return compute()


def folder() -> Path:
    """Where features are kept."""
    import pooch

    return Path(pooch.os_cache("lowd")) / "features"


def _kept(path: Path) -> Rows | None:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, or damaged: as good as none
        return None
