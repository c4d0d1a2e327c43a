"""Training that survives being killed, and shows how far it is."""

import hashlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from lowd.progress import report_done, report_total
from lowd.store.checkpoints import load_checkpoint, save_checkpoint
from lowd.store.students import Students, save_students
from lowd.training.trainer import NEVER, Trainer

SAVE_SECONDS = 20.0
"""Seconds of work a kill can cost; saving a large stack takes about a tenth of one."""
STOPPED = 128 + signal.SIGTERM
"""Exit status of a training that SIGTERM stopped, as a shell reports it."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.speed or 0:.0f} steps/s", style="progress.data.speed")


def train_resumably(
    trainer: Trainer,
    cells: list[dict[str, int]],
    output: Path,
    scratch: Path | None,
    label: str,
    beside: Callable[[Students], Students] = lambda trained: trained,
) -> None:
    """Train to the end and leave the students' checkpoint.

    Args:
        trainer: a fresh trainer.
        cells: coordinates of each student to leave: N and replicate, and its seed where there are
            several. Students of the trainer beyond these only fill its stack.
        output: the checkpoint: averaged weights, losses, and which student diverged when.
        scratch: file for the state between blocks, from which a killed run of this very training
            goes on; deleted once `output` is there. None to keep none.
        label: what to call this training on the terminal.
        beside: puts the trained students beside others, in the order of the checkpoint.

    Raises:
        ValueError: another process is training into the same scratch file.
        SystemExit: SIGTERM came, as from a scheduler that wants its machine back; the state after
            the block that was running is in the scratch file.
    """
    if scratch is None:
        _train(trainer, None, label)
        save_students(output, beside(_students(trainer, cells)))
        return
    scratch.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{scratch}.lock")
    try:
        with lock.acquire(timeout=0):
            _train(trainer, scratch, label)
            save_students(output, beside(_students(trainer, cells)))
            scratch.unlink(missing_ok=True)
    except Timeout:
        raise ValueError(f"{scratch}: another process is training {label}; wait for it") from None
    Path(lock.lock_file).unlink(missing_ok=True)


def _students(trainer: Trainer, cells: list[dict[str, int]]) -> Students:
    """The trained stack; of snapshots, every one of a cell is a student, marked with its `step`."""
    count = len(cells)
    weights = {name: tensor[:count] for name, tensor in trainer.average.items()}
    diverged, losses = trainer.diverged[:count], trainer.losses[:count]
    if trainer.snapshots:
        steps = sorted(trainer.snapshots)
        kept = [trainer.snapshots[step] for step in steps]
        weights = {
            name: torch.stack([one[name][:count] for one in kept], dim=1).flatten(0, 1)
            for name in weights
        }
        cells = [cell | {"step": step} for cell in cells for step in steps]
        broken = diverged.repeat_interleave(len(steps))
        later = torch.tensor(steps, device=broken.device).repeat(len(diverged)) > broken
        diverged = torch.where(later, broken, NEVER)
        losses = losses.repeat_interleave(len(steps), dim=0)
    return Students(
        model=trainer.model.model_dump(mode="json"),
        shape=tuple(trainer.pool.shape[1:]),
        sigma_data=trainer.sigma_data,
        cells=cells,
        weights=weights,
        diverged=diverged,
        losses=losses,
        aim=trainer.aim,
    )


def _train(trainer: Trainer, scratch: Path | None, label: str) -> None:
    fingerprint = _fingerprint(trainer)
    report_total(trainer.settings.steps, "steps")
    if scratch is not None and scratch.is_file():
        try:
            state, metadata = load_checkpoint(scratch)
        except ValueError:
            metadata = {}  # half a state is no state: start over
        if metadata.get("training") == fingerprint:
            trainer.restore(state)
        else:
            why = "of another stack or other settings" if metadata else "damaged"
            print(f"{label}: the state in {scratch} is {why}; starting over", file=sys.stderr)
    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
    )
    console = Console(stderr=True)
    saved, reported = time.monotonic(), 0
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task(label, total=trainer.settings.steps, loss=float("nan"))

        def after_block(trainer: Trainer) -> None:
            nonlocal saved, reported
            loss = float(trainer.losses[:, -1].nanmean())
            progress.update(bar, completed=trainer.step, loss=loss)
            report_done(trainer.step)
            tenth = 10 * trainer.step // trainer.settings.steps
            if progress.disable and tenth > reported:  # a log file wants lines, not a bar
                console.print(f"{label}: step {trainer.step}, loss {loss:.4f}")
                reported = tenth
            due = stopped() or time.monotonic() - saved > SAVE_SECONDS
            if scratch is not None and due:
                save_checkpoint(scratch, trainer.state(), {"training": fingerprint})
                saved = time.monotonic()
            if stopped():
                console.print(f"{label}: SIGTERM after step {trainer.step}; run it again to go on")
                raise SystemExit(STOPPED)

        with _notified(scratch) as stopped:
            trainer.run(after_block)
    diverged = zip(trainer.cells, trainer.diverged.tolist(), strict=True)
    for name, step in dict.fromkeys((cell.name, step) for cell, step in diverged if step != NEVER):
        console.print(f"{name}: diverged at step {step}; frozen there and marked")


@contextmanager
def _notified(scratch: Path | None) -> Iterator[Callable[[], bool]]:
    """Whether SIGTERM has come; where nothing can be saved, or heard, it kills as ever."""
    came = False

    def note(*_: object) -> None:
        nonlocal came
        came = True

    if scratch is None or threading.current_thread() is not threading.main_thread():
        yield lambda: came
        return
    before = signal.signal(signal.SIGTERM, note)
    try:
        yield lambda: came
    finally:
        signal.signal(signal.SIGTERM, before)


def _fingerprint(trainer: Trainer) -> str:
    """What a state belongs to: the settings, the cells, the data, and the kind of device."""
    aims = (
        *(trainer.model, trainer.settings, trainer.compute),
        *(trainer.cells, trainer.aim, sorted(trainer.keep)),
    )
    digest = hashlib.sha256(repr(aims).encode())
    digest.update(trainer.pool.device.type.encode())
    digest.update(trainer.pool.cpu().numpy().tobytes())
    return digest.hexdigest()
