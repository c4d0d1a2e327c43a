"""Commands in forks of a process that has loaded torch, DVC and Snakemake once.

Of the commands of a tiny study nearly all the time goes into starting Python and loading libraries.
Here `dvc`, `snakemake` and `lowd` are small scripts that hand arguments, folder, variables and open
files over to the process that leads their session; it forks, and the fork is the command. All of
them are in one process group, and one command calls the other through the same shells as ever.
"""

import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NamedTuple

COMMANDS = {
    "dvc": ("dvc.cli", "main"),
    "lowd": ("lowd.cli.app", "app"),
}
LIBRARIES = (
    *("torch", "scipy.stats", "sklearn.neighbors", "xarray", "zarr", "matplotlib.pyplot"),
    *("safetensors.torch", "grimp", "rich.table", "rich.markdown"),
    *("dvc.cli.parser", "dvc.repo.index", "dvc.repo.graph", "dvc.compare", "dulwich.worktree"),
    *("dvc.repo.artifacts", "dvc.repo.datasets", "dvc.repo.metrics", "dvc.repo.params"),
    *("dvc.repo.plots", "dvc.repo.stage", "dvc.data_cloud", "dvc.cachemgr", "dvc.rwlock"),
    *("dvc.utils.strictyaml", "dvc_render.vega", "networkx", "flufl.lock", "configobj"),
    *("snakemake.cli", "snakemake.workflow", "snakemake.report.html_reporter", "smart_open"),
    "typer.testing",
)
SERVER = "LOWD_SERVED"
"""The variable that tells the scripts whom to ask."""
LARGEST = 1 << 19
"""Bytes of a command with all its variables."""
SCRIPT = """\
#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {largest})
server.connect("\\0" + os.environ[{variable!r}])
asked = [[{name!r}, *sys.argv[1:]], os.getcwd(), dict(os.environ)]
socket.send_fds(server, [json.dumps(asked).encode()], [0, 1, 2])
code = int(server.recv(16) or b"-9")
if code < 0:
    os.kill(os.getpid(), -code)
sys.exit(code)
"""


class Ended(NamedTuple):
    """How a command ended: its status, as `subprocess` has it, and all that was printed."""

    code: int
    said: str


def load(package: Path) -> None:
    """Load all libraries, and every module of the `lowd` in that folder."""
    for name in [name for name in sys.modules if name.split(".")[0] == "lowd"]:
        del sys.modules[name]
    sys.path.insert(0, str(package))
    for name in LIBRARIES:
        import_module(name)
    for module in walk_packages(import_module("lowd").__path__, "lowd."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    sys.modules["torch"].set_num_threads(1)
    # What a first figure takes; syntax of sources, by their content.
    figure = sys.modules["matplotlib.pyplot"].figure()
    figure.gca()
    for suffix in ("svg", "png"):
        figure.savefig(BytesIO(), format=suffix)
    sys.modules["matplotlib.pyplot"].close(figure)
    code: Any = sys.modules["lowd.provenance.code"]
    code._read = cache(code._read)
    for path in (package / "lowd").rglob("*.py"):
        code._read(path.read_text(), path.stem.endswith("settings"))
    gc.collect()
    gc.freeze()


def write_scripts(folder: Path) -> None:
    """Leave a script for every command in the folder, which is to come first in PATH.

    `lowd` looks for commands beside the Python that it runs in, which it is to find there too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in COMMANDS:
        script = folder / name
        script.write_text(
            SCRIPT.format(python=sys.executable, name=name, variable=SERVER, largest=LARGEST)
        )
        script.chmod(0o755)
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    sys.executable = str(python)


def run(
    command: Iterable[str], folder: Path, environment: Mapping[str, str], timeout: float = 600
) -> Ended:
    """Run one of the commands to its end, in a session and a process group of its own."""
    printed = os.memfd_create("printed")
    leader = _fork()
    if not leader:
        _lead([*command], folder, dict(environment), printed)
    watched = os.pidfd_open(leader)
    ended, _, _ = select.select([watched], [], [], timeout)
    os.close(watched)
    if not ended:
        os.killpg(leader, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(leader, 0)[1])
    _wait_for_group(leader)
    with os.fdopen(printed, "rb") as file:
        file.seek(0)
        said = file.read().decode(errors="replace")
    assert ended, f"{' '.join(command)} takes more than {timeout} s\n{said}"
    return Ended(code, said)


def _fork() -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    return os.fork()


def _wait_for_group(leader: int) -> None:
    """Until nothing is left of a group that was killed."""
    with suppress(ProcessLookupError):
        while True:
            os.killpg(leader, 0)
            select.select([], [], [], 0.002)


def _lead(command: list[str], folder: Path, environment: dict[str, str], printed: int) -> None:
    """Be the server of a session, whose first command this is; ends as that command does."""
    os.setsid()
    # Shells that outlive the script they wait for are to be waited for here.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"\0lowd-{os.getpid()}")
    listener.listen(128)
    environment[SERVER] = f"lowd-{os.getpid()}"
    nothing = os.open(os.devnull, os.O_RDONLY)
    asked: list[Any] = [command, str(folder), environment]
    first = _serve(listener, *asked, [nothing, printed, printed])
    waiting: dict[int, tuple[int, socket.socket | None]] = {os.pidfd_open(first): (first, None)}
    while True:
        for ready in select.select([listener, *waiting], [], [])[0]:
            if ready is listener:
                caller, _ = listener.accept()
                message, files, _, _ = socket.recv_fds(caller, LARGEST, 3)
                child = _serve(listener, *json.loads(message), files)
                for file in files:
                    os.close(file)
                waiting[os.pidfd_open(child)] = child, caller
                continue
            child, asker = waiting.pop(ready)
            os.close(ready)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            if asker is None:
                _end(code)
            with suppress(OSError):  # the script may have been killed
                asker.send(str(code).encode())
            asker.close()


def _end(code: int) -> None:
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    os._exit(code)


def _serve(
    listener: socket.socket,
    command: list[str],
    folder: str,
    environment: dict[str, str],
    files: list[int],
) -> int:
    """The id of a fork that is the command."""
    child = _fork()
    if child:
        return child
    code: Any = 1
    try:
        listener.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        code = _call(*command)
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        ctypes.CDLL(None).fflush(None)
        os._exit(code if isinstance(code, int) else int(code is not None))
    raise AssertionError


def _call(name: str, *arguments: str) -> Any:
    sys.argv = [name, *arguments]
    module, function = COMMANDS[name]
    return getattr(import_module(module), function)()
