"""Bills of real images."""

from math import prod

from lowd.cost.bill import Bill
from lowd.cost.files import FLOAT
from lowd.cost.probes import ImageProbe, StartProbe
from lowd.cost.sources import holding
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.sources.source_settings import ImageSource
from lowd.steps.images import ImagesStep

READING = StartProbe(modules=("lowd.cli.app", "lowd.sources.images", "lowd.store.arrays"))
BUNDLED = StartProbe(modules=(*READING.modules, "sklearn.datasets"))


def images_bill(job: Job, step: ImagesStep, graph: Graph) -> Bill:
    """Images read, processed, hashed twice over and stored; fetching them is not counted.

    Raises LookupError if they are the user's own and not there.
    """
    source = step.images
    held = holding(source)
    processing = ImageSource(**{key: getattr(source, key) for key in ImageSource.model_fields})
    probe = ImageProbe(kind=held.kind, native=held.shape, processing=processing)
    # Published ones are bytes, digits single precision; of others no header is asked.
    size = FLOAT if held.kind == "digits" else 1
    read, kept = (size * held.images * prod(shape) for shape in (held.shape, source.shape))
    return Bill(
        BUNDLED if held.kind == "digits" else READING,
        work=((probe, held.images),),
        # The files' content, a copy of each part, and all parts together.
        host=read + 2 * kept,
        disk=kept,
    )
