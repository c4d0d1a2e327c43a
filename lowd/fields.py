"""What the settings of studies and of findings are made of."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from lowd.models.settings import ModelSettings

# Names become folders: nothing that a path, a shell or a wildcard could read otherwise.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=64)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
# One training point has no neighbours, which GL's and AuthPct's scales are made of.
TrainingSize = Annotated[int, Field(ge=2)]
RESERVED = ("teacher", "empirical", "controls")
"""What stands beside the models in a study's folders."""


def check_ascending(key: str, values: tuple[float | int, ...], at_least: int = 0) -> None:
    """Raise ValueError unless a key has so many values, each larger than the one before."""
    if len(values) < at_least:
        raise ValueError(f"{key}: {list(values)} has fewer values than {at_least}; give more")
    if list(values) != sorted(set(values)):
        raise ValueError(f"{key}: {list(values)} must ascend without repetition")


def check_file_name(key: str) -> None:
    """Raise ValueError if what a key, such as `models.large`, names would get another's files."""
    if key.split(".")[-1] in RESERVED:
        raise ValueError(f"{key}: the workflow has files of this name; choose another")


def check_shapes(models: Mapping[str, ModelSettings], shape: tuple[int, ...]) -> None:
    """Raise ValueError unless every model, by the key that declares it, takes such samples."""
    for key, model in models.items():
        try:
            model.check_shape(shape)
        except ValueError as error:
            raise ValueError(f"{key}.{error}") from None
