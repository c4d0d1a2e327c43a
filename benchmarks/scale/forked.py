"""Run all jobs of a study, each in a fork of one process that has loaded torch once.

Of jobs this small nearly all the time goes into starting Python and loading torch. What they leave,
statements included, is what the workflow's own jobs would leave; `lowd restore` then has it taken
for made, if it is.
"""

import json
import os
import resource
import sys
import time
from functools import partial
from graphlib import TopologicalSorter
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from pkgutil import walk_packages
from queue import SimpleQueue

import torch

import lowd
from lowd.cli.planned import Planned, planned
from lowd.cli.run import PRIVATE, listed, run
from lowd.table import read_graph

Spent = tuple[str, float, int]
"""A job's step, its CPU-seconds and the most memory that it held, in bytes."""


def work(job: Planned) -> Spent:
    """Run the job, which is in a process of its own."""
    start = time.process_time()
    run(job.step, job.settings, dict(job.paths), job.statement)
    used = time.process_time() - start
    return job.step.__name__, used, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(target: str, report: Path) -> None:
    torch.set_num_threads(1)
    for module in walk_packages(lowd.__path__, "lowd."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    jobs = planned([target])
    warm = {job.code for job in read_graph().leading_to([Path(target)]).jobs}
    assert warm, "digests, which every fork then knows"
    maker = {path: number for number, job in enumerate(jobs) for path in job.outputs}
    order = TopologicalSorter(
        {
            number: {
                maker[path]
                for role, value in job.paths.items()
                if role not in PRIVATE
                for path in listed(value)
                if path in maker
            }
            for number, job in enumerate(jobs)
        }
    )
    (last,) = (number for number, job in enumerate(jobs) if target in map(str, job.outputs))
    order.add(last, *(number for number in range(len(jobs)) if number != last))
    order.prepare()
    ended: SimpleQueue[tuple[int, Spent | BaseException | None]] = SimpleQueue()
    spent = []
    with get_context("fork").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
        while order.is_active():
            for number in order.get_ready():
                tell = partial(lambda number, what: ended.put((number, what)), number)
                job = jobs[number]
                if all(path.exists() for path in (job.statement, *job.outputs)):
                    tell(None)
                else:
                    pool.apply_async(work, [job], callback=tell, error_callback=tell)
            number, what = ended.get()
            if isinstance(what, BaseException):
                raise what
            if what is not None:
                spent.append(what)
            order.done(number)
    report.write_text(json.dumps(spent))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
