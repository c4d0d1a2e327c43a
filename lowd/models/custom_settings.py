"""Settings of a network of the user's own."""

from typing import Any, Literal

from pydantic import Field

from lowd.base import Settings


class CustomSettings(Settings):
    """A network of the user's own: `entry` names a function that returns it.

    The function takes `options` as keywords and returns a torch.nn.Module that maps x
    (M, *shape) and c_noise (M,) to the shape of x.

    Attributes:
        entry: `module:function` in inputs/; its content counts for what is made again.
        options: keywords for that function.
    """

    architecture: Literal["custom"]
    entry: str = Field(pattern=r"^[\w.]+:\w+$")
    options: dict[str, Any] = Field({})

    def __hash__(self) -> int:
        return hash(self.model_dump_json())

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Any, until it is asked: no module of the user's runs where settings are read."""
