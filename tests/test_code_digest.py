import ast
import json
import os
import random
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lowd.provenance import code
from lowd.provenance.code import code_digest, source_digest, source_files

ROOT = code.ROOT
MODULES = sorted(
    ".".join(("lowd", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
)
STEPS = [module for module in MODULES if module.startswith("lowd.steps.")]
SOURCES = {module: code._path(module).read_text() for module in MODULES}


@pytest.fixture
def copy(tmp_path):
    """A copy of the package that may be edited."""
    ignored = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(ROOT, tmp_path / "lowd", ignore=ignored))


def digests(copy):
    """The digest of every step and the files it is taken from, in a process that imports `copy`."""
    program = (
        "import json, sys\n"
        "from lowd.provenance.code import ROOT, code_digest, source_files\n"
        "print(json.dumps([str(ROOT), {m: code_digest([m]) for m in sys.argv[1:]},"
        " {m: [str(p.relative_to(ROOT)) for p in source_files([m])] for m in sys.argv[1:]}]))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, *STEPS],
        env=os.environ | {"PYTHONPATH": str(copy.parent)},
        cwd=copy.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    root, found, files = json.loads(ran.stdout)
    assert Path(root) == copy, "the digest was taken from another copy of lowd"
    return found, files


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


@pytest.mark.parametrize("module", MODULES)
def test_any_constant_name_or_operator_of_a_module_counts(module):
    source = SOURCES[module]
    digest = source_digest(source)
    nodes = list(ast.walk(without_docstrings(source)))
    docstrings = {id(node.value) for node in nodes if is_string(node)}
    told = {id(node) for each in nodes if is_told(each) for node in ast.walk(each)}
    edits = [
        position
        for position, node in enumerate(nodes)
        if isinstance(
            node, ast.Constant | ast.Name | ast.Attribute | ast.BinOp | ast.Compare | ast.arg
        )
        and id(node) not in docstrings | told
    ]
    for position in random.Random(module).sample(edits, min(8, len(edits))):
        tree = without_docstrings(source)
        node = list(ast.walk(tree))[position]
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
        edited = ast.unparse(ast.fix_missing_locations(tree))
        assert source_digest(edited) != digest, ast.unparse(node)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_printed_anew_without_docstrings_has_the_same_digest(module):
    bare = ast.unparse(without_docstrings(SOURCES[module]))
    assert '"""' not in bare.replace('"""Another."""', "")
    assert source_digest(SOURCES[module]) == source_digest(bare)
    assert source_digest(SOURCES[module]) == source_digest(ast.unparse(ast.parse(SOURCES[module])))


def interpreter(version):
    """A Python of this version, on the path or kept by pyenv."""
    kept = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
    for found in (shutil.which(f"python{version}"), *kept):
        # pyenv puts names on the path that only say how to choose a version.
        if found and not subprocess.run([found, "-c", ""], capture_output=True).returncode:
            return found
    return None


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_every_python_gives_the_same_digest(version):
    other = interpreter(version)
    if other is None:
        pytest.skip(f"no Python {version} here")
    # Run from source, with a stand-in for what another Python may lack.
    program = """
import json, sys, types
sys.modules["grimp"] = types.SimpleNamespace(ImportGraph=None)
code, sources = json.load(sys.stdin)
space = {"__file__": "/lowd/provenance/code.py"}
exec(code, space)
print(json.dumps({m: space["source_digest"](source) for m, source in sources.items()}))
"""
    sources = SOURCES | {"f-strings": "x = f'{a!r:>{b}} {{}} {c=}' 'd'\ny = f''\nz = '\\''"}
    ran = subprocess.run(
        [other, "-I", "-c", program],
        input=json.dumps([SOURCES["lowd.provenance.code"], sources]),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout) == {m: source_digest(s) for m, s in sources.items()}


def test_a_digest_follows_imports_and_their_packages_and_nothing_else(copy):
    before, _ = digests(copy)
    everyone = set(before)
    for name, using in {
        "metrics/generalization.py": {"score", "controls", "follow", "agree", "pair"},
        "training/trainer.py": {"train", "resumable", "teachers.trained"},
        "provenance/code.py": set(),
        "__init__.py": {step.removeprefix("lowd.steps.") for step in everyone},
    }.items():
        path = copy / name
        original = path.read_text()
        path.write_text(original + "\nEDITED = 1\n")
        after, _ = digests(copy)
        path.write_text(original)
        changed = {step for step in everyone if after[step] != before[step]}
        assert changed == {f"lowd.steps.{step}" for step in using}


def test_the_packages_around_a_module_count():
    files = [str(path.relative_to(ROOT)) for path in source_files(["lowd.steps.score"])]
    for package in ("__init__.py", "steps/__init__.py", "metrics/__init__.py", "store/__init__.py"):
        assert package in files
    assert files == sorted(files, key=lambda f: f.removesuffix(".py").removesuffix("/__init__"))


def test_imports_inside_functions_count_and_imports_for_type_checkers_do_not(copy):
    noise = copy / "steps" / "noise.py"
    original = noise.read_text()
    checked = "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    "
    noise.write_text(f"{original}{checked}from lowd.models.unet import UNet\n")
    assert "models/unet.py" not in digests(copy)[1]["lowd.steps.noise"]
    noise.write_text(original + "\ndef late():\n    from lowd.models.unet import UNet\n")
    assert "models/unet.py" in digests(copy)[1]["lowd.steps.noise"]


def test_the_digest_of_several_modules_is_that_of_their_union_in_any_order():
    pair = ["lowd.steps.figure", "lowd.figures.errors"]
    assert code_digest(pair) == code_digest(pair[::-1])
    assert code_digest(pair) != code_digest(pair[:1])


@pytest.mark.parametrize("module", MODULES)
def test_no_module_imports_through_a_lazy_face_where_the_graph_sees_nothing(module):
    for node in ast.walk(ast.parse(SOURCES[module])):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "lowd":
            assert node.module in MODULES
            spec = find_spec(node.module)
            if spec.submodule_search_locations:
                assert all(f"{node.module}.{alias.name}" in MODULES for alias in node.names)
