"""Which modules count in the digest of a step's code, and whose."""

import ast
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from repositories import STUDIES

from lowd.cli.due import due
from lowd.provenance import code
from lowd.provenance.code import code_digest, is_here, module_digests, source_files
from lowd.provenance.drift import drifts
from lowd.provenance.here import check_here
from lowd.provenance.statement import Statement
from lowd.table import read_graph

ROOT = code.ROOT
MODULES = sorted(
    ".".join(("lowd", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
)
RESTATED = ROOT.parent / "provenance/restated.jsonl"
SOURCES = {module: code._path(module).read_text() for module in MODULES}


def write(root, **modules):
    """A package of these modules, double underscores for dots, instead of lowd."""
    for name, source in modules.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        for folder in path.relative_to(root).parents:
            (root / folder).mkdir(parents=True, exist_ok=True)
            (root / folder / "__init__.py").touch()
        path.write_text(source)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """What a package in place of lowd has for a digest of its module `step`."""
    monkeypatch.setattr(code, "ROOT", tmp_path)

    def digest(**modules):
        for known in (code._digest, code._module, code._all_modules, code._all_digests):
            known.cache_clear()
        write(tmp_path, **modules)
        return code_digest(["lowd.step"])

    yield digest
    for known in (code._digest, code._module, code._all_modules, code._all_digests):
        known.cache_clear()


STEP = "from lowd.laws.one import law\nfrom lowd.laws.two import other\nx = law + other\n"


def test_code_digest_follows_imports_and_nothing_else(package):
    first = package(step=STEP, laws__one="law = 1", laws__two="other = 2", laws__three="x = 3")
    assert package(laws__three="x = 4") == first
    assert package(laws__two="other = 3") != first
    deep = package(laws__two="from lowd.laws.three import x as other")
    assert package(laws__three="x = 5") != deep


def test_code_digest_is_the_same_where_modules_moved_and_imports_are_in_another_order(package):
    first = package(step=STEP, laws__one="law = 1", laws__two="other = 2")
    moved = "from lowd.a.two import other\nfrom lowd.laws.last.one import law\n\nx = law + other\n"
    assert package(step=moved, laws__last__one="law = 1", a__two="other = 2") == first
    swapped = moved.replace("two import other", "two import other as law").replace(
        "one import law", "one import law as other"
    )
    assert package(step=swapped) != first


def test_a_module_is_found_where_it_moved_or_under_another_name_and_not_once_it_changed(package):
    package(step=STEP, laws__one="law = 1", laws__two="other = 2")
    (digest,) = module_digests(["lowd.step"]).values()
    assert is_here("lowd.step", digest) and is_here("lowd.was.step", digest)
    assert is_here("lowd.was.called", digest)
    package(laws__one="law = 3")
    assert not is_here("lowd.step", digest) and not is_here("lowd.was.called", digest)


def test_code_digest_counts_imports_inside_functions_and_not_those_for_type_checkers(package):
    bare = package(step="x = 1", late="y = 1")
    checked = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lowd.late import y\n"
    first = package(step=checked + "x = 1")
    assert package(step="from typing import TYPE_CHECKING\nx = 1") == first
    assert package(late="y = 2") == first
    called = package(step="def f():\n    from lowd.late import y\nx = 1")
    assert called not in (bare, first)
    assert package(late="y = 3") != called


def test_faces_of_packages_do_not_count_and_packages_that_do_something_do(package, tmp_path):
    first = package(step=STEP, laws__one="law = 1", laws__two="other = 2")
    face = tmp_path / "laws/__init__.py"
    face.write_text('"""Laws."""\nimport lazy_loader as lazy\n__all__ = lazy.attach(__name__, [])')
    assert package() == first
    face.write_text("import random\nrandom.seed(1)\n")
    assert package() != first


SETTINGS = """
class Source(Settings):
    kind: Literal["a"]
    size: int = 3
    native: ClassVar[int] = 8

    @model_validator(mode="after")
    def _fits(self) -> "Source":
        return self

    @property
    def shape(self) -> int:
        return self.size * FACTOR

    def check(self, other: int) -> None:
        raise ValueError(other)


FACTOR = 2
Any = Annotated[Source | Other, Field(discriminator="kind")]
"""


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("size: int = 3", "size: int = 4\n    more: int = 0", False),
        ("        return self\n", "        raise ValueError\n", False),
        ("raise ValueError(other)", "raise TypeError(other)", False),
        ("Source | Other", "Source | Other | Third", False),
        ("FACTOR = 2", "import re\nFACTOR = 2\nclass Third(Settings):\n    x: int", False),
        ("FACTOR = 2", "FACTOR = 3", True),
        ("ClassVar[int] = 8", "ClassVar[int] = 9", True),
        ("self.size * FACTOR", "self.size + FACTOR", True),
    ],
)
def test_what_settings_declare_does_not_count_and_what_they_compute_does(package, old, new, counts):
    step = "from lowd.kinds.settings import Source\nx = Source.shape"
    first = package(step=step, kinds__settings=SETTINGS)
    assert SETTINGS.count(old) == 1
    assert (package(kinds__settings=SETTINGS.replace(old, new)) != first) == counts
    outside = package(
        step=step.replace("settings", "other"), kinds__other=SETTINGS.replace(old, new)
    )
    assert outside != package(kinds__other=SETTINGS)


def test_modules_that_import_each_other_have_no_digest(package):
    with pytest.raises(RecursionError):
        package(step="from lowd.other import x", other="from lowd.step import y")


def test_source_files_are_all_that_a_step_can_run_with_packages():
    files = [str(path.relative_to(ROOT)) for path in source_files(["lowd.kinds.transition.score"])]
    for path in ("__init__.py", "steps/__init__.py", "metrics/__init__.py", "base.py"):
        assert path in files
    assert "metrics/generalization.py" in files and "training/trainer.py" not in files
    assert files == sorted(files, key=lambda f: f.removesuffix(".py").removesuffix("/__init__"))


def test_another_folders_code_is_refused_and_a_copy_of_it_is_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_here(["lowd.steps.noise"])  # a folder without code of its own
    for path in source_files(["lowd.steps.noise"]):
        copy = tmp_path / "lowd" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    check_here(["lowd.steps.noise"])
    (tmp_path / "lowd/steps/noise.py").write_text("# mine\n")
    with pytest.raises(ValueError, match=r"^lowd/steps/noise.py is not the code that runs"):
        check_here(["lowd.steps.noise"])
    (tmp_path / "lowd/steps/noise.py").unlink()
    with pytest.raises(ValueError, match="make setup"):
        check_here(["lowd.steps.noise"])
    check_here(["lowd.base"])


def test_nothing_is_called_made_or_traced_by_another_folders_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lowd").mkdir()
    for name in ("__init__.py", "base.py"):
        (tmp_path / "lowd" / name).write_bytes((ROOT / name).read_bytes() + b"# mine\n")
    (tmp_path / "params.yaml").write_text(json.dumps({"studies": {"tiny": STUDIES["tiny"]}}))
    with pytest.raises(ValueError, match="make setup"):
        due(read_graph())
    source = SimpleNamespace(path=Path("lowd/base.py"), digests=SimpleNamespace(sha256=""))
    with pytest.raises(ValueError, match="make setup"):
        drifts([MagicMock(sources=[source], spec=Statement)], None)


def test_the_digest_of_several_modules_is_that_of_their_union_in_any_order():
    pair = ["lowd.steps.figure", "lowd.kinds.transition.figures.errors"]
    assert code_digest(pair) == code_digest(pair[::-1])
    assert code_digest(pair) != code_digest(pair[:1])


def test_no_module_imports_what_the_digest_cannot_follow():
    for module, source in SOURCES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "lowd" for alias in node.names), module
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lowd":
                assert node.module in MODULES
                if find_spec(node.module).submodule_search_locations:  # no lazy names
                    assert all(f"{node.module}.{alias.name}" in MODULES for alias in node.names)


# Digests of before


def test_restated_digests_are_those_of_the_commit_that_they_name(tmp_path):
    lines = [json.loads(line) for line in RESTATED.read_text().splitlines()]
    (commit,) = {line["commit"] for line in lines}
    files = subprocess.run(["git", "archive", commit, "lowd"], cwd=ROOT.parent, capture_output=True)
    if files.returncode:
        pytest.skip("the history is not here")
    subprocess.run(["tar", "-x", "-C", tmp_path], input=files.stdout, check=True)
    asked = json.dumps([list(line["modules"]) for line in lines])
    then = """
import json, sys
from lowd.provenance.code import code_digest
print(json.dumps([code_digest(modules) for modules in json.load(sys.stdin)]))
"""
    now = f"""
import json, pathlib, sys
sys.path.insert(0, {str(ROOT.parent)!r})
from lowd.provenance import code
code.ROOT = pathlib.Path({str(tmp_path)!r}, "lowd")
print(json.dumps([code.module_digests(modules) for modules in json.load(sys.stdin)]))
"""
    for program, key in ((then, "code"), (now, "modules")):
        ran = subprocess.run(
            [sys.executable, "-c", program],
            input=asked,
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
        )
        assert json.loads(ran.stdout) == [line[key] for line in lines]
