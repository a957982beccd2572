"""Gateway, evaluator and service as compose starts them: the same commands and settings, our hosts and ports."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx2

from tests.integration.deploy.database import Server
from tests.integration.deploy.site import Broker, compose, environment, free_port
from tests.support.until import wait_until

NAMES: Final = ("gateway", "evaluator", "service")
STOP_S: Final = 15.0


class Site:
    """A whole site without containers. `metrics`: where each process tells Prometheus."""

    def __init__(self, folder: Path, server: Server, broker: Broker) -> None:
        self.server, self.broker = server, broker
        self._folder = folder
        self.port, gateway, evaluator = free_port(), free_port(), free_port()
        self.metrics = {"gateway": gateway, "evaluator": evaluator, "service": self.port}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=10, trust_env=False)

    def environment(self, name: str) -> dict[str, str]:
        """What compose and the image set, with the hosts of this machine."""
        given = environment(name, self.server.passwords)
        for theirs, ours in (
            ("timescaledb:5432", f"127.0.0.1:{self.server.port}"),
            ("mosquitto:1883", f"127.0.0.1:{self.broker.port}"),
        ):
            given = {variable: value.replace(theirs, ours) for variable, value in given.items()}
        return given | {
            "EMBERWATCH_DATA_DIR": str(self._folder / name),
            "EMBERWATCH_HTTP_PORT": str(self.port),
            "EMBERWATCH_GATEWAY_METRICS_PORT": str(self.metrics["gateway"]),
            "EMBERWATCH_EVALUATOR_METRICS_PORT": str(self.metrics["evaluator"]),
        }

    def run(self, name: str, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """An `emberwatch` command as `docker compose exec NAME` or `run NAME` does it."""
        return subprocess.run(
            self._command(words),
            env=_clean() | self.environment(name),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        for name in NAMES:
            with (self._folder / f"{name}.log").open("wb") as log:
                self._processes[name] = subprocess.Popen(
                    self._command(compose()["services"][name]["command"]),
                    env=_clean() | self.environment(name),
                    stdout=log,
                    stderr=log,
                )
        wait_until("all parts are well", self.ready, within=60)

    def ready(self) -> bool:
        try:
            return bool(self.client.get("/readyz").status_code == 200)
        except httpx2.HTTPError:
            return False

    def stop(self) -> dict[str, int]:
        """SIGTERM to all; exit statuses by name."""
        self.client.close()
        for process in self._processes.values():
            process.terminate()
        return {name: process.wait(STOP_S) for name, process in self._processes.items()}

    def log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text("utf-8", "replace")

    def sign_in(self) -> None:
        """As admin, whose account the service makes at its first start, and then takes into its copy on disk."""
        copy = self._folder / "service" / "service" / "accounts.msgpack"
        wait_until("admin may sign in", lambda: copy.exists() and b"admin" in copy.read_bytes())
        form = {"username": "admin", "password": self.server.passwords["ADMIN_PASSWORD"]}
        answer = self.client.post("/api/v1/auth/token", data=form).raise_for_status()
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}").raise_for_status().json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    @staticmethod
    def _command(words: Any) -> list[str]:
        return [sys.executable, "-m", "ember_host.cli", *words]


@contextmanager
def running(folder: Path, server: Server, broker: Broker) -> Iterator[Site]:
    """A site that runs, and is stopped whatever happens."""
    site = Site(folder, server, broker)
    try:
        site.start()
        yield site
    finally:
        site.stop()


def _clean() -> dict[str, str]:
    """This environment without settings of a developer's own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("EMBERWATCH_")}
