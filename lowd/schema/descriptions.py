"""What each setting means: the `Attributes:` of the docstring of its class, or of a class above."""

import inspect
import re
from typing import Literal, get_args, get_origin

from lowd.base import Settings

SECTION = re.compile(r"^Attributes:\n((?: {4}.*\n?|\n)+)", re.M)
ENTRY = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.M)


def described(settings: type[Settings]) -> dict[str, str]:
    """By the name of each key what is said of it, in one line.

    A key that can have but one value, which tells kinds of settings apart, says what kind this is.
    """
    found: dict[str, str] = {}
    for each in reversed(settings.__mro__):
        for section in SECTION.findall(_docstring(each)):
            found |= {key: " ".join(text.split()) for key, text in ENTRY.findall(section)}
    for key, field in settings.model_fields.items():
        words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        if len(words) == 1 and key not in found:
            found[key] = f"`{words[0]}`: {summary(settings).split('.')[0]}."
    return {key: found[key] for key in settings.model_fields if key in found}


def summary(settings: type[Settings]) -> str:
    """What is said of the settings as a whole."""
    return SECTION.sub("", _docstring(settings)).strip()


def _docstring(each: type) -> str:
    return inspect.cleandoc(each.__dict__.get("__doc__") or "")
