"""What deploy/ would run in containers, run here: the same files with paths and ports of this machine."""

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from tests.support.not_run import not_run

ROOT: Final = Path(__file__).parents[3]
DEPLOY: Final = ROOT / "deploy"
SBIN: Final = "/usr/sbin:/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/sbin:/opt/homebrew/bin"
_REFERENCE: Final = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")


def program(name: str, package: str) -> str:
    """Where a program is; without it the test is reported as not run."""
    found = shutil.which(name, path=SBIN) or shutil.which(name)
    if found is None:
        not_run(f"{name} is missing: apt-get install {package}")
    return found


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def compose() -> dict[str, Any]:
    """docker-compose.yml as it stands, variables and all."""
    parsed: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    return parsed


def filled(text: str, values: dict[str, str]) -> str:
    """A text of docker-compose.yml with its `${NAME:-default}` and `${NAME:?why}` filled in as compose does."""

    def fill(match: re.Match[str]) -> str:
        name, sign, rest = match.groups()
        value = values.get(name, "")
        if value or not sign:
            return value
        if sign == "?":
            raise KeyError(f"{name}: {rest}")
        return str(rest)

    return _REFERENCE.sub(fill, text)


def references(text: str) -> set[str]:
    """Names of the variables that a text of docker-compose.yml takes from .env."""
    return {match[1] for match in _REFERENCE.finditer(text)}


def environment(service: str, values: dict[str, str]) -> dict[str, str]:
    """A service's environment with its variables filled in from `values`."""
    return {name: filled(str(text), values) for name, text in compose()["services"][service]["environment"].items()}


def secrets(folder: Path, *arguments: str) -> dict[str, str]:
    """Run deploy/secrets.sh into `folder`/.env and read what it made."""
    file = folder / ".env"
    subprocess.run(
        ["sh", str(DEPLOY / "secrets.sh"), *arguments], check=True, capture_output=True, env={"ENV_FILE": str(file)}
    )
    return env_file(file)


def env_file(file: Path) -> dict[str, str]:
    """Names and values of a file such as .env."""
    lines = [line for line in file.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


class Broker:
    """mosquitto with deploy/mosquitto/, started by its broker.sh. `accounts`: name and password of those added."""

    def __init__(self, folder: Path, passwords: dict[str, str]) -> None:
        self.port, self.tls_port = free_port(), free_port()
        self.config, self.run, self.data = folder / "config", folder / "run", folder / "data"
        self.accounts = {
            name: passwords[f"MQTT_{name.upper()}_PASSWORD"]
            for name in ("gateway", "evaluator", "service", "sim")
            if passwords.get(f"MQTT_{name.upper()}_PASSWORD")
        }
        shutil.copytree(DEPLOY / "mosquitto", self.config)
        self.run.mkdir()
        self.data.mkdir()
        self._program = program("mosquitto", "mosquitto")
        self._environment = environment("mosquitto", passwords) | {
            "PATH": SBIN,
            "BROKER_RUN": str(self.run),
            "BROKER_DATA": str(self.data),
            "BROKER_CONFIG": str(self.config),
            "BROKER_PORT": str(self.port),
        }
        self._place(self.config / "mosquitto.conf")
        self._process: subprocess.Popen[bytes] | None = None

    def use(self, example: str) -> None:
        """Take one of the site's examples into use."""
        file = self.config / "site" / example
        target = file.with_suffix("")
        shutil.copy(file, target)
        self._place(target)

    def start(self) -> None:
        """Start, and wait until its own health check is content."""
        self._process = subprocess.Popen(
            ["sh", str(self.config / "broker.sh"), "start"], env=self._environment, stdout=subprocess.DEVNULL
        )
        for _ in range(100):
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto ended with {self._process.returncode}")
            if self.tool("probe", check=False).returncode == 0:
                return
        raise TimeoutError("mosquitto does not let the health check in")

    def stop(self) -> None:
        """SIGTERM, and wait for its end; it writes its state first."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def tool(self, *words: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
        """Run broker.sh as an operator does by `docker compose exec`."""
        return subprocess.run(
            ["sh", str(self.config / "broker.sh"), *words],
            env=self._environment | more,
            check=check,
            capture_output=True,
            text=True,
            timeout=10,
        )

    def add(self, name: str) -> str:
        """An account for a device; its password."""
        self.accounts[name] = self.tool("add", name).stdout.split()[-1]
        return self.accounts[name]

    def url(self, name: str) -> str:
        return f"mqtt://{name}:{self.accounts[name]}@127.0.0.1:{self.port}"

    def _place(self, file: Path) -> None:
        """The container's paths and ports become ours; and it keeps our user, since our files are ours."""
        text = file.read_text("utf-8")
        for theirs, ours in (("/mosquitto/config", self.config), ("/mosquitto/data", self.data)):
            text = text.replace(theirs, str(ours))
        text = text.replace("/run/mosquitto", str(self.run))
        text = re.sub(r"^listener 1883$", f"listener {self.port} 127.0.0.1\nuser {_me()}", text, flags=re.MULTILINE)
        text = re.sub(r"^listener 8883$", f"listener {self.tls_port} 127.0.0.1", text, flags=re.MULTILINE)
        file.write_text(text, "utf-8")


@contextmanager
def broker(folder: Path, passwords: dict[str, str], *examples: str) -> Iterator[Broker]:
    """A running broker of deploy/mosquitto/, with some of the site's examples taken into use."""
    made = Broker(folder, passwords)
    for example in examples:
        made.use(example)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def _me() -> str:
    return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
