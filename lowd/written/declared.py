"""All that params.yaml and studies/ declare, each study with all of its settings."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lowd.misspelt import meant
from lowd.parsing import read_yaml
from lowd.written.entry import EXTENDS, VARY, Entry
from lowd.written.inheritance import merged
from lowd.written.variation import family, nested

FOLDER = "studies"
"""Where studies stand in files of their own, beside params.yaml."""
ROOMS = ("studies", "findings")


@dataclass(frozen=True)
class Declared:
    """What is declared, and where.

    Attributes:
        settings: what params.yaml would be if all stood in it, without bases and families.
        entries: by the name of each study where it is written.
        families: by name the names of the members.
    """

    settings: Any
    entries: Mapping[str, Entry] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def where_written(self, refusal: str) -> str:
        """Errors about `settings`, one a line, with the keys that the user has written."""
        told = [self._told(line) for line in refusal.split("\n")]
        every = {(name, said) for name, said, _ in told}
        kept = [
            line
            for name, said, line in told
            if not any((base, said) in every for base in self._bases(name))
        ]
        return "\n".join(dict.fromkeys(kept))

    def _told(self, line: str) -> tuple[str, str, str]:
        """Which study an error is about, what it says, and the same with the place."""
        for name, entry in self.entries.items():
            for room in ROOMS:
                rest = line.removeprefix(f"{room}.{name}")
                if rest != line and rest[:1] in (".", ":", " "):
                    return name, rest, self._placed(entry, rest)
        return "", line, line

    @staticmethod
    def _placed(entry: Entry, rest: str) -> str:
        if not rest.startswith("."):
            return entry.key() + rest
        path, colon, said = rest[1:].partition(": ")
        for key in (
            key.strip() for keys in entry.settings.get(VARY, ()) for key in keys.split(",")
        ):
            if f"{path}.".startswith(f"{key}.") or key.startswith(f"{path}."):
                return entry.key(f"{VARY}.{max(path, key, key=len)}{colon}{said}")
        return entry.key(rest[1:])

    def _bases(self, name: str) -> Iterator[str]:
        while name in self.entries and (name := self.entries[name].base):
            yield name


def read_declared(params: Path, text: str, findings: Collection[str]) -> Declared:
    """What stands in a params.yaml and in the files of studies beside it.

    Args:
        params: the path of params.yaml.
        text: what is in it.
        findings: the kinds that stand on another study, by which a file is told to be a finding.

    Raises:
        OSError: a file can't be read.
        ValueError: place, reason and remedy; whatever the settings themselves may be.
    """
    raw = read_yaml(text, str(params))
    written = [*_in_params(raw), *_in_files(params.parent / FOLDER)]
    if not written or not isinstance(raw, dict | None):
        return Declared(raw)
    names = _Names(written)
    rooms: dict[str, Any] = {
        # Of what is no mapping its own check speaks.
        room: {name: each for name, each in _room(raw, room).items() if not isinstance(each, dict)}
        for room in ROOMS
    }
    for name, entry in names.entries.items():
        settings = names.settings(name)
        room = entry.room or ROOMS[settings.get("kind") in findings]
        rooms[room][name] = settings
    rooms = {room: found for room, found in rooms.items() if found or room in (raw or {})}
    rest = {key: value for key, value in (raw or {}).items() if key not in ROOMS}
    if isinstance(rest.get("across"), dict):
        rest["across"] = {
            name: names.with_members(each) if isinstance(each, dict) else each
            for name, each in rest["across"].items()
        }
    return Declared(rooms | rest, names.entries, names.families)


class _Names:
    """Studies by name, and what each comes to."""

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
        """All settings of a study, through its bases."""
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


def _room(raw: Any, room: str) -> dict[str, Any]:
    """A mapping in params.yaml; an empty one if it is none."""
    found = raw.get(room) if isinstance(raw, dict) else None
    return found if isinstance(found, dict) else {}


def _in_params(raw: Any) -> Iterator[Entry]:
    for room in ROOMS:
        for name, settings in _room(raw, room).items():
            if isinstance(settings, dict):
                yield Entry(name, room, "", settings)


def _in_files(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in (".yaml", ".yml") or path.name.startswith("."):
            continue
        file = f"{FOLDER}/{path.name}"
        if path.suffix != ".yaml":
            raise ValueError(f"{file}: is not read; call it {path.stem}.yaml")
        settings = read_yaml(path.read_text(), file)
        if not isinstance(settings, dict):
            raise ValueError(f"{file}: give the settings of one study, `teacher: …`")
        yield Entry(path.stem, "", file, settings)
