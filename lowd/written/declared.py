"""All that params.yaml and studies/ declare, each study with all of its settings."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lowd.parsing import read_yaml, text_of
from lowd.written.entry import VARY, Entry
from lowd.written.names import Names

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
    names = Names(written)
    # What is no mapping is left to the settings' own check.
    rest = {key: value for key, value in (raw or {}).items() if not _is_room(key, value)}
    rooms: dict[str, Any] = {
        room: {name: each for name, each in _room(raw, room).items() if not isinstance(each, dict)}
        for room in ROOMS
    }
    for name, entry in names.entries.items():
        settings = names.settings(name)
        room = entry.room or ROOMS[settings.get("kind") in findings]
        rooms[room][name] = settings
    if isinstance(rest.get("across"), dict):
        rest["across"] = {
            name: names.with_members(each) if isinstance(each, dict) else each
            for name, each in rest["across"].items()
        }
    rooms = {room: studies for room, studies in rooms.items() if studies or room in (raw or {})}
    return Declared(rooms | rest, names.entries, names.families)


def _is_room(key: str, value: Any) -> bool:
    return key in ROOMS and isinstance(value, dict | None)


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
        if path.name.startswith("."):
            continue
        if inner := sorted(path.glob("*.yaml")):  # of a folder
            lost = f"{FOLDER}/{path.name}/{inner[0].name}"
            raise ValueError(f"{lost}: is not read; put it into {FOLDER}/ itself")
        if path.suffix not in (".yaml", ".yml"):
            continue
        file = f"{FOLDER}/{path.name}"
        if path.suffix != ".yaml":
            raise ValueError(f"{file}: is not read; call it {path.stem}.yaml")
        settings = read_yaml(text_of(path, file), file)
        if not isinstance(settings, dict):
            raise ValueError(f"{file}: give the settings of one study, `teacher: …`")
        yield Entry(path.stem, "", file, settings)
