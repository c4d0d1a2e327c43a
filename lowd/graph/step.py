"""What is to be known of a step besides what it computes, and outside its digest."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from lowd.base import Settings
from lowd.diffusion.settings import SamplerSettings
from lowd.graph.own import module_file, network_files, network_said, objective_said, said_by
from lowd.models.admission import module_of, networks_in
from lowd.models.settings import ModelSettings
from lowd.provenance.code import ROOT, source_files
from lowd.training.settings import EDMSettings, ObjectiveSettings, TrainingSettings
from lowd.within import settings_within

OBJECTIVE = get_args(ObjectiveSettings)[0]
"""The settings of any objective."""

Inputs = Mapping[str, Sequence[Path]]
"""Files and folders given to a step, by the name of its argument."""


def _nothing(settings: Settings) -> tuple[str, ...]:
    return ()


def _no_files(settings: Settings) -> dict[str, list[Path]]:
    return {}


@dataclass(frozen=True)
class Step:
    """A step of the workflow, and the command of its name.

    Attributes:
        run: the function; what it reads and makes, and its settings, its signature says.
        cost: `module:name` of a function in lowd that takes a job, its settings and the graph,
            and returns the job's bill. A name, since counting FLOPs needs PyTorch.
        draws: from settings, the names of the random streams that it draws from; `lowd.streams`
            turns one into its seed. In braces stands what differs inside one job: N, replicate
            and seed of a student, the block of its training, the rule of a transition, a trial, a
            method. A name has its study's seed first, if it depends on one.
        imports: from settings, the modules that it imports by name.
        reads: from settings, files of the user's own that it reads besides its inputs, by what
            they are to it; modules of the user's are `custom`.
        loads_teacher: whether it loads the teachers that are in its inputs.
        on_device: whether it computes on a GPU, if there is one.
    """

    run: Callable[..., None]
    cost: str
    draws: Callable[[Any], tuple[str, ...]] = _nothing
    imports: Callable[[Any], tuple[str, ...]] = _nothing
    reads: Callable[[Any], dict[str, list[Path]]] = _no_files
    loads_teacher: bool = False
    on_device: bool = False

    @property
    def name(self) -> str:
        """The command."""
        return self.run.__name__

    @cached_property
    def settings(self) -> type[Settings]:
        """What its settings are an instance of."""
        return get_type_hints(self.run)["settings"]

    def modules(
        self,
        settings: Settings,
        teachers: Iterable[str] = (),
        networks: Iterable[ModelSettings] = (),
        objectives: Iterable[ObjectiveSettings] = (),
    ) -> tuple[str, ...]:
        """The modules that it runs: its own, and those that it imports by name.

        What its settings name is found in them: networks, solvers, objectives, of which EDM's goes
        without saying, for what it trains and for what it loads.

        Args:
            settings: its settings.
            teachers: the kinds of teachers that it loads.
            networks: those that it loads, its students' and its teachers'.
            objectives: of the students that it loads.
        """
        teachers, networks, objectives = list(teachers), list(networks), list(objectives)
        built = dict.fromkeys(one.architecture for one in (*networks_in(settings), *networks))
        declared = list(settings_within(settings, OBJECTIVE))
        if not declared and any(settings_within(settings, TrainingSettings)):
            declared = [EDMSettings()]
        if "trained" in teachers or (networks and not objectives):
            objectives = [*objectives, EDMSettings()]
        samplers: Iterator[SamplerSettings] = settings_within(settings, SamplerSettings)
        named = (
            *(f"lowd.steps.teachers.{kind}" for kind in teachers),
            *(module_of(architecture) for architecture in built if not _is_imported(architecture)),
            *(f"lowd.training.objectives.{one.kind}" for one in (*declared, *objectives)),
            *(f"lowd.diffusion.solvers.{one.solver}" for one in samplers),
        )
        return self.run.__module__, *self.imports(settings), *dict.fromkeys(named)

    def teacher_kinds(self, inputs: Inputs) -> list[str]:
        """The kinds of teachers that it loads from its inputs, in alphabetical order."""
        return sorted({teacher.get("kind", "trained") for teacher in self._teachers(inputs)})

    def networks(self, inputs: Inputs) -> list[ModelSettings]:
        """The networks that it loads from its inputs."""
        return [network for one in self._said(inputs) for network in network_said(one)]

    def objectives(self, inputs: Inputs) -> list[ObjectiveSettings]:
        """What the networks were trained for that it loads from its inputs."""
        return [objective for one in self._said(inputs) for objective in objective_said(one)]

    def own_files(
        self, settings: Settings, inputs: Inputs = MappingProxyType({})
    ) -> dict[str, list[Path]]:
        """Files of the user's own that it reads or runs, by what they are to it.

        Args:
            settings: its settings.
            inputs: what it reads; teachers and students in it may have modules of the user's.
        """
        files = {role: paths for role, paths in self.reads(settings).items() if paths}
        entries = (teacher["entry"] for teacher in self._teachers(inputs) if "entry" in teacher)
        modules = [module_file(entry, "teacher") for entry in entries]
        modules += network_files((*networks_in(settings), *self.networks(inputs)))
        if modules:
            files["custom"] = list(dict.fromkeys((*files.get("custom", ()), *modules)))
        return files

    def _said(self, inputs: Inputs) -> list[dict[str, Any]]:
        return [*said_by(inputs.get("students", ())), *self._teachers(inputs)]

    def _teachers(self, inputs: Inputs) -> list[dict[str, Any]]:
        return said_by(inputs.get("teacher", ())) if self.loads_teacher else []


@cache
def _is_imported(architecture: str) -> bool:
    """Whether `build` itself imports it, so that every step that builds networks counts it."""
    known = source_files([module_of("build")])
    return ROOT.joinpath("models", f"{architecture}.py") in known
