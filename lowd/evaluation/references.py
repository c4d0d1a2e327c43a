"""What generated samples are held against."""

from dataclasses import dataclass

from lowd.evaluation.describing import Described


@dataclass(frozen=True, eq=False)
class References:
    """What generated samples are held against.

    Attributes:
        training: what the model learned from.
        held_out: data of the same distribution that it did not see.
        teacher: what a teacher, or the true model, makes of the same noises.
        against: what another model makes of them.
        empirical: what the empirical distribution of the training set makes of them.
    """

    training: Described
    held_out: Described | None = None
    teacher: Described | None = None
    against: Described | None = None
    empirical: Described | None = None
