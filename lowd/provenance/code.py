"""The digest of the code a step runs: neither Snakemake nor DVC notices a changed module."""

import ast
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

PACKAGE = "lowd"
TELLING = "lowd.progress"
"""What tells a spectator how far a job is: no result depends on it, so no digest does."""
ROOT = Path(__file__).parents[1]


def code_digest(modules: Iterable[str]) -> str:
    """SHA-256 over all source that `modules` can run, transitively, inside the package.

    Comments, docstrings, layout and what is told of progress do not count, and the digest is the
    same on every Python from 3.11 on. Imports made by name at run time are not seen: list such
    modules themselves.
    """
    return _digest(frozenset(modules))


@cache
def _digest(modules: frozenset[str]) -> str:
    digests = {module: _module_digest(module) for module in sorted(_closure(modules))}
    return hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()


def source_files(modules: Iterable[str]) -> list[Path]:
    """The files `code_digest` reads, in the order of their modules' names."""
    return [_path(module) for module in sorted(_closure(frozenset(modules)))]


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(PACKAGE, cache_dir=None, exclude_type_checking_imports=True)


def _closure(modules: frozenset[str]) -> set[str]:
    """Modules and all they import; importing a module also runs the packages around it."""
    found: set[str] = set()
    pending = set(modules)
    while pending:
        module = pending.pop()
        found.add(module)
        parents = {module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)}
        pending |= (_graph().find_modules_directly_imported_by(module) | parents) - found
    return found - {TELLING}


def source_digest(source: bytes | str) -> str:
    """SHA-256 of a module's source but for comments, docstrings, layout and telling."""
    tree = _Untold().visit(ast.parse(source))
    return hashlib.sha256(json.dumps(_plain(tree)).encode()).hexdigest()


class _Untold(ast.NodeTransformer):
    """A module without the statements that only call functions of TELLING, and their import."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        if node.module != TELLING:
            return node
        self.names |= {alias.asname or alias.name for alias in node.names}
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        match node.value:
            case ast.Call(func=ast.Name(id=name)) if name in self.names:
                return None
        return node


@cache
def _module_digest(module: str) -> str:
    return source_digest(_path(module).read_bytes())


def _path(module: str) -> Path:
    stem = ROOT.joinpath(*module.split(".")[1:])
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


def _plain(node: object) -> object:
    """Syntax as JSON: no positions, no docstrings, no fields that only newer Pythons have."""
    if isinstance(node, list):
        return [_plain(item) for item in node if not _does_nothing(item)]
    if not isinstance(node, ast.AST):
        # The type sets 1 and "1" apart.
        return node if isinstance(node, str) else [type(node).__name__, repr(node)]
    if isinstance(node, ast.JoinedStr):
        # Python 3.12 ends a nested format with an empty string.
        node = ast.JoinedStr([part for part in node.values if getattr(part, "value", None) != ""])
    filled = {
        name: _plain(value)
        for name, value in ast.iter_fields(node)
        if value is not None and value != [] and name not in ("kind", "type_comment")
    }
    return [type(node).__name__, filled]


def _does_nothing(node: object) -> bool:
    """A string that stands as a statement of its own does nothing, wherever it stands."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
