"""What clean runs leave, kept beside the report, and the workplace that they are run in."""

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import served
from choosing import Edit
from kinds import KINDS
from repositories import commit
from small import Kind, unshared
from workplace import MADE, Job, Jobs, Workplace

CALIBRATION = Path(".lowd/calibration.json")


class CleanRuns(Workplace):
    """A workplace, and a folder where it keeps what clean runs leave.

    Args:
        folder: of this process alone.
        results: shared by all.
    """

    def __init__(self, folder: Path, results: Path) -> None:
        super().__init__(folder)
        self.results = results

    def figures(self, kind: Kind, **variables: str) -> served.Ended:
        """What `make figures` does."""
        ended = self.run("lowd", "verify", **variables)
        return ended if ended.code else self.run("dvc", "repro", kind.stage, **variables)

    def due(self, kind: Kind) -> str:
        """How many jobs `lowd plan` finds due, or what it says when it fails."""
        said = self.run("lowd", "plan", *kind.studies, "--device-flops", "1", "--json")
        return said.said.strip() if said.code else str(json.loads(said.said)["total"]["due"])

    def write(self, kind: Kind, edit: Edit | None) -> None:
        """Change the repository, and commit that."""
        params = unshared(kind.params)
        if edit is not None and edit.key.endswith(".py"):
            with (self.path / edit.key).open("a") as module:
                module.write("\n_EDITED = 1\n")
        elif edit is not None:
            params = kind.changed(edit.key, json.loads(edit.value))
        self.repository.write_params(**params)
        commit(self.repository)

    def change(self, edit: Edit) -> None:
        """Have the finished study, changed and committed, and planned as often as in every cell."""
        self.take(self._finished(edit.kind))
        shutil.copy(self._calibration(edit.kind, edit), self.path / CALIBRATION)
        self.write(KINDS[edit.kind], edit)

    def finish(self, kind: str) -> Jobs:
        """Leave a finished and committed study; raises AssertionError if it fails."""
        return self._kept(kind, lambda: self._finish(kind))

    def refer(self, edit: Edit) -> Jobs:
        """What a clean run leaves after the edit."""
        name = f"{edit.kind}-{'-'.join(edit).replace('/', '-')}"
        return self._kept(name, lambda: self._refer(edit))

    def differing(self, reference: Jobs) -> dict[str, list[str]]:
        """What of jobs is not as in the reference, by statement."""
        stated = self.jobs()
        contents = self.contents([path for job in reference.values() for path in job.outputs])
        found: defaultdict[str, list[str]] = defaultdict(list)
        for name, job in reference.items():
            own = stated.get(name)
            if own is None:
                found[name].append(f"{name} is missing")
            elif own.made != job.made or own.inputs != job.inputs:
                found[name].append(f"{name} is of other settings, code or inputs")
            elif own.outputs != job.outputs:
                found[name].append(f"{name} is of other outputs")
            for path, content in job.outputs.items():
                if contents.get(path) != content:
                    found[name].append(f"{path} is {'other' if path in contents else 'missing'}")
        return dict(found)

    def _finished(self, kind: str) -> Path:
        """Where the finished study lies."""
        return self.results / kind

    def _calibration(self, kind: str, edit: Edit | None) -> Path:
        """What `lowd plan` has measured: what the edited study asks for, and no more."""
        name = "calibration" if edit is None else f"{kind}-{edit.key.replace('/', '-')}"
        return self.results / "calibrations" / f"{name}.json"

    def _kept(self, name: str, run: Callable[[], Jobs]) -> Jobs:
        """What that clean run has left before, or leaves now."""
        path = self.results / "jobs" / f"{name}.json"
        if path.exists():
            kept = json.loads(path.read_text())
            return {job: Job(tuple(made), *contents) for job, (made, *contents) in kept.items()}
        jobs = run()
        with _shared(path) as draft:
            draft.write_text(json.dumps(jobs))
        return jobs

    def _finish(self, kind: str) -> Jobs:
        self.take(self.pristine)
        jobs = self._run(kind, None)
        if not self._finished(kind).exists():
            with _shared(self._finished(kind)) as draft:
                shutil.copytree(self.path, draft, symlinks=True)
        return jobs

    def _refer(self, edit: Edit) -> Jobs:
        self.take(self._finished(edit.kind))
        for name in (*MADE, ".snakemake"):
            shutil.rmtree(self.path / name)
        for scratch in (self.path / ".lowd").iterdir():
            shutil.rmtree(scratch) if scratch.is_dir() else None
        (self.path / "dvc.lock").unlink()
        return self._run(edit.kind, edit)

    def _run(self, kind: str, edit: Edit | None) -> Jobs:
        self.write(KINDS[kind], edit)
        ended = self.run("dvc", "repro", KINDS[kind].stage)
        logs = [log for log in sorted(self.path.glob("logs/*/*.log")) if log.read_text()]
        assert not ended.code, ended.said + "".join(f"{log}\n{log.read_text()}" for log in logs)
        commit(self.repository)
        jobs = self.jobs()
        stated = {path: content for job in jobs.values() for path, content in job.outputs.items()}
        assert self.contents([*stated]) == stated
        known = self._calibration(kind, edit)
        if known.exists():
            (self.path / CALIBRATION).parent.mkdir(exist_ok=True)
            shutil.copy(known, self.path / CALIBRATION)
        said = self.due(KINDS[kind])
        assert said == "0", f"lowd plan after a clean run: {said} jobs to do"
        with _shared(known) as draft:
            shutil.copy(self.path / CALIBRATION, draft)
        return jobs


@contextmanager
def _shared(path: Path) -> Iterator[Path]:
    """A draft of this process, which takes the place of what others may leave there as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    yield draft
    draft.replace(path)
