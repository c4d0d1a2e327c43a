"""Settings of the agree step."""

from lowd.base import Settings

SHIFTS = 32
"""Pairings of unrelated noises that a chance level is the mean over, for each two students."""
DRAWS = 4000
"""Bootstrap samples of the noises."""


class Member(Settings):
    """One family, or another solver of one.

    Attributes:
        group: what it is compared as.
        family: the family whose students they are; another than `name` for a solver.
        evaluations: how often a sample asks the network.
    """

    name: str
    group: str
    family: str
    evaluations: int


class AgreeStep(Settings):
    """Settings of the agree step; the order of `members` is that of the stores given."""

    seed: int
    samples: int
    members: tuple[Member, ...]
