"""What happens to files, runs and settings when things go wrong: the table in docs/faults.md.

A fault is *detected* if a command names what is wrong, and *lost* is what the remedy, or simply the
next run, does not bring back to the bit. Needs root, to mount small and read-only disks.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import damage
import hostile
import runs
from report import table, write, written_by
from rows import Row

SECTIONS = ("field.py", "changes.py")
"""Programs that write sections of their own."""
HEADING = "Damaged files and stopped runs"
TEXT = """\
{written}

Files of the default studies were damaged in a clone that had them restored, one at a time, bits and
files inside folders picked at random; runs of small studies were killed, starved of disk and
started twice. *Detected*: the command beside it named the file (or setting) at fault, of data that
DVC can bring as not local; an output that is wrong had to stop the next run too. *Lost*: not there
to the bit after `git checkout` or `dvc checkout`; for runs, after the same command again. That
nothing else is accused, tests/test_audit.py checks.

{table}
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
    written = written_by("python benchmarks/faults", f"{minutes:.0f} minutes")
    write(HEADING, TEXT.format(written=written, table=table(rows)))
    whole = all(row.is_right for row in rows)
    # In processes that have not computed anything, which their forks would inherit.
    for program in SECTIONS:
        whole &= not subprocess.run(
            [sys.executable, str(Path(__file__).with_name(program))]
        ).returncode
    sys.exit(0 if whole else "something went undetected, or was lost")


if __name__ == "__main__":
    main()
