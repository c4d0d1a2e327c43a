"""Print the test files that what has changed since the last commit touches.

Those are the ones that changed themselves, and those that import a changed module.
"""

import ast
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def changed() -> set[Path]:
    """Python files that differ from HEAD, new ones too."""
    asked = (["diff", "--name-only", "HEAD"], ["ls-files", "--others", "--exclude-standard"])
    listed = (subprocess.check_output(["git", *words], cwd=ROOT, text=True) for words in asked)
    return {Path(name) for names in listed for name in names.split() if name.endswith(".py")}


def imported(test: Path) -> set[str]:
    """Modules that a test imports, and `module.name` of what it takes from them."""
    found = set()
    for node in ast.walk(ast.parse(test.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def dotted(path: Path) -> str:
    """A module's name; those in tests/ import each other without it."""
    name = ".".join(path.with_suffix("").parts)
    return name.removeprefix("tests.").removesuffix(".__init__")


def touched(paths: set[Path]) -> list[Path]:
    """The tests of these files."""
    modules = {dotted(path) for path in paths}
    tests = sorted((ROOT / "tests").glob("test_*.py"))
    return [
        test.relative_to(ROOT)
        for test in tests
        if test.relative_to(ROOT) in paths or imported(test) & modules
    ]


if __name__ == "__main__":
    print(*touched(changed()))
