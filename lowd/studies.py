"""Settings of students on a grid, beside their teacher: what most kinds of study stand on."""

from pydantic import Field, PositiveInt, model_validator

from lowd.base import Settings
from lowd.fields import Name, check_ascending, check_file_name, check_shapes
from lowd.grid import Grid
from lowd.misspelt import meant
from lowd.models.settings import ModelSettings
from lowd.training.compute import Backend, Precision
from lowd.training.settings import TrainingSettings


class GridCompute(Settings):
    """How the students of a grid are trained; `lowd.training.compute` explains the words.

    Attributes:
        precision: of all.
        backend: of all, or of models by name, the others `grouped`.
        students_per_job: the most students that train in one job, of all models or of some by
            name; all of a model, if not given.
    """

    precision: Precision = "single"
    backend: Backend | dict[Name, Backend] = "grouped"
    students_per_job: PositiveInt | dict[Name, PositiveInt] | None = None


class Study(Grid):
    """Students of several models, which lowd trains.

    Attributes:
        models: the students' networks, by name.
        training: how students are trained.
        compute: in which precision and stacks they are trained.
    """

    models: dict[Name, ModelSettings] = Field(min_length=1)
    training: TrainingSettings
    compute: GridCompute = GridCompute()

    @model_validator(mode="after")
    def _samples_fit(self) -> "Study":
        for position, n in enumerate(self.samples):
            if n > self.pool.size:
                raise ValueError(
                    f"samples[{position}]: {n} exceeds the pool ({self.pool.size}); raise pool.size"
                )
            if n * self.replicates > self.pool.size:
                raise ValueError(
                    f"samples[{position}]: {self.replicates} disjoint replicates of {n} would "
                    f"overlap in a pool of {self.pool.size}; raise pool.size or lower replicates"
                )
        check_ascending("samples", self.samples)
        return self

    @model_validator(mode="after")
    def _models_fit(self) -> "Study":
        models = {f"models.{name}": model for name, model in self.models.items()}
        for key in models:
            check_file_name(key)
        check_shapes(models, self.teacher.shape)
        names: dict[str, str] = {}
        for name, model in self.models.items():
            first = names.setdefault(model.model_dump_json(), name)
            if first != name:
                raise ValueError(
                    f"models.{name}: the network of {first}, and so its students; leave one out"
                )
        return self

    @model_validator(mode="after")
    def _compute_fits(self) -> "Study":
        backend, most = self.compute.backend, self.compute.students_per_job
        for key, value in {"backend": backend, "students_per_job": most}.items():
            for name in value if isinstance(value, dict) else ():
                if name not in self.models:
                    raise ValueError(
                        f"compute.{key}.{name}: no such model (there are: {', '.join(self.models)})"
                        + meant(name, self.models)
                    )
        every = backend.values() if isinstance(backend, dict) else [backend]
        if "looped" in every and self.compute.precision != "single":
            raise ValueError(
                f"compute.precision: {self.compute.precision} is not for the backend 'looped', "
                "which a GPU runs as recorded, in single; use single, or another backend"
            )
        sizes = most if isinstance(most, dict) else {"": most}
        for name, size in sizes.items():
            if size is not None and size < self.replicates:
                raise ValueError(
                    f"compute.students_per_job{name and '.' + name}: {size} is less than the "
                    f"{self.replicates} replicates of one N, which train in one job; raise it"
                )
        return self
