"""`lowd step describe-fixed`: descriptor, with a threshold that the study gives."""

from pathlib import Path

from lowd.base import Settings
from lowd.metrics.settings import DescriptorKind, UnrelatedRule
from lowd.steps.describe import DescribeStep, describe

Q = 0.999
"""The quantile of the similarity between unrelated samples that is told beside the threshold."""


class FixedStep(Settings):
    """Settings of the step; `largest` is the study's largest N.

    Attributes:
        threshold: the cosine above which two samples are copies.
    """

    descriptor: DescriptorKind
    threshold: float
    largest: int


def describe_fixed(settings: FixedStep, *, pool: Path, teacher: Path, output: Path) -> None:
    """Write what `describe` does, to the JSON file `output`, with the threshold that is given.

    The log has what a rule would have given: how similar unrelated samples of the teacher are.
    """
    import json
    import sys

    from lowd.store.atomic import staged

    chosen, rule = settings.descriptor, UnrelatedRule(unrelated=Q)
    by_rule = DescribeStep(descriptor=chosen, threshold=rule, largest=settings.largest)
    with staged(output) as draft:
        describe(by_rule, pool=pool, teacher=teacher, output=draft)
        content = json.loads(draft.read_text())
        unrelated = content["threshold"]
        content |= {"rule": {"fixed": settings.threshold}, "threshold": settings.threshold}
        draft.write_text(json.dumps(content, indent=1) + "\n")
    print(
        f"τ = {settings.threshold:g}, as given; {Q:.1%} of pairs of different teacher samples are "
        f"less similar than {unrelated:.3f}",
        file=sys.stderr,
    )
