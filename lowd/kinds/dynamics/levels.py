"""Levels of curves along training, at which something has happened."""

from pydantic import Field, PositiveFloat

from lowd.base import Settings


class TimesSettings(Settings):
    """Levels at which something has happened, fixed before any student is looked at.

    Attributes:
        quality: E_gen of a student that generalises, in units of the descriptor.
        copied: the share of samples that are copies of one that memorises.
        held_out: its held-out loss, in units of the least before.
    """

    quality: PositiveFloat
    copied: float = Field(0.1, gt=0, lt=1)
    held_out: float = Field(1.1, gt=1)
