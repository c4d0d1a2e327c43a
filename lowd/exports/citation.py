"""Who made a repository and under which licence it is: what its CITATION.cff says.

The Citation File Format, version 1.2 (citation-file-format.github.io).
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from lowd.base import Settings
from lowd.parsing import parse_settings

CITATION, LICENCE = Path("CITATION.cff"), Path("LICENSE")
EXAMPLE = (
    "cff-version: 1.2.0, message, title, type: dataset, version, license (an SPDX identifier), "
    "authors with family-names and given-names, or name"
)


class _Part(Settings):
    """What lowd has no use for is for others."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=lambda name: name.replace("_", "-")
    )


class Author(_Part):
    """A person, or, by one name, a group of people."""

    family_names: str = ""
    given_names: str = ""
    name: str = ""
    orcid: str = ""
    affiliation: str = ""

    @property
    def is_group(self) -> bool:
        """Whether it is no person."""
        return bool(self.name)

    @property
    def listed(self) -> str:
        """The name, of a person the family's first."""
        names = (self.name, self.family_names, self.given_names)
        return ", ".join(name for name in names if name)


def _first(licence: Any) -> Any:
    return licence[0] if isinstance(licence, list) and licence else licence


class Citation(_Part):
    """As far as archives need it.

    Attributes:
        licence: SPDX's identifier; of several, of which any may be chosen, the first.
    """

    title: str = Field(min_length=1)
    authors: tuple[Author, ...] = Field(min_length=1)
    licence: Annotated[str, BeforeValidator(_first)] = Field(alias="license")
    version: Annotated[str, BeforeValidator(str)] = ""
    abstract: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def licence_url(self) -> str:
        """Where SPDX has the licence's text."""
        return f"https://spdx.org/licenses/{self.licence}"

    @property
    def credit(self) -> str:
        """Authors and title, as in a list of references."""
        return f"{'; '.join(author.listed for author in self.authors)}: {self.title}"


def read_citation() -> Citation:
    """What the CITATION.cff of the current folder says.

    Raises:
        FileNotFoundError: it is not there, or the licence's text is not.
        ValueError: it lacks something.
    """
    for path, content in ((CITATION, EXAMPLE), (LICENCE, "the licence's text")):
        if not path.is_file():
            raise FileNotFoundError(
                f"there is no {path} beside params.yaml, and nobody else can say who made this and "
                f"under which licence; write one ({content})"
            )
    return parse_settings(Citation, CITATION.read_text(), str(CITATION))


def zenodo(citation: Citation, title: str, description: str, published: str) -> dict[str, Any]:
    """The content of .zenodo.json, by which a deposit is filled in.

    Args:
        citation: of the repository.
        title: of the archive.
        description: the same in a sentence.
        published: the day, as ISO 8601 has it.
    """
    creators = [
        {
            "name": author.listed,
            **({"affiliation": author.affiliation} if author.affiliation else {}),
            **({"orcid": author.orcid.rsplit("/", 1)[-1]} if author.orcid else {}),
        }
        for author in citation.authors
    ]
    return {
        "title": title,
        "upload_type": "dataset",
        "description": description,
        "creators": creators,
        "access_right": "open",
        "license": citation.licence.lower(),
        "publication_date": published,
        **({"version": citation.version} if citation.version else {}),
        **({"keywords": list(citation.keywords)} if citation.keywords else {}),
    }
