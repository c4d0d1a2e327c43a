"""Settings of students that were trained elsewhere."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.fields import Name, check_ascending, check_file_name
from lowd.grid import Grid, check_place
from lowd.metrics.settings import NearestRule

Cell = tuple[int, int]
"""(N, replicate)."""


class Files(Settings):
    """A file or folder for each cell.

    Attributes:
        path: where it lies in inputs/; {N}, or {N:04d}, and {replicate} stand for the cell's.
    """

    path: str

    def places(self, samples: Iterable[int], replicates: int) -> dict[Cell, Path]:
        """Where that of each cell lies, there or not."""
        return {
            (n, replicate): Path(self.path.format(N=n, replicate=replicate))
            for n in samples
            for replicate in range(replicates)
        }

    @property
    def named(self) -> set[str]:
        """What the path has in braces."""
        return {name for _, name, _, _ in Formatter().parse(self.path) if name is not None}

    def check(self, key: str, needed: frozenset[str]) -> None:
        """Raise ValueError unless the path lies in inputs/ and tells the cells apart."""
        try:
            names = self.named
            if names <= {"N", "replicate"}:
                self.places([1], 1)
        except ValueError as error:
            raise ValueError(f"{key}.path: {self.path!r} is no pattern ({error})") from None
        if strangers := names - {"N", "replicate"}:
            raise ValueError(
                f"{key}.path: {{{min(strangers)}}} is neither {{N}} nor {{replicate}}, which stand "
                "for a cell's"
            )
        if missing := needed - names:
            raise ValueError(
                f"{key}.path: {self.path!r} is the same for several cells; put "
                f"{{{min(missing)}}} in it"
            )
        check_place(f"{key}.path", Path(self.path))


class PipelineStudents(Files):
    """Pipelines of the `diffusers` library, a folder each, that `save_pretrained` wrote."""

    kind: Literal["diffusers"]


class ScriptedStudents(Files):
    """TorchScript files, by `torch.jit.save`, of modules D(x, sigma), sigma (M,)."""

    kind: Literal["torchscript"]


class ExportedStudents(Files):
    """Files by `torch.export.save`, of modules D(x, sigma), sigma (M,), for batches of any size."""

    kind: Literal["exported"]


class CustomStudents(Files):
    """Files of any form: `entry` names a function that makes a denoiser of one.

    The function takes the file's path, and `options` as keywords, and returns D(x, sigma): x
    (M, *shape), sigma a float.

    Attributes:
        entry: `module:function` in inputs/; its content counts for what is made again.
        options: keywords for that function.
        parameters: |θ|; if it is not given, that of the module which the function returns.
    """

    kind: Literal["custom"]
    entry: str = Field(pattern=r"^[\w.]+:\w+$")
    options: dict[str, Any] = Field({})
    parameters: PositiveInt | None = None


StudentsSettings = Annotated[
    PipelineStudents | ScriptedStudents | ExportedStudents | CustomStudents,
    Field(discriminator="kind"),
]


class FilesOfPoints(Files):
    """Training sets as folders of images, or arrays in files; without {N}, N is the first N."""

    kind: Literal["files"]


class RowsOfPool(Files):
    """Training sets as .npy files of row numbers of the study's pool; without {N} as above."""

    kind: Literal["rows"]


class PartsOfPool(Settings):
    """Training sets as lowd cuts them: of R replicates each has an R-th of the pool, N is its
    first N rows.
    """

    kind: Literal["pool"]


SetsSettings = Annotated[FilesOfPoints | RowsOfPool | PartsOfPool, Field(discriminator="kind")]


class External(Grid):
    """Students that were trained elsewhere, beside their teacher.

    Attributes:
        models: their checkpoints; cells without one are missing in the results.
        training_sets: of each (N, replicate), the same for all models.
        plots: none, as the figures are those of a transition study, with captions of their own.
    """

    kind: Literal["external"]
    models: dict[Name, StudentsSettings] = Field(min_length=1)
    training_sets: SetsSettings
    plots: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @model_validator(mode="after")
    def _paths_tell_cells_apart(self) -> "External":
        check_ascending("samples", self.samples)
        for name, students in self.models.items():
            check_file_name(f"models.{name}")
            students.check(f"models.{name}", frozenset(("N", "replicate")))
        if isinstance(self.training_sets, Files):
            self.training_sets.check("training_sets", frozenset(("replicate",)))
        return self

    @model_validator(mode="after")
    def _pool_is_large_enough(self) -> "External":
        largest, size = self.samples[-1], self.pool.size
        if isinstance(self.training_sets, PartsOfPool) and largest * self.replicates > size:
            raise ValueError(
                f"samples: {self.replicates} disjoint replicates of {largest} exceed the pool "
                f"({size}); raise pool.size or lower replicates"
            )
        if isinstance(self.threshold, NearestRule) and size < largest:
            raise ValueError(
                f"pool.size: {size} samples are fewer than the {largest} of the largest N, by "
                "which the threshold is chosen; raise it"
            )
        return self
