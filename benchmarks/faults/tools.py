"""Git, DVC and Snakemake that fail while a command asks them something.

What a tool could not answer is not the answer "none": the command has to end with the tool's words
and with what to do. Without a repository there is no git, and everything goes on.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from places import FIGURE, Place, told
from rows import Row

HEADING = "Tools that fail"
TEXT = """\
*Detected*: wherever git can't answer what a command asks it, and wherever DVC or Snakemake fail,
the command ended with the tool's words and a remedy. *Lost*: what runs leave was other afterwards,
or a command failed for want of a repository."""

Befall = Callable[[Place], dict[str, str]]
"""Does something to a workplace, and returns variables that commands are to have besides.

Beside it below: a pattern of the tool's words.
"""
REMEDIES = ("mend", "install", "make setup", "take it back", "put it back", "pick one", "go to")


def _damaged(name: str, content: str) -> Befall:
    def damage(place: Place) -> dict[str, str]:
        path = place.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        path.write_text(content)
        return {}

    return damage


def _lost(name: str) -> Befall:
    def lose(place: Place) -> dict[str, str]:
        path = place.path / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return {}

    return lose


def _instead(tool: str, script: str) -> Befall:
    """Another program under the tool's name, found before it."""

    def replace(place: Place) -> dict[str, str]:
        folder = place.path.parent / "instead"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(place.path.parent / "bin", folder)
        (folder / tool).unlink(missing_ok=True)
        if script:
            (folder / tool).write_text(f"#!/bin/sh\n{script}\n")
            (folder / tool).chmod(0o755)
        return {"PATH": f"{folder}:{place.environment['PATH']}"}

    return replace


def _beside_python(tool: str, script: str) -> Befall:
    """Another program in the place where lowd looks first."""

    def replace(place: Place) -> dict[str, str]:
        (place.path.parent / "bin" / tool).write_text(f"#!/bin/sh\n{script}\n")
        return {}

    return replace


def _without_git(place: Place) -> dict[str, str]:
    """A path on which all is but git."""
    folder = place.path.parent / "without-git"
    if not folder.exists():
        folder.mkdir()
        for each in reversed(os.environ["PATH"].split(":")):
            for program in Path(each).glob("*"):
                if program.name != "git":
                    (folder / program.name).unlink(missing_ok=True)
                    (folder / program.name).symlink_to(program)
    return {"PATH": f"{place.path.parent / 'bin'}:{folder}"}


def _no_objects(place: Place) -> dict[str, str]:
    for path in (place.path / ".git/objects").rglob("*"):
        path.unlink() if path.is_file() else None
    return {}


def _branch(place: Place) -> str:
    return (place.path / ".git/HEAD").read_text().split()[1]


GIT: dict[str, tuple[Befall, str]] = {
    "another owner": (lambda _: {"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"}, "dubious ownership"),
    "no HEAD": (_lost(".git/HEAD"), "not a git repository"),
    "garbage for HEAD": (_damaged(".git/HEAD", "garbage\n"), "not a git repository"),
    "garbage for the branch": (
        lambda place: _damaged(f".git/{_branch(place)}", "garbage\n")(place),
        "`git",
    ),
    "a branch of a commit that is not there": (
        lambda place: _damaged(f".git/{_branch(place)}", "1" * 40 + "\n")(place),
        "`git",
    ),
    "garbage for the index": (_damaged(".git/index", "garbage"), "index"),
    "garbage for the configuration": (_damaged(".git/config", "[core\n"), "config|trailing"),
    "a file for .git": (_damaged(".git", "garbage\n"), "gitfile|gitdir"),
    ".git elsewhere, and not there": (_damaged(".git", "gitdir: /nowhere\n"), "/nowhere"),
    "no objects": (_no_objects, "`git"),
    "no git": (_without_git, "install git"),
    "git killed": (_instead("git", "kill -9 $$"), "exit status -9"),
    "git that says why": (_instead("git", "echo fatal: made up >&2; exit 128"), "fatal: made up"),
}
DVC: dict[str, tuple[Befall, str]] = {
    "DVC that raises": (
        _beside_python("dvc", "echo 'ERROR: unexpected error - made up' >&2; exit 255"),
        "made up",
    ),
    "DVC killed": (_beside_python("dvc", "kill -9 $$"), "dvc|lowd run: exact failed"),
    "garbage for its configuration": (_damaged(".dvc/config", "[core\n"), "config"),
    "garbage for dvc.yaml": (_damaged("dvc.yaml", "stages: [\n"), "dvc.yaml"),
    "garbage for dvc.lock": (_damaged("dvc.lock", "stages: [\n"), "dvc.lock"),
    "no .dvc": (_lost(".dvc"), "DVC"),
}
SNAKEMAKE: dict[str, tuple[Befall, str]] = {
    "a workflow that raises": (
        _damaged("workflow/Snakefile", "raise ValueError('made up')\n"),
        "made up",
    ),
    "no syntax in the workflow": (
        _damaged("workflow/Snakefile", "rule (\n"),
        "Snakemake fails",
    ),
    "a file for .snakemake": (_damaged(".snakemake", ""), ".snakemake"),
}


def all_rows(place: Place) -> Iterator[Row]:
    """All of it."""
    place.put_back()
    job = _job(place)
    make = ("lowd", "make", "--force", "data/exact/noise.zarr")
    asking = {
        "audit": ("lowd", "audit"),
        "trace": ("lowd", "trace", FIGURE),
        "plan": ("lowd", "plan", "exact", "--device-flops", "1"),
        "run": ("lowd", "run", "exact"),
        "a job": job,
        "restore": ("lowd", "restore", "exact"),
        "audit --against": ("lowd", "audit", "--against", "HEAD"),
    }
    yield _row(place, "git", GIT, asking)
    yield _row(place, "dvc", DVC, {name: asking[name] for name in ("run", "restore")})
    runs = {"make": make, "restore": asking["restore"]}
    yield _row(place, "snakemake", SNAKEMAKE, runs)
    yield _without_repository(place, asking)


def _job(place: Place) -> tuple[str, ...]:
    """The command of the job that draws noises."""
    stated = next(job for name, job in place.jobs().items() if name.endswith("exact/noise.json"))
    return (
        *("lowd", "step", "noise", "--settings", stated.made[1]),
        *("--output", "data/exact/noise.zarr"),
        *("--statement", "provenance/exact/noise.json"),
    )


def _row(
    place: Place,
    tool: str,
    faults: dict[str, tuple[Befall, str]],
    commands: dict[str, tuple[str, ...]],
) -> Row:
    """Commands that a fault is nothing to, because git answers all that they ask, don't count."""
    questions = {name: _questions(place, each) for name, each in commands.items()}
    tried = detected = lost = 0
    asked: dict[str, None] = {}
    for fault, (befall, words) in faults.items():
        for name, command in commands.items():
            place.put_back()
            variables = befall(place)
            if tool == "git" and all(_answers(place, one, variables) for one in questions[name]):
                continue
            before = place.made()
            ended = place.run(*command, **variables)
            says = bool(re.search(words, ended.said)) and any(
                each in ended.said for each in REMEDIES
            )
            tried += 1
            asked[name] = None
            detected += told(ended.code and says, f"{fault}, {name}", ended)
            lost += place.made() != before
    return Row(f"{tool} fails, in {len(faults)} ways", ", ".join(asked), tried, detected, lost)


def _questions(place: Place, command: tuple[str, ...]) -> list[list[str]]:
    """What the command asks git where nothing is wrong."""
    place.put_back()
    asked = place.path.parent / "asked"
    asked.write_text("")
    script = f"for one; do printf '%s\\0' \"$one\"; done >> {asked}; echo >> {asked}"
    git = shutil.which("git", path=place.environment["PATH"])
    place.right(*command, **_instead("git", f'{script}\nexec {git} "$@"')(place))
    return [line.split("\0")[:-1] for line in asked.read_text().splitlines()]


def _answers(place: Place, question: list[str], variables: dict[str, str]) -> bool:
    environment = place.environment | variables
    git = shutil.which("git", path=environment["PATH"])
    if git is None:
        return False
    asked = subprocess.run(
        [git, *question], cwd=place.path, env=environment, capture_output=True, input=b""
    )
    return not asked.returncode


def _without_repository(place: Place, commands: dict[str, tuple[str, ...]]) -> Row:
    lost = 0
    for name, command in commands.items():
        place.put_back()
        shutil.rmtree(place.path / ".git")
        if name in ("trace", "audit --against"):  # which are about commits
            continue
        ceiling = {"GIT_CEILING_DIRECTORIES": str(place.path.parent)}
        place.right("dvc", "config", "core.no_scm", "true", **ceiling)
        ended = place.run(*command, **ceiling)
        lost += not told(not ended.code, f"no repository, {name}", ended)
    return Row("no repository: everything goes on", "–", len(commands) - 2, None, lost)
