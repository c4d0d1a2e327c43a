"""Studies that a step compares, as figures tell them apart."""

from lowd.base import Settings


class Member(Settings):
    """One study of those compared.

    Attributes:
        name: what to call it.
        clusters: K of its subspaces; 1 for real images.
        rank: their dimension r; None for real images.
    """

    name: str
    clusters: int = 1
    rank: int | None = None
