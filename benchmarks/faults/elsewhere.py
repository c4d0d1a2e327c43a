"""Code of another folder than the one that a command runs in."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import served
from places import STUDIES, Place, told
from rows import Row, shell_commands

HEADING = "Code of another folder"
TEXT = """\
*Detected*: the job or command ended with the file that is not what runs, and `make setup`; that
makes an environment anew if, and only if, it was moved. *Lost*: an output was touched, or a job
failed for want of code of the folder's own."""

EVERYWHERE = "lowd/base.py"
"""A module that every step imports."""


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    place.put_back()
    jobs = _jobs(place)
    other = place.path.with_name("other")
    shutil.rmtree(other, ignore_errors=True)
    shutil.copytree(place.path, other, symlinks=True)
    yield _jobs_refused(place, other, jobs)
    yield _commands_refused(place, other)
    yield _installed(place, other, jobs)
    yield _set_up_again(other)
    shutil.rmtree(other)


def _jobs(place: Place) -> dict[str, list[str]]:
    """The command of every job of the study of images, by its step: all steps of the other too."""
    targets = [f"data/{name}/manifest.json" for name in STUDIES]
    said = place.right("lowd", "make", "-n", "--forceall", "--printshellcmds", *targets)
    return {words[2]: words for words in shell_commands(said)}


def _jobs_refused(place: Place, other: Path, jobs: dict[str, list[str]]) -> Row:
    """A job's own module, or one that it imports, is changed or is not there."""
    from lowd.table import STEPS

    tried = detected = lost = 0
    for name, command in jobs.items():
        own = STEPS[name.replace("-", "_")].run.__module__.replace(".", "/") + ".py"
        for module, change in ((own, "# mine\n"), (own, None), (EVERYWHERE, "# mine\n")):
            path = other / module
            kept, before = path.read_bytes(), _outputs(other)
            path.unlink() if change is None else path.write_bytes(kept + change.encode())
            ended = served.run(command, other, place.environment)
            is_told = ended.code and "make setup" in ended.said and module in ended.said
            tried += 1
            detected += told(is_told, f"{name}, {module}", ended)
            lost += _outputs(other) != before
            path.write_bytes(kept)
    return Row("a job with lowd of another folder", "the job", tried, detected, lost)


def _outputs(folder: Path) -> dict[Path, int]:
    paths = [
        path for name in ("data", "results", "provenance") for path in folder.rglob(name + "/*")
    ]
    return {path: path.stat().st_mtime_ns for path in paths}


def _commands_refused(place: Place, other: Path) -> Row:
    """What says whether anything is due: by code of another folder all looks made."""
    commands = (
        ("make", "data/exact/manifest.json"),
        ("run", "exact"),
        ("plan", "exact", "--device-flops", "1"),
        ("restore", "exact"),
        ("audit",),
    )
    path = other / EVERYWHERE
    kept = path.read_bytes()
    path.write_bytes(kept + b"\n_EDITED = 1\n")
    detected = 0
    for command in commands:
        ended = served.run(("lowd", *command), other, place.environment)
        is_told = ended.code and "make setup" in ended.said
        detected += told(is_told, f"lowd {command[0]} elsewhere", ended)
    path.write_bytes(kept)
    names = ", ".join(command[0] for command in commands)
    return Row("a command with lowd of another folder", names, len(commands), detected, 0)


def _installed(place: Place, other: Path, jobs: dict[str, list[str]]) -> Row:
    """A folder without lowd/ is run by the one that is installed."""
    aside = (other / "lowd").rename(other.with_name("aside"))
    lost = 0
    for name, command in jobs.items():
        ended = served.run(command, other, place.environment)
        lost += not told(not ended.code, f"{name} without lowd/", ended)
    aside.rename(other / "lowd")
    return Row("a job in a folder without lowd/", "–", len(jobs), None, lost)


def _set_up_again(other: Path) -> Row:
    """`make setup` makes an environment anew that is another folder's, and that alone."""
    shutil.copy(Path(__file__).parents[2] / "Makefile", other)
    for name in ("pyproject.toml", "constraints.txt"):
        (other / name).touch()
    ready = other / ".venv/.ready"
    ready.parent.mkdir(exist_ok=True)
    cases = {str(other.with_name("before") / ".venv"): True, "": True, str(ready.parent): False}
    right = 0
    for content, is_due in cases.items():
        ready.write_text(f"{content}\n")
        asked = ["make", "-n", "setup"]
        said = subprocess.run(asked, cwd=other, check=True, capture_output=True, text=True).stdout
        right += ("venv --clear" in said) == is_due
    return Row("an environment that was moved", "make setup", len(cases), right, 0)
