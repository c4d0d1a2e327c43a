"""The bill of weighing laws."""

from lowd.cost.bill import SCORES, Bill
from lowd.cost.stores import results_read, results_written
from lowd.graph.graph import Graph
from lowd.graph.job import Job
from lowd.kinds.laws.weigh_laws import WeighLawsStep

READ, WRITTEN = 70, 12
"""Variables of a study's results, and of those written."""


def weigh_laws_bill(job: Job, step: WeighLawsStep, graph: Graph) -> Bill:
    """Results read; what is computed of them takes next to nothing."""
    return Bill(SCORES, (results_read(READ, len(step.studies)), results_written(WRITTEN)))
