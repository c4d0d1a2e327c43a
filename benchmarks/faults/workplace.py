"""A folder with a repository in which a process that has loaded its code runs commands."""

import json
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import served
from interrupted import arm
from kinds import MODULE
from repositories import create

MADE = ("data", "provenance", "results", "figures")
SHORTENED = {
    "lowd/table.py": (
        "in settings.shown(params.every)",
        "in list(settings.shown(params.every))[:1]",
    ),
    "lowd/kinds/guidance/expect_guidance.py": ("80.0, 256", "80.0, 4"),
}
"""What of the copy's modules is written otherwise: figures, all of which one rule draws, and the
steps of a solver that no setting chooses."""


class Job(NamedTuple):
    """What is stated of a job.

    Attributes:
        made: step, settings and code digest.
        inputs: digests by path.
        outputs: the same.
    """

    made: tuple[str, str, str]
    inputs: dict[str, str]
    outputs: dict[str, str]


Jobs = dict[str, Job]
"""By statement."""


class Workplace:
    """A folder whose repository is always the same path, for a process that has loaded its code."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "repository"
        shutil.rmtree(folder, ignore_errors=True)
        self.path.mkdir(parents=True)
        self.repository = create(self.path)
        self._make_small()
        arm(self.path)
        self.pristine = folder / "pristine"
        shutil.copytree(self.path, self.pristine)
        served.write_scripts(folder / "bin")
        served.load(self.path)
        path = f"{folder / 'bin'}:{self.repository.environment['PATH']}"
        self.environment = self.repository.environment | {"PATH": path}

    def _make_small(self) -> None:
        """Shorten what takes long, and add what studies read of one's own."""
        for name, (long, short) in SHORTENED.items():
            module = self.path / name
            source = module.read_text()
            assert source.count(long) == 1, f"{name} no longer has {long!r}"
            module.write_text(source.replace(long, short))
        (self.path / "inputs/shrinking.py").write_text(MODULE)
        students = self.path / "inputs/students"
        students.mkdir()
        for n, replicate in product((2, 8), range(3)):
            (students / f"{n}-{replicate}").write_text(f"{n} {replicate}")
        images = np.load(self.path / "inputs/images.npz")["images"]
        np.savez(self.path / "inputs/others.npz", images=255 - images)

    def take(self, folder: Path) -> None:
        """Make the repository a copy of that folder."""
        shutil.rmtree(self.path)
        shutil.copytree(folder, self.path, symlinks=True)

    def run(self, *command: str, **variables: str) -> served.Ended:
        """What a command says, and its status."""
        return served.run(command, self.path, self.environment | variables)

    def jobs(self) -> Jobs:
        """What is stated of every job."""
        from lowd.provenance.statement import read_statement

        found = {}
        for path in sorted((self.path / "provenance").rglob("[!.]*.json")):
            one = read_statement(path)
            settings = json.dumps(one.settings, sort_keys=True)
            read = [resource for each in one.inputs.values() for resource in each]
            found[path.relative_to(self.path).as_posix()] = Job(
                (one.step, settings, one.code),
                {str(resource.path): resource.digests.sha256 for resource in read},
                {str(resource.path): resource.digests.sha256 for resource in one.subject},
            )
        return found

    def contents(self, paths: Sequence[str]) -> dict[str, str]:
        """The digest of what is there, nothing of what is not."""
        from lowd.provenance.digests import digest

        return {
            path: digest(self.path / path).sha256 for path in paths if (self.path / path).exists()
        }
