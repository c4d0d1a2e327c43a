"""What a person sees on a terminal: every command of a study started through one."""

import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
import time
from itertools import groupby

import pytest
import yaml
from repositories import REPOSITORY, TRAINING, Repository, commit, create

pytestmark = pytest.mark.campaign

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
STUDY = {
    "teacher": {"kind": "molrg", "dimension": 6, "rank": 2},
    "pool": {"size": 16},
    "noise": {"size": 16},
    "sampler": {"steps": 4},
    "samples": [2, 8],
    "replicates": 2,
    "training": TRAINING,
    "models": {"mlp-4": {"architecture": "mlp", "width": 4}},
}
JOBS = 17


class Terminal:
    """A command on a terminal of its own.

    Args:
        repository: where it runs.
        columns: how wide the terminal is.
    """

    def __init__(self, repository: Repository, *command: str, columns: int = 80) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            command,
            cwd=repository.path,
            env=repository.environment | {"TERM": "xterm"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._raw = b""

    def read_until(self, text: str, seconds: float = 1800) -> str:
        """All that was shown until `text` was, or the command ended."""
        end = time.monotonic() + seconds
        while text not in self.shown and time.monotonic() < end:
            try:
                self._raw += os.read(self._master, 4096)
            except OSError:  # the other side is closed
                break
        return self.shown

    @property
    def shown(self) -> str:
        """What came so far, without colours and movements."""
        return CONTROL.sub("", self._raw.decode(errors="replace"))

    def answer(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, f"{text}\n".encode())

    def end(self) -> tuple[int, str]:
        """The exit status, and all that was shown."""
        self.read_until("\0 nothing shows this")
        os.close(self._master)
        return self.process.wait(60), self.shown


def on_terminal(repository: Repository, *command: str, code: int = 0, columns: int = 80) -> str:
    """What the command shows on a terminal; it has to end with `code`."""
    status, shown = Terminal(repository, *command, columns=columns).end()
    assert status == code, shown
    return shown


def make_figures(repository: Repository, code: int = 0) -> str:
    """What the README's command shows, in the environment that runs the tests."""
    return on_terminal(repository, "make", "-o", "setup", "figures", "STUDIES=small", code=code)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A repository with one small study, of which nothing was made."""
    repository = create(tmp_path_factory.mktemp("terminal") / "fresh")
    shutil.copy(REPOSITORY / "Makefile", repository.path)
    repository.write_params({"small": STUDY})
    commit(repository)
    return repository


@pytest.fixture(scope="module")
def made(fresh):
    """The repository after the README's command, and what that showed."""
    shown = make_figures(fresh)
    commit(fresh)
    return fresh, shown


def test_a_run_shows_a_line_a_job_and_the_figures_made(made):
    _, shown = made
    done = re.findall(r"done small/([\w-]+)  [\d.]+ (?:s|min)", shown)
    assert len(done) == len(set(done)) == JOBS
    assert f"of {JOBS} jobs done" in shown
    assert (
        "figures/small/: errors, memorised, plane, regimes, transition (.png, .svg, .txt, .csv)"
        in shown
    )
    assert "git add" not in shown
    assert not re.search(r"^\s*(rule|input|output|resources|wildcards|reason):? ", shown, re.M)


def test_studies_run_beside_each_other_and_not_one_after_the_other(copied):
    copied.write_params({"small": STUDY, "a": STUDY | {"seed": 1}, "b": STUDY | {"seed": 2}})
    shown = on_terminal(copied, "lowd", "run", "small", "a", "b")
    order = re.findall(r"done (\w+)/", shown)
    assert sorted(order) == ["a"] * JOBS + ["b"] * JOBS
    assert len(list(groupby(order))) > 2
    assert "Nothing to be done" not in shown
    assert [
        line for line in ("small: nothing to do", "a: made", "b: made") if line not in shown
    ] == []
    locked = yaml.safe_load((copied.path / "dvc.lock").read_text())["stages"]
    assert {"study@small", "study@a", "study@b"} <= locked.keys()


def test_a_run_that_has_nothing_to_do_says_so(made):
    assert "small: nothing to do" in make_figures(made[0])


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("workflow/run data/small/manifest.json", "Nothing to be done"),
        ("workflow/run -n data/small/manifest.json", "Nothing to be done"),
        ("dvc repro study@small", "didn't change"),
        ("lowd plan small", "CPU-hours"),
        ("lowd audit", "passed"),
        ("lowd audit results --rederive 1", "the same to the bit"),
        ("lowd trace figures/small/errors.svg", "every link verifies"),
        ("lowd verify", ""),
        ("lowd report", "report.html"),
        ("lowd restore small", "restored small"),
    ],
)
def test_every_command_ends_well_on_a_terminal(made, command, says):
    assert says in on_terminal(made[0], *command.split())


@pytest.mark.parametrize("columns", [80, 120])
def test_a_dry_run_has_a_line_for_each_job_and_why(made, columns):
    repository = made[0]
    params = repository.path / "params.yaml"
    before = params.read_text()
    repository.write_params({"small": STUDY | {"noise": {"size": 17}}})
    target = "data/small/manifest.json"
    shown = on_terminal(repository, "workflow/run", "-n", target, columns=columns)
    params.write_text(before)
    lines = [line for line in shown.splitlines() if line.startswith("small/")]
    assert "small/noise  size was 16, is 17" in lines
    jobs = {line.split()[0].removeprefix("small/") for line in lines}
    kept = {"teacher", "pool", "describe", "train-mlp-4"}
    assert len(jobs) == len(lines) == JOBS - len(kept)
    assert not jobs & kept
    assert all(len(line) <= columns for line in shown.splitlines())


@pytest.fixture
def copied(made, tmp_path):
    """A copy of the repository, to be changed."""
    return Repository(shutil.copytree(made[0].path, tmp_path / "copy", symlinks=True))


def edit(repository, module, old, new):
    path = repository.path / "lowd" / module
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("raise OSError(28, 'No space left on device')", "No space left on device"),
        ("import os; os.kill(os.getpid(), 9)", "killed by signal 9: out of memory?"),
    ],
)
def test_a_job_that_fails_shows_where_it_says_why(copied, fault, said):
    edit(copied, "steps/noise.py", "    import xarray as xr\n", f"    {fault}\n")
    shown = make_figures(copied, code=2)
    assert "failed small/noise" in shown
    assert "logs/small/noise.log ends:" in shown
    assert said in shown
    assert "the same command goes on where it was" in shown


def test_ctrl_c_stops_within_seconds_and_says_how_to_go_on(copied):
    edit(
        copied, "steps/noise.py", "    import xarray as xr\n", "    import time; time.sleep(600)\n"
    )
    terminal = Terminal(copied, "lowd", "run", "small")
    terminal.read_until("small/noise")
    time.sleep(5)  # the step has begun, or nearly
    begun = time.monotonic()
    os.killpg(terminal.process.pid, signal.SIGINT)
    status, shown = terminal.end()
    assert status == 130
    assert time.monotonic() - begun < 30
    assert "stopped; the same command goes on with small where it was" in shown
    assert "Traceback" not in shown


def test_an_edit_that_costs_finished_work_is_asked_about(copied, monkeypatch):
    copied.write_params({"small": STUDY | {"noise": {"size": 17}}})

    def locked():
        stages = yaml.safe_load((copied.path / "dvc.lock").read_text())["stages"]
        return {name: stage for name, stage in stages.items() if name != "declared"}

    before = locked()
    monkeypatch.setenv("BUDGET", "0")
    command = ("make", "-o", "setup", "figures", "STUDIES=small")
    for answer, status in (("n", 2), ("y", 0)):
        terminal = Terminal(copied, *command)
        question = terminal.read_until("Go on?", seconds=60)
        assert "13 jobs to do: 2 again, as a setting has changed" in question.replace("\n", " ")
        assert "a setting: size was 16, is 17" in question
        terminal.answer(answer)
        ended, shown = terminal.end()
        assert ended == status, shown
        assert ("done small/noise" in shown) == (answer == "y")
        assert (locked() == before) == (answer == "n")
    assert "Traceback" not in shown
