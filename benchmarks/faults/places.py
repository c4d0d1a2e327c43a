"""A workplace with two finished studies, to which something is done, and which is then put back."""

import shutil
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from repositories import REPOSITORY, commit
from rows import Bytes, content
from served import Ended
from small import EXACT, IMAGES
from workplace import MADE, Workplace

STUDIES = {"exact": EXACT, "images": IMAGES}
CODE = "lowd"
FIGURE = "figures/exact/regimes.svg"


class Place(Workplace):
    """The workplace, and where its finished state is kept."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        # Which `create` leaves out, since most tests have no need of it.
        shutil.copy(REPOSITORY / ".gitattributes", self.path)
        self.repository.write_params(STUDIES)
        commit(self.repository)
        self.right("dvc", "repro", *(f"study@{name}" for name in STUDIES))
        # What plans have measured, so that they take no longer afterwards.
        self.right("lowd", "plan", *STUDIES, "--device-flops", "1")
        commit(self.repository)
        self.repository.run("git", "gc", "-q")
        self.scripts = {path: path.read_text() for path in (folder / "bin").iterdir()}
        self.finished = folder / "finished"
        shutil.copytree(self.path, self.finished, symlinks=True)

    def put_back(self) -> None:
        """Have everything as it was when the studies were finished.

        Code stays, whose files are most of all: where it was changed, `take` the whole.
        """
        from lowd.store.atomic import remove

        for script, text in self.scripts.items():
            script.write_text(text)
        for path in self.path.iterdir():
            remove(path) if path.name != CODE else None
        for path in self.finished.iterdir():
            if path.is_dir() and path.name != CODE:
                shutil.copytree(path, self.path / path.name, symlinks=True)
            elif path.is_file():
                shutil.copy2(path, self.path)

    def right(self, *command: str, **variables: str) -> str:
        """What a command says; it has to end well."""
        ended = self.run(*command, **variables)
        assert not ended.code, f"{' '.join(command)}\n{ended.said}"
        return ended.said

    def made(self) -> list[Bytes]:
        """All that runs leave."""
        return [content(self.path / name) for name in MADE]


def told(is_told: Any, what: str, ended: Ended) -> bool:
    """Whether something was told; what was said instead is printed."""
    if not is_told:
        print(f"{what}: {ended.code}, {ended.said.strip()[-500:]}", flush=True)
    return bool(is_told)


def forked(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of a module returns, in a fork of this process, which stays as it is."""
    with get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments)
