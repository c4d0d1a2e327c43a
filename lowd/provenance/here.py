"""Whether the code that runs is that of the current folder."""

from collections.abc import Iterable
from pathlib import Path

from lowd.provenance.code import ROOT as PACKAGE_ROOT
from lowd.provenance.code import source_files

OWN = Path("lowd")


def check_here(modules: Iterable[str]) -> None:
    """Raise ValueError if the current folder has a lowd of its own that is another than this one.

    What ran would else be stated, or what is made be judged, beside code that did not run.
    """
    check_files(source_files(modules), PACKAGE_ROOT)


def check_files(paths: Iterable[Path], package: Path) -> None:
    """The same of some files of the package that runs, which lies at `package`."""
    if not (OWN / "__init__.py").exists() or OWN.resolve() == package:
        return
    for path in paths:
        here = OWN / path.relative_to(package)
        if not here.exists() or here.read_bytes() != path.read_bytes():
            raise ValueError(
                f"{here} is not the code that runs, which is {path}: this environment is of "
                "another folder; run `make setup` here, and use the .venv that it leaves"
            )
