"""Real servers for DVC's remotes, on loopback ports, and a wire to them that can break."""

import getpass
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

LOOPBACK = "127.0.0.1"
MOTO = Path(__file__).parents[1] / ".venv-s3/bin/moto_server"
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
UNCHECKED_CALLS = 4
"""The requests that make S3's user and bucket, before anyone has credentials."""


class Wire:
    """A relay to a port, through which no more than so many bytes pass.

    Attributes:
        port: where it listens.
        is_used_up: set once more bytes came than may pass.
    """

    def __init__(self, to: int):
        self._to = to
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = self._listener.getsockname()[1]
        self.is_used_up = threading.Event()
        self.allow(None)
        threading.Thread(target=self._accept, daemon=True).start()

    def allow(self, count: int | None, *, breaks: bool = False) -> None:
        """Let so many bytes pass from here on; then stall, or break every connection."""
        self._left = float("inf") if count is None else count
        self._breaks = breaks
        self.is_used_up.clear()

    def _accept(self) -> None:
        while True:
            near, _ = self._listener.accept()
            far = socket.create_connection((LOOPBACK, self._to))
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while received := source.recv(1024):
                self._left -= len(received)
                if self._left >= 0:
                    sink.sendall(received)
                    continue
                self.is_used_up.set()
                if self._breaks:
                    break
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@dataclass
class Ssh:
    """OpenSSH with keys of its own, that of its only user among them."""

    folder: Path
    port: int = 0
    kind = "ssh"

    @contextmanager
    def running(self) -> Iterator["Ssh"]:
        """Start it, and stop it afterwards."""
        if SSHD is None:
            pytest.skip("no sshd: apt-get install openssh-server")
        for name in ("host", "user", "stranger"):
            file = str(self.folder / name)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)
        self.port = free_port()
        lines = [
            f"Port {self.port}",
            f"ListenAddress {LOOPBACK}",
            f"HostKey {self.folder}/host",
            f"AuthorizedKeysFile {self.folder}/user.pub",
            f"PidFile {self.folder}/pid",
            "StrictModes no",  # folders of tests may be anyone's
            "UsePAM no",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "Subsystem sftp internal-sftp",
        ]
        (self.folder / "config").write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)  # without which root's sshd does not start
        command = [SSHD, "-D", "-e", "-f", str(self.folder / "config")]
        with serving(command, self.port):
            yield self

    def values(self, port: int) -> dict[str, str]:
        """What stands in the docs, and what to put there."""
        return {
            "me@cluster.example.org:22/data/lowd": f"{getpass.getuser()}@{LOOPBACK}:{port}"
            f"{self.folder}/store",
            "~/.ssh/id_ed25519": f"{self.folder}/user",
        }

    @property
    def wrong(self) -> dict[str, str]:
        """Another key."""
        return {"keyfile": f"{self.folder}/stranger"}

    def objects(self) -> set[str]:
        """Digests of the files that have arrived whole."""
        files = (self.folder / "store").glob("files/md5/??/*")
        return {file.parent.name + file.name for file in files if len(file.stem) == 30}

    def clear(self) -> None:
        """Lose everything."""
        shutil.rmtree(self.folder / "store", ignore_errors=True)


@dataclass
class S3:
    """An S3 server in memory that checks credentials, those of its only user."""

    folder: Path
    port: int = 0
    keys: dict[str, str] = field(default_factory=dict)
    kind = "s3"

    @contextmanager
    def running(self) -> Iterator["S3"]:
        """Start it, and stop it afterwards."""
        if not MOTO.exists():
            pytest.skip(f"no {MOTO}: make s3")
        self.port = free_port()
        command = [str(MOTO), "-H", LOOPBACK, "-p", str(self.port)]
        with serving(command, self.port, INITIAL_NO_AUTH_ACTION_COUNT=str(UNCHECKED_CALLS)):
            iam = self._client("iam")
            iam.create_user(UserName="user")
            rights = '{"Version": "2012-10-17", "Statement": [%s]}'
            every = '{"Effect": "Allow", "Action": "*", "Resource": "*"}'
            iam.put_user_policy(UserName="user", PolicyName="all", PolicyDocument=rights % every)
            made = iam.create_access_key(UserName="user")["AccessKey"]
            self._client("s3").create_bucket(Bucket="studies")
            self.keys = {"KEY": made["AccessKeyId"], "SECRET": made["SecretAccessKey"]}
            yield self

    def values(self, port: int) -> dict[str, str]:
        """What stands in the docs, and what to put there."""
        return {"https://s3.example.org": f"http://{LOOPBACK}:{port}", **self.keys}

    @property
    def wrong(self) -> dict[str, str]:
        """Another secret."""
        return {"secret_access_key": "guessed"}

    def objects(self) -> set[str]:
        """Digests of the files that have arrived whole."""
        listed = self._store.list_objects_v2(Bucket="studies").get("Contents", [])
        return {"".join(one["Key"].split("/")[-2:]) for one in listed}

    def clear(self) -> None:
        """Lose everything."""
        for one in self._store.list_objects_v2(Bucket="studies").get("Contents", []):
            self._store.delete_object(Bucket="studies", Key=one["Key"])

    def _client(self, service: str) -> Any:
        from botocore.session import get_session

        return get_session().create_client(
            service,
            region_name="us-east-1",
            endpoint_url=f"http://{LOOPBACK}:{self.port}",
            aws_access_key_id=self.keys.get("KEY", "nobody"),
            aws_secret_access_key=self.keys.get("SECRET", "yet"),
        )

    @cached_property
    def _store(self) -> Any:
        """Made once: a client takes longer than a transfer."""
        return self._client("s3")


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server((LOOPBACK, 0)) as one:
        return one.getsockname()[1]


@contextmanager
def serving(command: list[str], port: int, **variables: str) -> Iterator[None]:
    """Have the command listen on the port; it is stopped afterwards."""
    server = subprocess.Popen(
        command, env=os.environ | variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            assert server.poll() is None, f"{command} ended with {server.returncode}"
            with suppress(OSError), socket.create_connection((LOOPBACK, port)):
                break
            time.sleep(0.1)
        yield
    finally:
        server.kill()
        server.wait()
