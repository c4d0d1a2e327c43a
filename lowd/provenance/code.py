"""The digest of the code a step runs: neither Snakemake nor DVC notices a changed module.

A module's digest is taken of its syntax, in which each import from this package stands as the
digest of what it imports. So it follows all that the module can run, and neither where modules lie
nor what they are called. What can't change a result is left out: comments, docstrings, layout, the
order of imports, what type checkers alone import, and

- faces of packages, which have a docstring or lazy names and nothing else;
- what only declares in modules of settings: fields, validators, unions of types. Of every job the
  settings themselves are stated, as JSON, and compared;
- what is told of progress.
"""

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = "lowd"
TELLING = "lowd.progress"
"""What tells a spectator how far a job is: no result depends on it, so no digest does."""
ROOT = Path(__file__).parents[1]


def code_digest(modules: Iterable[str]) -> str:
    """SHA-256 over all source that `modules` can run, transitively, inside the package.

    It is the same on every Python from 3.11 on. Imports made by name at run time are not seen:
    list such modules themselves.

    Raises:
        OSError: there is no such module.
        SyntaxError: one can't be read.
        RecursionError: modules import each other in a circle.
    """
    return combined(module_digests(modules).values())


def combined(digests: Iterable[str]) -> str:
    """The digest of code whose modules have these."""
    return _sha256(sorted(set(digests)))


def module_digests(modules: Iterable[str]) -> dict[str, str]:
    """The digest of each module with all that it imports, by its name; raises as `code_digest`."""
    return {module: _digest(module) for module in modules}


def is_here(module: str, digest: str) -> bool:
    """Whether a module of that digest is in the package, under this name or another.

    One that has moved is looked for by its last name first: to read all takes a second or two.
    """
    last = module.rsplit(".", 1)[-1]
    alike = [each for each in _all_modules() if each.rsplit(".", 1)[-1] == last]
    return any(_digest(each) == digest for each in alike) or digest in _all_digests()


@cache
def _all_digests() -> frozenset[str]:
    return frozenset(module_digests(_all_modules()).values())


def source_files(modules: Iterable[str]) -> list[Path]:
    """The files that `modules` can run, faces of packages included, by their modules' names."""
    found: set[str] = set()
    pending = set(modules)
    while pending:
        module = pending.pop()
        found.add(module)
        needed = {each.module for each in _module(module).imports}
        pending |= (needed | {*_packages(module)}) - found
    return [_path(module) for module in sorted(found)]


class Import(NamedTuple):
    """A module of the package, what is taken from it, and what that is called here."""

    module: str
    name: str
    called: str


class _Module(NamedTuple):
    """The syntax of a module as JSON, but for its imports from the package; and these."""

    syntax: object
    imports: tuple[Import, ...]


def source_digest(source: str) -> str:
    """SHA-256 of what counts of a module, whose imports stand by their names."""
    return _sha256(_read(source, is_settings=False))


@cache
def _digest(module: str) -> str:
    syntax, imports = _module(module)
    needed = sorted([_digest(each.module), each.name, each.called] for each in imports)
    around = [_module(package).syntax for package in _packages(module)]
    return _sha256([syntax, needed, [face for face in around if face]])


@cache
def _module(module: str) -> _Module:
    last = module.rsplit(".", 1)[-1]
    return _read(_path(module).read_text(), last == "settings" or last.endswith("_settings"))


def _read(source: str, is_settings: bool) -> _Module:
    reader = _Reader()
    tree = reader.visit(ast.parse(source))
    if not is_settings:
        return _Module([] if _is_face(tree) else _plain(tree.body), tuple(reader.imports))
    body = [kept for node in tree.body for kept in _computing(node)]
    used = {node.id for each in body for node in ast.walk(each) if isinstance(node, ast.Name)}
    body = [
        node
        for node in body
        if not isinstance(node, ast.Import | ast.ImportFrom)
        or used & {alias.asname or alias.name.split(".")[0] for alias in node.names}
    ]
    return _Module(_plain(body), tuple(each for each in reader.imports if each.called in used))


class _Reader(ast.NodeTransformer):
    """Takes out of a module, and lists, what it imports from the package; and what it tells."""

    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.told: set[str] = set()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        source = node.module or ""
        if node.level or source.split(".")[0] != PACKAGE:
            return node
        for alias in node.names:
            called = alias.asname or alias.name
            if source == TELLING:
                self.told.add(called)
            elif _path(inner := f"{source}.{alias.name}").exists():
                self.imports.append(Import(inner, "", called))
            else:
                self.imports.append(Import(source, alias.name, called))
        return None

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(each) for each in node.orelse]
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        match node.value:
            case ast.Call(func=ast.Name(id=name)) if name in self.told:
                return None
        return self.generic_visit(node)


def _is_face(tree: ast.Module) -> bool:
    """Whether a module does nothing but give the names of others, when they are asked for."""
    match [node for node in tree.body if not _does_nothing(node)]:
        case []:
            return True
        case [
            ast.Import(names=[ast.alias(name="lazy_loader")]),
            ast.Assign(value=ast.Call() as by),
        ]:
            return ast.unparse(by.func) == "lazy.attach"
    return False


def _computing(node: ast.stmt) -> Iterator[ast.stmt]:
    """What of a statement in a module of settings computes something that a step may ask for.

    Functions that return nothing can but refuse; fields and unions of types only declare.
    """
    match node:
        case ast.ClassDef():
            inner = [each for each in node.body if not _is_field(each)]
            if kept := [each for statement in inner for each in _computing(statement)]:
                yield ast.ClassDef(node.name, [], [], kept, [])
        case ast.FunctionDef(returns=ast.Constant(value=None)):
            pass
        case ast.FunctionDef() if any("validator" in ast.unparse(d) for d in node.decorator_list):
            pass
        case ast.Assign(value=ast.Subscript() | ast.Name() | ast.BinOp(op=ast.BitOr())):
            pass
        case _:
            yield node


def _is_field(node: ast.stmt) -> bool:
    """Whether it is a field of settings, whose value is stated; or says how they are read."""
    match node:
        case ast.AnnAssign():
            return not ast.unparse(node.annotation).startswith("ClassVar")
        case ast.Assign(targets=[ast.Name(id="model_config")]):
            return True
    return _does_nothing(node)


def _packages(module: str) -> list[str]:
    """The packages around a module, which are run before it."""
    return [module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)]


def _path(module: str) -> Path:
    stem = ROOT.joinpath(*module.split(".")[1:])
    return stem / "__init__.py" if stem.is_dir() else stem.with_suffix(".py")


@cache
def _all_modules() -> tuple[str, ...]:
    parts = (path.relative_to(ROOT).with_suffix("").parts for path in ROOT.rglob("*.py"))
    return tuple(".".join((PACKAGE, *each)).removesuffix(".__init__") for each in parts)


def _sha256(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


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
