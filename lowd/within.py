"""Settings of some kind, at whatever depth inside others."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from lowd.base import Settings

Kind = TypeVar("Kind", bound=Settings)


def settings_within(settings: object, kind: "type[Kind] | Any") -> Iterator[Kind]:
    """Those of a kind, a class or a union of classes, that settings declare; nothing inside these.

    Args:
        settings: settings, or what holds some.
        kind: what to look for.
    """
    if isinstance(settings, kind):
        yield settings
    elif isinstance(settings, Settings):
        for name in type(settings).model_fields:
            yield from settings_within(getattr(settings, name), kind)
    elif isinstance(settings, Mapping):
        for each in settings.values():
            yield from settings_within(each, kind)
    elif isinstance(settings, list | tuple):
        for each in settings:
            yield from settings_within(each, kind)
