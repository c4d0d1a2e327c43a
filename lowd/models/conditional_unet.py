"""The U-Net, told a class: the layer that embeds noise levels has a vector for each."""

from lowd.models.conditional import FEATURES, ConditionEmbedding
from lowd.models.layers import Linear
from lowd.models.unet import UNet


class ConditionalUNet(UNet):
    """A U-Net that takes `lowd.models.conditional.condition` in c_noise's place.

    Args:
        students: size of the stack.
        shape: (channels, height, width).
        width: channels of the first level.
        multipliers: channels of each level, in units of `width`.
        blocks: residual blocks at each level, each way.
        classes: K, without the one for none.
    """

    def __init__(
        self,
        students: int,
        shape: tuple[int, int, int],
        width: int,
        multipliers: tuple[int, ...],
        blocks: int,
        classes: int,
    ) -> None:
        super().__init__(students, shape, width, multipliers, blocks, FEATURES)
        self.embed = ConditionEmbedding(FEATURES)
        self.embed_layer = Linear(students, FEATURES + classes + 1, 2 * width)
