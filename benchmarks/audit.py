"""How long audit takes beside coreutils on the same files, and trace on the main figures."""

import subprocess
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from statistics import median

from lowd.provenance.repository import read_repository
from lowd.store.atomic import staged

ROOT = Path(__file__).parents[1]
COMMAND = "python benchmarks/audit.py"
PAGE = ROOT / "docs/benchmarks/audit.md"
TURNS = 7
FIGURES = [f"{s}/{f}" for s in ("molrg", "digits") for f in ("errors", "regimes", "transition")]
TEXT = """\
# What an audit costs

Written by `{command}` on {today}: medians of {turns} interleaved turns, all files in memory.

| | seconds | MB/s |
|---|---|---|
{rows}

`lowd audit` reads every file once for both digests, on all cores, and checks everything else too:
it is {ratio:.0f} % as fast as `sha256sum` and then `md5sum`, which use one core, on the same
{files} files.

| trace | seconds |
|---|---|
{traces}
"""


def seconds(command: Sequence[str], stdin: bytes = b"") -> float:
    start = time.perf_counter()
    subprocess.run(command, input=stdin, stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    return time.perf_counter() - start


def main() -> None:
    repository = read_repository()
    declared = [path for path in {*repository.claims, *repository.readers} if path.exists()]
    nested = [list(path.rglob("*")) if path.is_dir() else [path] for path in declared]
    files = sorted({path for paths in nested for path in paths if path.is_file()})
    listed = b"\0".join(str(path).encode() for path in files)
    size = sum(path.stat().st_size for path in files) / 1e6
    commands = {
        "`sha256sum`": (["xargs", "-0", "sha256sum"], listed),
        "`md5sum`": (["xargs", "-0", "md5sum"], listed),
        "`lowd audit`": (["lowd", "audit"], b""),
    } | {figure: (["lowd", "trace", f"figures/{figure}.svg"], b"") for figure in FIGURES}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(TURNS + 1):
        for name, (command, stdin) in commands.items():
            taken[name].append(seconds(command, stdin))
    medians = {name: median(times[1:]) for name, times in taken.items()}  # the first warms up
    sums, whole = list(medians)[:2], list(medians)[:3]
    with staged(PAGE) as draft:
        draft.write_text(
            TEXT.format(
                command=COMMAND,
                today=date.today(),
                turns=TURNS,
                rows="\n".join(
                    f"| {n} | {medians[n]:.2f} | {size / medians[n]:.0f} |" for n in whole
                ),
                ratio=100 * sum(medians[name] for name in sums) / medians["`lowd audit`"],
                files=len(files),
                traces="\n".join(f"| {name} | {medians[name]:.2f} |" for name in FIGURES),
            )
        )


if __name__ == "__main__":
    main()
