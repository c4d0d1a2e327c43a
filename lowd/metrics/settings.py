"""Settings of descriptors and of the similarity threshold."""

from typing import Literal

from pydantic import Field

from lowd.base import Settings


class NearestRule(Settings):
    """The threshold is a quantile of how close fresh teacher samples come to other ones.

    With `nearest: q`, a share q of fresh teacher samples is less similar than the threshold to
    each of n others, n being the study's largest N: the teacher's own GL there is q by
    construction, and a match is what chance gives a fresh sample only 1 − q of the time.

    Attributes:
        nearest: q, the share of fresh samples without a match.
    """

    nearest: float = Field(gt=0, lt=1)


class UnrelatedRule(Settings):
    """The threshold is a quantile of the similarity between unrelated teacher samples.

    Attributes:
        unrelated: q, the share of pairs of different samples that are no match.
    """

    unrelated: float = Field(gt=0, lt=1)


ThresholdSettings = NearestRule | UnrelatedRule
DescriptorKind = Literal["identity", "centred"]
