"""Cases that were met in the field: tools that fail, other folders' code, history, other layouts.

python benchmarks/faults/field.py               # all, and then their table in docs/faults.md
python benchmarks/faults/field.py tools chunks  # these alone, which are printed
"""

import argparse
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "tests"), str(HERE)]

import chunks  # noqa: E402
import edited  # noqa: E402
import elsewhere  # noqa: E402
import endings  # noqa: E402
import remade  # noqa: E402
import tools  # noqa: E402
from changes import processor_seconds  # noqa: E402
from places import Place  # noqa: E402
from report import table, write, written_by  # noqa: E402

PARTS = {
    "tools": tools,
    "remade": remade,
    "elsewhere": elsewhere,
    "edited": edited,
    "chunks": chunks,
    "endings": endings,
}
HEADING = "Cases from the field"
TEXT = """\
{written}

Of two tiny studies that are finished and committed, one of an exact teacher and one of images.
*Detected*: of tools that fail, the command beside it ended with the tool's words and a remedy,
wherever git can't answer what that command asks; of cells made again otherwise, `lowd audit
--rederive` called each different; of settings, the key was named, and `--strict` made it a fault;
of chunks, the store was refused, or, where they may stand for the fill value, their number was
said. *Lost*: what had to go on did not, or what runs leave was other afterwards.

{table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is given")
    asked = parser.parse_args().parts
    with tempfile.TemporaryDirectory(prefix="lowd-field-") as folder:
        place = Place(Path(folder))
        rows = []
        for name in asked or PARTS:
            start = processor_seconds()
            for row in PARTS[name].all_rows(place):
                print(row, flush=True)
                rows.append(row)
            print(f"{name}: {processor_seconds() - start:.0f} s of processors", flush=True)
    if not asked:
        minutes = f"{processor_seconds() / 60:.0f} minutes of one processor"
        written = written_by("python benchmarks/faults/field.py", minutes)
        write(HEADING, TEXT.format(written=written, table=table(rows)))
    sys.exit(0 if all(row.is_right for row in rows) else "something went undetected, or was lost")


if __name__ == "__main__":
    main()
