"""How long jobs take on several devices."""

from collections.abc import Sequence
from heapq import heappop, heappush


def makespan(seconds: Sequence[float], needs: Sequence[Sequence[int]], devices: int) -> float:
    """Time until the last job ends, if a free device takes the longest job that can start.

    Graham's list scheduling by longest processing time: at most 2 − 1/devices times the shortest
    time there is (Graham 1966).

    Args:
        seconds: of every job.
        needs: for every job, the positions of those that have to end before it starts.
        devices: how many run at once, one job each.

    Raises:
        ValueError: there is no device, or jobs need each other.
    """
    if devices < 1:
        raise ValueError(f"devices: {devices} run nothing; give 1 or more")
    waiting = [len(set(need)) for need in needs]
    followers: list[list[int]] = [[] for _ in seconds]
    for job, need in enumerate(needs):
        for other in set(need):
            followers[other].append(job)
    ready: list[tuple[float, int]] = []
    for job, count in enumerate(waiting):
        if not count:
            heappush(ready, (-seconds[job], job))
    running: list[tuple[float, int]] = []
    now, ended = 0.0, 0
    while ready or running:
        while ready and len(running) < devices:
            longest, job = heappop(ready)
            heappush(running, (now - longest, job))
        now, job = heappop(running)
        ended += 1
        for other in followers[job]:
            waiting[other] -= 1
            if not waiting[other]:
                heappush(ready, (-seconds[other], other))
    if ended < len(seconds):
        raise ValueError("jobs need each other, so that none can start")
    return now
