"""What one job asks of a machine."""

from dataclasses import dataclass

from lowd.cost.probes import NetworkProbe, Probe, StartProbe

COMMAND = StartProbe(modules=("lowd.cli.app",))
DRAWING = StartProbe(modules=("lowd.cli.app", "xarray", "matplotlib.pyplot"))
NUMBERS = StartProbe(modules=("lowd.cli.app", "lowd.training.trainer", "lowd.store.arrays"))
# The optimisers' first step loads the compiler, used or not.
LEARNING = StartProbe(modules=(*NUMBERS.modules, "torch._dynamo"))
SCORES = StartProbe(modules=(*NUMBERS.modules, "lowd.steps.scoring", "scipy.stats"))
IMAGES = StartProbe(modules=(*SCORES.modules, "matplotlib.pyplot"))


@dataclass(frozen=True)
class Bill:
    """What a job takes.

    Attributes:
        start: the process itself.
        work: units of probes, with their numbers.
        students: how many it trains or samples; cells it scores.
        flops: of networks and exact denoisers.
        host: bytes held at most beside the start's.
        device: bytes held at most where networks are computed, the GPU's if there is one.
        disk: bytes of its outputs, those of more than a few megabytes.
        is_modelled: whether more than its start is counted, or there is no more.
    """

    start: StartProbe
    work: tuple[tuple[Probe, float | int], ...] = ()
    students: int = 0
    flops: float | int = 0
    host: float | int = 0
    device: float | int = 0
    disk: float | int = 0
    is_modelled: bool = True

    @property
    def probes(self) -> list[Probe]:
        """All that has to be known of the machine."""
        return [self.start, *(probe for probe, _ in self.work)]

    @property
    def is_on_device(self) -> bool:
        """Whether it computes on the GPU, if there is one."""
        return any(isinstance(probe, NetworkProbe) for probe, _ in self.work)
