"""What happens to files, runs and settings when things go wrong: the table in docs/faults.md.

A fault is *detected* if a command names what is wrong, and *lost* is what the remedy, or simply the
next run, does not bring back to the bit. Needs root, to mount small and read-only disks.
"""

import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import damage  # noqa: E402
import hostile  # noqa: E402
import runs  # noqa: E402
from rows import Row  # noqa: E402

from lowd.store.atomic import staged  # noqa: E402

TABLE = ROOT / "docs/faults.md"
CHANGES = Path(__file__).parent / "changes.py"
"""Adds its own table."""
HEAD = """\
# Faults

Written by `python benchmarks/faults` on {today}, in {minutes:.0f} minutes.

Files of the default studies were damaged in a clone that had them restored, one at a time, bits and
files inside folders picked at random; runs of small studies were killed, starved of disk and
started twice. *Detected*: the command beside it named the file (or setting) at fault, of data that
DVC can bring as not local; an output that is wrong had to stop the next run too. *Lost*: not there
to the bit after `git checkout` or `dvc checkout`; for runs, after the same command again. That
nothing else is accused, tests/test_audit.py checks.

| fault | told by | tried | detected | lost |
|---|---|---|---|---|
"""


def main() -> None:
    start = time.monotonic()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="lowd-faults-") as folder:
        for part in (hostile, runs, damage):
            for row in part.all_rows(Path(folder)):
                print(row, flush=True)
                rows.append(row)
    minutes = (time.monotonic() - start) / 60
    lines = [
        f"| {row.fault} | {row.told_by} | {row.tried} | "
        f"{'–' if row.detected is None else row.detected} | {row.lost} |\n"
        for row in rows
    ]
    with staged(TABLE) as draft:
        draft.write_text(HEAD.format(today=date.today(), minutes=minutes) + "".join(lines))
    whole = all(row.detected in (None, row.tried) and not row.lost for row in rows)
    # In a process that has not computed anything, which its forks would inherit.
    changes = subprocess.run([sys.executable, str(CHANGES)])
    sys.exit(0 if whole and not changes.returncode else "something went undetected, or was lost")


if __name__ == "__main__":
    main()
