"""Runs of small studies that are killed, starved of disk, started twice, or changed half-way."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from shutil import copytree

from repositories import Repository, commit, create
from rows import Bytes, Row, content, ends

KILLS, REPOSITORIES = 20, 4
MADE = ("data", "results", "figures")
STUDY = ("dvc", "repro", "study@tiny")


def made(repository: Repository) -> list[Bytes]:
    return [content(repository.path / name) for name in MADE]


def drafts(repository: Repository) -> list[Path]:
    """What is being written, or was left half-written."""
    folders = [repository.path / name for name in (*MADE, "provenance")]
    # os.walk, unlike a glob, minds no folder that goes away meanwhile.
    seen = [
        (parent, name)
        for one in folders
        for parent, *names in os.walk(one)
        for name in chain(*names)
    ]
    return [Path(parent, name) for parent, name in seen if ".partial" in name]


def audited(repository: Repository) -> bool:
    commit(repository)
    return ends(repository.start("lowd", "audit"))[0] == 0


def logs(repository: Repository) -> str:
    return "".join(log.read_text() for log in repository.path.glob("logs/*/*.log"))


def killed(folder: Path, reference: Repository, seconds: float) -> Iterator[Row]:
    """SIGKILL of the whole group; every other time as soon as an output is being written.

    Nothing that is there after a kill may be other than its statement says.
    """
    moments = ("at a random moment", "while an output is written")
    kills: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for number in range(REPOSITORIES):
        repository = create(folder / f"killed {number} ü")
        for turn in range(KILLS // REPOSITORIES):
            moment = moments[(number + turn) % 2]
            run = repository.start(*STUDY)
            until = time.monotonic() + random.uniform(0.1, 0.4) * seconds
            while time.monotonic() < until and run.poll() is None:
                time.sleep(0.01)
            while moment == moments[1] and run.poll() is None and not drafts(repository):
                time.sleep(0.0005)
            if run.poll() is None:
                kills[moment] += 1
                os.killpg(run.pid, signal.SIGKILL)
            ends(run)
            wrong, said = ends(repository.start("lowd", "verify", "tiny"))
            lost[moment] += wrong and "no statements" not in said
        repository.run(*STUDY)
        same = made(repository) == made(reference) and not drafts(repository)
        lost[moments[0]] += not (same and audited(repository))
    for moment in moments:
        yield Row(f"SIGKILL of a run {moment}; run again", "–", kills[moment], None, lost[moment])


def twice(folder: Path, reference: Repository) -> Iterator[Row]:
    """Two runs at once in one folder: the second says why it does nothing."""
    turns, told, lost = 3, 0, 0
    for number in range(turns):
        repository = create(folder / f"twice-{number}")
        runs = [repository.start(*STUDY)]
        time.sleep(random.uniform(0, 8))
        runs.append(repository.start("workflow/run", "data/tiny/manifest.json"))
        ended = [ends(run) for run in runs]
        refused = [said for code, said in ended if code]
        told += len(refused) == 1 and "another run is active" in refused[0]
        repository.run(*STUDY)
        lost += made(repository) != made(reference)
    yield Row("two runs at once in one folder", "the second", turns, told, lost)


@contextmanager
def small_disk(place: Path, kibibytes: int) -> Iterator[None]:
    """The folder on a file system of that size; what came to lie there stays afterwards."""
    place.mkdir(exist_ok=True)
    size = f"size={kibibytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(place)], check=True)
    try:
        yield
        spare = place.with_name("spare")
        copytree(place, spare)
    finally:
        subprocess.run(["umount", str(place)], check=True)
    place.rmdir()
    spare.rename(place)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def starved(folder: Path, reference: Repository) -> Iterator[Row]:
    """No room, and no permission, for outputs; then there is."""
    files = [path for path in (reference.path / "data").rglob("*") if path.is_file()]
    needed = sum(path.stat().st_size for path in files) // 1024
    sizes = [needed * part // 8 for part in range(1, 8)]
    told = lost = 0
    for size in sizes:
        repository = create(folder / f"full-{size}")
        with small_disk(repository.path / "data", size):
            code, said = ends(repository.start(*STUDY))
            told += code != 0 and "No space left" in said + logs(repository)
            lost += bool(drafts(repository))
        repository.run(*STUDY)
        lost += made(repository) != made(reference)
    yield Row(
        f"disk full after {sizes[0]} to {sizes[-1]} KiB of data; then room",
        "the run",
        len(sizes),
        told,
        lost,
    )
    places = (*MADE, "provenance")
    told = lost = 0
    for place in places:
        repository = create(folder / f"read-only-{place}")
        with read_only(repository.path / place):
            code, said = ends(repository.start(*STUDY))
            told += code != 0 and "Read-only file system" in said + logs(repository)
        repository.run(*STUDY)
        lost += made(repository) != made(reference)
    yield Row(f"{', '.join(places)} read-only; then not", "the run", len(places), told, lost)


def dirty(folder: Path, reference: Repository) -> Iterator[Row]:
    """Code that is in no commit, and code that is committed later."""
    repository = Repository(copytree(reference.path, folder / "dirty"))
    commit(repository)
    source = repository.path / "lowd/metrics/generalization.py"
    source.write_text(source.read_text() + "\n_EDITED = True\n")
    repository.run(*STUDY)
    code, said = ends(repository.start("lowd", "audit"))
    told = code != 0 and f"{source.relative_to(repository.path)}: in no commit" in said
    yield Row(
        "run with code that is in no commit",
        "audit",
        1,
        int(told),
        int(made(repository) != made(reference)),
    )


def all_rows(folder: Path) -> Iterator[Row]:
    """All of it."""
    reference = create(folder / "reference")
    start = time.monotonic()
    reference.run(*STUDY)
    seconds = time.monotonic() - start
    yield from killed(folder, reference, seconds)
    yield from twice(folder, reference)
    yield from starved(folder, reference)
    yield from dirty(folder, reference)
