"""What of a module's source counts in its digest."""

import ast
import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from lowd.provenance import code
from lowd.provenance.code import source_digest

ROOT = code.ROOT
MODULES = sorted(
    ".".join(("lowd", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
)
SOURCES = {module: code._path(module).read_text() for module in MODULES}


def is_string(statement):
    """Whether a statement is a docstring: of a module, class, function or attribute."""
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
    return False


def is_told(statement):
    """Whether a statement tells a spectator how far a job is, which is left out of the digest."""
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name.startswith("report_")
    return False


def is_checked(statement):
    """Whether type checkers alone read a statement."""
    match statement:
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
    return False


def without_docstrings(source):
    """The source's syntax without docstrings; where one was all there was, another stands."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and value:
                kept = [item for item in value if not is_string(item)]
                setattr(node, name, kept or ast.parse("'Another.'").body)
    return tree


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 1  # one"),
        ("x = 1", "\n\n# one\nx = 1\n"),
        ("x = 1", '"""Doc."""\nx = 1'),
        ("x = 1", 'x = 1\n"""Of an attribute."""'),
        ("def f():\n    return 1", "def f():\n  '''Doc.'''\n  return (1)"),
        ("class A:\n    x = 1", 'class A:\n    """Doc."""\n\n    x = 1'),
        ("f(a, b)", "f(\n    a,\n    b,\n)"),
        ("x = 'a'", 'x = "a"'),
        ("x = 'ab'", "x = 'a' 'b'"),
        ("x = 1000.0", "x = 1_000.0"),
        ("x = 'a'", "x = u'a'"),
        ("if a:\n    b()", "if a: b()"),
    ],
)
def test_what_does_nothing_does_not_count(before, after):
    assert source_digest(before) == source_digest(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 1", "x = '1'"),
        ("x = None", "x = 'None'"),
        ("x = None", "x = ..."),
        ("x = 'a'", "x = b'a'"),
        ("x = 'a'", "x = 'A'"),
        ("return_ = None", "return_ = 0"),
        ("f(a, b)", "f(b, a)"),
        ("f(a)", "f(*a)"),
        ("f(a=1)", "f(b=1)"),
        ("a < b", "a <= b"),
        ("a - b", "a + b"),
        ("a - (b - c)", "a - b - c"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}'", "x = f'{a:.1f}'"),
        ("x = 'doc'", "'doc'"),
        ("def f(a=1): pass", "def f(a=2): pass"),
        ("def f(a, b): pass", "def f(a, *, b): pass"),
        ("def f(a: int): pass", "def f(a: str): pass"),
        ("@a\ndef f(): pass", "def f(): pass"),
        ("if a:\n    b()\n    c()", "if a:\n    b()\nc()"),
        ("import a", "import a as b"),
        ("from a import b", "from .a import b"),
        ("a()\nb()", "b()\na()"),
        ("x = [1]", "x = []"),
        ("x = []", "x = ()"),
        ("for a in b: c()", "async def f():\n    async for a in b: c()"),
    ],
)
def test_what_does_something_counts(before, after):
    assert source_digest(before) != source_digest(after)


def test_any_constant_name_or_operator_of_a_module_counts():
    pick = random.Random(0)
    counting = [module for module in MODULES if code._path(module).name != "__init__.py"]
    for module in pick.sample(counting, 40):
        source = SOURCES[module]
        nodes = list(ast.walk(without_docstrings(source)))
        left_out = {id(node.value) for node in nodes if is_string(node)}
        left_out |= {id(node) for each in nodes if is_told(each) for node in ast.walk(each)}
        left_out |= {id(node) for each in nodes if is_checked(each) for node in ast.walk(each)}
        edits = [
            position
            for position, node in enumerate(nodes)
            if isinstance(
                node, ast.Constant | ast.Name | ast.Attribute | ast.BinOp | ast.Compare | ast.arg
            )
            and id(node) not in left_out
        ]
        for position in pick.sample(edits, min(2, len(edits))):
            tree = without_docstrings(source)
            node = list(ast.walk(tree))[position]
            edit(node)
            edited = ast.unparse(ast.fix_missing_locations(tree))
            assert source_digest(edited) != source_digest(source), (module, ast.unparse(node))


def edit(node):
    """Make it mean something else."""
    match node:
        case ast.Constant():
            node.value = "another" if isinstance(node.value, str) else 12345
        case ast.Name():
            node.id += "_"
        case ast.Attribute():
            node.attr += "_"
        case ast.arg():
            node.arg += "_"
        case ast.BinOp():
            node.op = ast.MatMult() if isinstance(node.op, ast.Pow) else ast.Pow()
        case ast.Compare():
            node.ops[0] = ast.Is() if isinstance(node.ops[0], ast.IsNot) else ast.IsNot()


def test_a_module_printed_anew_without_docstrings_has_the_same_digest():
    for module, source in list(SOURCES.items())[::4]:
        bare = ast.unparse(without_docstrings(source))
        assert '"""' not in bare.replace('"""Another."""', "")
        assert source_digest(source) == source_digest(bare), module


def interpreter(version):
    """A Python of this version, on the path or kept by pyenv."""
    kept = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for found in (shutil.which(f"python{version}"), *kept):
        # pyenv puts names on the path that only say how to choose a version.
        if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode:
            return found
    return None


@pytest.mark.parametrize("version", ["3.12", "3.13", "3.14"])
def test_every_python_gives_the_same_digest(version):
    other = interpreter(version)
    if other is None:
        pytest.skip(f"no Python {version} here")
    # Run from source: another Python may lack the libraries.
    program = """
import json, sys
root, code, sources = json.load(sys.stdin)
space = {"__file__": root + "/provenance/code.py", "__name__": "code"}
exec(code, space)
print(json.dumps({m: space["source_digest"](source) for m, source in sources.items()}))
"""
    some = dict(list(SOURCES.items())[::5])
    sources = some | {"f-strings": "x = f'{a!r:>{b}} {{}} {c=}' 'd'\ny = f''\nz = '\\''"}
    ran = subprocess.run(
        [other, "-I", "-c", program],
        input=json.dumps([str(ROOT), SOURCES["lowd.provenance.code"], sources]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == {m: source_digest(s) for m, s in sources.items()}
