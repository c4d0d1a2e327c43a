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
            start, rows = processor_seconds(), []
            for row in PARTS[name].all_rows(place):
                print(row, flush=True)
                rows.append(row)
            written = written_by(
                f"python benchmarks/faults/field.py {name}",
                f"{processor_seconds() - start:.0f} seconds of one processor",
            )
            text = TEXT.format(written=written, text=PARTS[name].TEXT, table=table(rows))
            write(PARTS[name].HEADING, text)
            is_right &= all(row.is_right for row in rows)
    sys.exit(0 if is_right else "something went undetected, or was lost")


if __name__ == "__main__":
    main()
