"""What probes took on this machine, kept between plans."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lowd.cost.probes import Measured, Probe
from lowd.provenance.code import code_digest
from lowd.provenance.environment import cpu_model
from lowd.store.atomic import staged

STORE = Path(".lowd/calibration.json")
ALLOCATOR = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
"""Training frees and takes the same large blocks at every step: glibc is to keep them, not give
them back and have every page cleared again (10 to 20 % of the CPU time of stacked U-Nets)."""
JOB = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", **ALLOCATOR}
"""What the workflow sets for its jobs."""
MEASURING = "lowd.cost.measure"


def calibrate(
    probes: Iterable[Probe],
    store: Path = STORE,
    tell: Callable[[int, int], None] = lambda done, all_: None,
) -> dict[Probe, Measured]:
    """What each probe takes: as it was measured before on such a machine, and else measured now.

    Args:
        probes: what is asked for.
        store: where it is kept, by machine; each as soon as it is measured.
        tell: called with how many of those to measure are done, and how many there are.

    Raises:
        ValueError: measuring fails.
    """
    wanted = list(dict.fromkeys(probes))
    every = _read(store)
    known = every.setdefault(_key(machine()), {})
    left = [probe for probe in wanted if not _is_valid(known.get(_key(probe.model_dump())))]
    if left:
        environment = {**os.environ, **JOB}
        command = [sys.executable, "-m", MEASURING]
        pipe = subprocess.PIPE
        with (
            # Not a pipe, which many warnings would fill.
            tempfile.TemporaryFile("w+") as said,
            subprocess.Popen(
                command, env=environment, stdin=pipe, stdout=pipe, stderr=said, text=True
            ) as process,
        ):
            assert process.stdin is not None and process.stdout is not None
            for done, probe in enumerate(left):
                tell(done, len(left))
                try:
                    process.stdin.write(probe.model_dump_json() + "\n")
                    process.stdin.flush()
                except BrokenPipeError:
                    pass  # what it says last is read below
                if not (line := process.stdout.readline()):
                    process.wait()
                    said.seek(0)
                    reason = (said.read().strip().splitlines() or ["killed"])[-1]
                    raise ValueError(f"calibration of {probe.model_dump_json()} failed: {reason}")
                known[_key(probe.model_dump())] = json.loads(line)
                _write(store, every)
            tell(len(left), len(left))
    return {probe: Measured(**known[_key(probe.model_dump())]) for probe in wanted}


def machine() -> dict[str, Any]:
    """What else but the probe its time depends on."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "cpu": cpu_model(),
        "gpu": gpu,
        "torch": torch.__version__,
        "threads": 1,
        "code": code_digest([MEASURING])[:16],
    }


def _key(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def _is_valid(entry: Any) -> bool:
    try:
        return Measured.model_validate(entry).seconds > 0
    except ValidationError:
        return False


def _read(store: Path) -> dict[str, dict[str, Any]]:
    """What is kept; nothing if it is damaged, since it can be measured again."""
    try:
        content = json.loads(store.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    is_whole = isinstance(content, dict) and all(isinstance(v, dict) for v in content.values())
    return content if is_whole else {}


def _write(store: Path, content: Mapping[str, Any]) -> None:
    store.parent.mkdir(parents=True, exist_ok=True)
    with staged(store) as draft:
        draft.write_text(json.dumps(content, indent=1) + "\n")
