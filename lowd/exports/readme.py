"""The first page of an archive: what is in it, and how to check it and draw a figure again."""

from collections.abc import Collection, Iterable, Mapping
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
{restore}cp -r {folder} kept
rm {stem}.*
lowd make {figure}
diff -r kept {folder}"""
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
        ValueError: no figure of the study can be drawn of what is in the archive.
    """
    figure = _drawable(statements.values(), study, absent)
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
        commands=COMMANDS.format(
            restore=restore,
            folder=figure.parent.as_posix(),
            stem=figure.with_suffix("").as_posix(),
            figure=figure.as_posix(),
        ),
        figure=figure.as_posix(),
        absent=ABSENT.format(study=study, files=files) if absent else "",
    )


def _drawable(statements: Iterable[Statement], study: str, absent: Collection[Path]) -> Path:
    """The first figure of the study whose job reads nothing that is left out."""
    for stated in statements:
        read = {one.path for resources in stated.inputs.values() for one in resources}
        for output in stated.subject:
            if output.path.match(f"figures/{study}/*.svg") and read.isdisjoint(absent):
                return output.path
    raise ValueError(
        f"{study} has no figure that can be drawn of what would be in the archive; put its data in "
        "too, or name first a study that has one"
    )
