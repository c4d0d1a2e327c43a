"""Loading files without running what pickles in them say."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_depth = 0
_hooks: list[Any] = []


@contextmanager
def without_pickles() -> Iterator[None]:
    """Refuse every class or function that a pickle names meanwhile, whoever loads it.

    `torch.export.load` opens as a pickle what its own formats fail at. Plain tensors name nothing
    that Python would look up. Loaders that fail print tracebacks to the log, which are kept back.

    Raises:
        RuntimeError: inside, where a pickle names something.
    """
    global _depth
    if not _hooks:  # an audit hook stays for good
        sys.addaudithook(_refuse)
        _hooks.append(_refuse)
    quiet = logging.root.manager.disable
    logging.disable(logging.WARNING)
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        logging.disable(quiet)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _depth and event == "pickle.find_class":
        raise RuntimeError(f"a pickle that names {'.'.join(map(str, arguments))}")
