"""The first page of an archive: what is in it, and how to check it and draw a figure again."""

from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path

from lowd.exports.citation import Citation
from lowd.provenance.statement import Statement

README = "README.md"
TEXT = Path(__file__).with_name("readme.md")
INSTALL = {
    True: ("lowd", "the one in here, by `pip install -e .`, PyTorch first"),
    False: (
        "software",
        "by `pip install -r requirements.txt -c constraints.txt`, PyTorch first; or the one in "
        "here, by `export PYTHONPATH=$PWD/software`",
    ),
}
"""Where the code is and how it is installed, by whether it lies at the repository's root."""
COMMANDS = """lowd audit
{restore}mv {figure} kept.svg
lowd make {figure}
cmp kept.svg {figure}"""
ABSENT = """

## What is not in here

Its digests are, in `provenance/` and `dvc.lock`. `lowd make {study}` makes it again.

{files}"""


def readme(
    statements: Mapping[Path, Statement],
    citation: Citation,
    title: str,
    told: str,
    study: str,
    absent: Collection[Path],
) -> str:
    """The page.

    Args:
        statements: of all jobs.
        citation: of the repository.
        title: of the archive.
        told: the same in a sentence.
        study: one to give an example of.
        absent: what is left out.

    Raises:
        ValueError: the study has no figure.
    """
    made = [one.path for each in statements.values() for one in each.subject]
    figures = [path.as_posix() for path in made if path.match(f"figures/{study}/*.svg")]
    if not figures:
        raise ValueError(f"{study} has no figure, and so there is nothing to draw again")
    has_data = not any(path.parts[0] == "data" for path in absent)
    code, install = INSTALL[Path("lowd/__init__.py").exists()]
    restore = f"lowd restore {study}  # takes what is here for made\n" if has_data else ""
    files = "\n".join(f"- `{path.as_posix()}`" for path in absent)
    return TEXT.read_text().format(
        title=title,
        told=told,
        licence=citation.licence,
        study=study,
        data="images, pool, noises, checkpoints and samples"
        if has_data
        else "not in here: images, pool, noises, checkpoints and samples",
        code=code,
        version=version("lowd"),
        install=install,
        commands=COMMANDS.format(restore=restore, figure=figures[0]),
        figure=figures[0],
        absent=ABSENT.format(study=study, files=files) if absent else "",
    )
