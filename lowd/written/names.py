"""Studies by name, each with what its bases and its family give it."""

from typing import Any

from lowd.misspelt import meant
from lowd.written.entry import EXTENDS, VARY, Entry
from lowd.written.inheritance import merged
from lowd.written.variation import family, nested


class Names:
    """What is written, by the names that it gives.

    Attributes:
        entries: by the name of each study where it is written.
        families: by name the names of the members.

    Raises:
        ValueError: two have one name, or as `family`.
    """

    def __init__(self, written: list[Entry]) -> None:
        self.entries: dict[str, Entry] = {}
        self.families: dict[str, tuple[str, ...]] = {}
        self._varied: dict[str, dict[str, Any]] = {}
        for entry in written:
            if VARY in entry.settings:
                members = family(entry)
                self._check_free(entry, entry.name)
                self.families[entry.name] = tuple(members)
                self._varied |= members
                for name in members:
                    self._check_free(entry, name, f"{entry.key(VARY)}: makes {name}, but ")
                    self.entries[name] = entry
            else:
                self._check_free(entry, entry.name)
                self.entries[entry.name] = entry

    def _check_free(self, entry: Entry, name: str, makes: str = "") -> None:
        taken = self.families.get(name, (name,))[0]
        if taken in self.entries:
            other = self.entries[taken].key()
            raise ValueError(f"{makes or entry.key() + ': '}{other} has this name; choose another")

    def settings(self, name: str, below: tuple[str, ...] = ()) -> dict[str, Any]:
        """All settings of a study, through its bases.

        Args:
            name: the study.
            below: those that extend it, the last one last.

        Raises:
            ValueError: a base is none, a family, or the study itself.
        """
        entry = self.entries[name]
        if name in below:
            circle = " → ".join((*below[below.index(name) :], name))
            raise ValueError(f"{entry.key(EXTENDS)}: a circle, {circle}; one has to extend none")
        settings = entry.own
        if base := entry.base:
            self._check_base(entry, base)
            settings = merged(self.settings(base, (*below, name)), settings)
        for key, value in self._varied.get(name, {}).items():
            settings = merged(settings, nested(key, value))
        return settings

    def with_members(self, comparison: dict[str, Any]) -> dict[str, Any]:
        """A comparison of which a family stands for its members."""
        studies = comparison.get("studies")
        if not isinstance(studies, list):
            return comparison
        every = [
            each
            for name in studies
            for each in (self.families.get(name, [name]) if isinstance(name, str) else [name])
        ]
        return comparison | {"studies": every}

    def _check_base(self, entry: Entry, base: str) -> None:
        key = entry.key(EXTENDS)
        if base in self.families:
            members = ", ".join(self.families[base])
            raise ValueError(f"{key}: {base} is a family; name one of its members ({members})")
        if base not in self.entries:
            near = meant(base, self.entries) or f" (there are: {', '.join(self.entries)})"
            raise ValueError(f"{key}: no study {base!r}{near}")
