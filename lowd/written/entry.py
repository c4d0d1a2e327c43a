"""A study as it is written, and where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lowd.misspelt import meant

EXTENDS, VARY = "extends", "vary"
SURE = 0.75
"""Least share of letters in common with one of these, by difflib's ratio, of no setting's own."""


@dataclass(frozen=True)
class Entry:
    """A study, a finding or a family of either.

    Attributes:
        name: the key in params.yaml, or the file's name.
        room: `studies` or `findings` of params.yaml; nothing if in a file, where its kind tells.
        file: the file of its own; nothing if it is in params.yaml.
        settings: as written.
    """

    name: str
    room: str
    file: str
    settings: Mapping[str, Any]

    def key(self, inner: str = "") -> str:
        """How an error names it, or a key in it."""
        if self.file:
            return f"{self.file}: {inner}" if inner else self.file
        return f"{self.room}.{self.name}.{inner}".rstrip(".")

    @property
    def base(self) -> str:
        """The study that it extends; nothing if it extends none.

        Raises:
            ValueError: that is no name.
        """
        self._check_words()
        base = self.settings.get(EXTENDS, "")
        if not isinstance(base, str):
            raise ValueError(f"{self.key(EXTENDS)}: {base!r} is not the name of one study")
        return base

    def _check_words(self) -> None:
        """Raise ValueError if a key is one of these two, misspelt."""
        for key in self.settings.keys() - {EXTENDS, VARY}:
            if near := meant(key, (EXTENDS, VARY), SURE):
                raise ValueError(f"{self.key(key)}: no such setting{near}")

    @property
    def own(self) -> dict[str, Any]:
        """Its settings, without what says where others come from."""
        return {key: value for key, value in self.settings.items() if key not in (EXTENDS, VARY)}
