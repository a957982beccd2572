"""Real brokers for tests, as the demo runs them: processes on free loopback ports that can be killed and come back.

- `broker`: the test runs on mosquitto and on the embedded broker, each with MQTT 5 and 3.1.1.
- `mosquitto`: only there. It alone keeps sessions over a kill (persistence), so only there P1 can be tried through one.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from ember_host.embedded import broker as embedded
from tests.support.not_run import not_run
from tests.support.ports import free_ports
from tests.support.until import wait_until

KINDS: Final = ("mosquitto", "embedded")
VERSIONS: Final = ("5", "3.1.1")
STOP_S: Final = 10.0


class RunningBroker:
    """A broker of one kind, for clients of one version. Starts again on the same ports and data."""

    def __init__(self, kind: str, version: str, folder: Path) -> None:
        self.kind, self.version = kind, version
        self._folder = folder
        self._made = embedded.broker(folder, free_ports(2), kind)
        self.port = self._made.v5_port if version == "5" else self._made.port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until both ports answer."""
        with (self._folder / "broker.log").open("ab") as out:
            self._process = subprocess.Popen(self._made.part.argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        wait_until("the broker listens", lambda: all(map(_answers, {self._made.port, self._made.v5_port})))

    def kill(self) -> None:
        """kill -9."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM: mosquitto writes its sessions first."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """SIGSTOP: it keeps its connections and says nothing more."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def _end(self, number: int) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        self._process.send_signal(signal.SIGCONT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


def running(kind: str, version: str, folder: Path) -> Iterator[RunningBroker]:
    """A broker of that kind while the test runs."""
    if kind == "mosquitto" and embedded.mosquitto_program() is None:
        not_run("mosquitto is not installed: apt-get install mosquitto")
    made = RunningBroker(kind, version, folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture(params=[f"{kind} {version}" for kind in KINDS for version in VERSIONS])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    """Each kind of broker with each version of MQTT."""
    kind, version = request.param.split()
    yield from running(kind, version, tmp_path / "broker")


@pytest.fixture(params=VERSIONS)
def mosquitto(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    """mosquitto with each version of MQTT."""
    yield from running("mosquitto", request.param, tmp_path / "broker")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
