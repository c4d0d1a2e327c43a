"""Cases that were met in the field: tools that fail, other folders' code, history, other layouts.

python benchmarks/faults/field.py               # all: a section of docs/faults.md each
python benchmarks/faults/field.py tools chunks  # these alone
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

import chunks
import edited
import elsewhere
import endings
import remade
import tools
from places import Place
from report import processor_seconds, table, write, written_by

PARTS = {
    "tools": tools,
    "remade": remade,
    "elsewhere": elsewhere,
    "edited": edited,
    "chunks": chunks,
    "endings": endings,
}
TEXT = """\
{written}

Of two tiny studies that are finished and committed, one of an exact teacher and one of images.
{text}

{table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all if none is given")
    asked = parser.parse_args().parts
    with tempfile.TemporaryDirectory(prefix="lowd-field-") as folder:
        place = Place(Path(folder))
        is_right = True
        for name in asked or PARTS:
            part, start, rows = PARTS[name], processor_seconds(), []
            for row in part.all_rows(place):
                print(row, flush=True)
                rows.append(row)
            written = written_by(
                f"python benchmarks/faults/field.py {name}",
                f"{processor_seconds() - start:.0f} seconds of one processor",
            )
            write(part.HEADING, TEXT.format(written=written, text=part.TEXT, table=table(rows)))
            is_right &= all(row.is_right for row in rows)
    sys.exit(0 if is_right else "something went undetected, or was lost")


if __name__ == "__main__":
    main()
