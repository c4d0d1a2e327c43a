"""Every score of a set of generated samples, with its interval and what to compare it with."""

from lowd.evaluation.comparing import Matches
from lowd.evaluation.copying import memorised, nearness
from lowd.evaluation.describing import Described
from lowd.evaluation.distribution import distribution
from lowd.evaluation.paired import paired
from lowd.evaluation.references import References
from lowd.evaluation.score import Score
from lowd.evaluation.threshold import Threshold
from lowd.progress import Watch


def scores(
    generated: Described,
    references: References,
    matches: Matches,
    threshold: Threshold,
    watch: Watch,
) -> tuple[Score, ...]:
    """All that the references allow for, in the order in which they are shown.

    Raises:
        ValueError: samples that are to come from the same noises differ in number.
    """
    return (
        *memorised(matches, references, threshold),
        *paired(generated, references, threshold),
        *nearness(generated, references, watch),
        *distribution(generated, references, watch),
    )
