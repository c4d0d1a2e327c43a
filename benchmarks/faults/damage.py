"""Files of the default studies, damaged one at a time in a clone that has them."""

import json
import os
import random
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from repositories import REPOSITORY, Repository
from rows import Row, content, ends

from lowd.provenance.statement import Statement
from lowd.store.atomic import remove

STUDIES = ("molrg", "digits", "mixture")
KINDS = {
    "teacher": "a teacher",
    "pool": "a pool",
    "noise": "noise",
    "train": "a checkpoint",
    "describe": "a yardstick",
    "generate": "generated samples",
    "generate_teacher": "generated samples",
    "generate_empirical": "generated samples",
    "score": "scores",
    "controls": "scores",
    "collect": "results",
    "figure": "a figure or its caption",
    "sheet": "a figure or its caption",
    "manifest": "a manifest",
}
STATEMENT, LOCK = "a statement", "dvc.lock"


class Clone:
    """A clone with copies of the data, and every file of its studies by kind."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(folder)], check=True)
        self.repository = Repository(folder)
        self.run = self.repository.run
        for key, value in {"cache.dir": REPOSITORY / ".dvc/cache", "cache.type": "copy"}.items():
            self.run("dvc", "config", "--local", key, str(value))
        self.run("lowd", "restore", *STUDIES)
        self.files: defaultdict[str, list[Path]] = defaultdict(list)
        for study in STUDIES:
            for path in sorted((folder / "provenance" / study).glob("*.json")):
                stated = Statement.model_validate_json(path.read_bytes())
                self.files[STATEMENT].append(path)
                self.files[KINDS[stated.step]] += [folder / one.name for one in stated.subject]
        self.files[LOCK].append(folder / LOCK)

    def name(self, path: Path) -> str:
        return path.relative_to(self.repository.path).as_posix()

    def accused(self) -> set[str]:
        """What audit names as wrong, or does not find."""
        _, said = ends(self.repository.start("lowd", "audit", "--json"))
        found = json.loads(said)
        return {one["file"] for one in found["faults"] + found["notes"]} | {
            one["name"] for one in found["files"] if one["state"] != "verified"
        }

    def holds(self, *command: str) -> bool:
        """Whether a command ends well."""
        return ends(self.repository.start(*command))[0] == 0

    def put_back(self, path: Path) -> None:
        """The remedy: git's files from git, the rest from DVC."""
        remove(path)
        tracked = self.run("git", "ls-files", "--", self.name(path))
        self.run(
            *(["git", "checkout", "-q", "--"] if tracked else ["dvc", "checkout", "-q"]),
            self.name(path),
        )


def _one_file(path: Path) -> Path:
    files = [one for one in path.rglob("*") if one.is_file() and one.stat().st_size]
    return random.choice(sorted(files)) if path.is_dir() else path


def _flip(path: Path) -> None:
    target = _one_file(path)
    inside = bytearray(target.read_bytes())
    inside[random.randrange(len(inside))] ^= 1 << random.randrange(8)
    target.write_bytes(inside)


def _cut(path: Path) -> None:
    target = _one_file(path)
    os.truncate(target, target.stat().st_size // 2)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "one bit flipped in": _flip,
    "cut to half:": _cut,
    "deleted:": remove,
}


def damaged(clone: Clone) -> Iterator[Row]:
    """Every output and statement, and dvc.lock, in every way.

    An output that is wrong also has to stop the next run; one that is gone is made again.
    """
    before = clone.accused()
    for kind, files in clone.files.items():
        for name, damage in DAMAGE.items():
            stops = kind not in (STATEMENT, LOCK) and damage is not remove
            detected = lost = 0
            for path in files:
                kept = content(path)
                damage(path)
                named = clone.name(path) in clone.accused() - before
                detected += named and not (stops and clone.holds("lowd", "verify", *STUDIES))
                clone.put_back(path)
                lost += content(path) != kept
            yield Row(
                f"{name} {kind}", "audit, verify" if stops else "audit", len(files), detected, lost
            )


def swapped(clone: Clone) -> Iterator[Row]:
    """Checkpoints in each other's place, of one study or of two."""
    before = clone.accused()
    files = clone.files[KINDS["train"]]
    detected = lost = 0
    for first, second in zip(files, files[1:] + files[:1], strict=True):
        kept = content(first), content(second)
        spare = clone.repository.path / "spare"
        first.rename(spare)
        second.rename(first)
        spare.rename(second)
        detected += {clone.name(first), clone.name(second)} <= clone.accused() - before
        clone.put_back(first)
        clone.put_back(second)
        lost += (content(first), content(second)) != kept
    yield Row("two checkpoints swapped", "audit", len(files), detected, lost)


def edited(clone: Clone) -> Iterator[Row]:
    """A setting in a statement, well-formed; and with a lineage id that follows from it."""
    before = clone.accused()
    for sealed in (False, True):
        detected = lost = 0
        for path in clone.files[STATEMENT]:
            kept = content(path)
            stated = json.loads(path.read_bytes())
            stated["predicate"]["buildDefinition"]["externalParameters"]["settings"]["seed"] = 12345
            if sealed:
                lineage = Statement.model_validate(stated).derived_lineage()
                stated["predicate"]["runDetails"]["byproducts"][0] |= {
                    "uri": f"urn:lowd:lineage:{lineage}",
                    "digest": {"sha256": lineage},
                }
            path.write_text(json.dumps(stated, indent=1))
            detected += clone.name(path) in clone.accused() - before
            clone.put_back(path)
            lost += content(path) != kept
        how = ", its lineage id made to match" if sealed else ""
        yield Row(
            f"a setting edited in a statement{how}",
            "audit",
            len(clone.files[STATEMENT]),
            detected,
            lost,
        )


def touched(clone: Clone) -> Iterator[Row]:
    """Time stamps of all files, which are no fault."""
    turns, lost = 3, 0
    for _ in range(turns):
        for path in clone.repository.path.rglob("*"):
            if path.is_file() and not {".git", ".dvc"} & set(path.parts):
                os.utime(path, (random.uniform(1e9, 1.7e9),) * 2)
        clone.run("lowd", "restore", *STUDIES)
        targets = [f"data/{study}/manifest.json" for study in STUDIES]
        said = clone.run("workflow/run", "--dry-run", *targets)
        lost += not (clone.holds("lowd", "audit") and "Nothing to be done" in said)
    yield Row("all time stamps random, then `lowd restore`: nothing to do", "–", turns, None, lost)


def all_rows(folder: Path) -> Iterator[Row]:
    """All of it."""
    clone = Clone(folder / "clone")
    for rows in (damaged, swapped, edited, touched):
        yield from rows(clone)
    shutil.rmtree(clone.repository.path)
