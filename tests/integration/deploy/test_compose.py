"""docker-compose.yml without an engine: all that it names is there, and its commands and settings are real ones."""

import argparse
import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from ember_base.settings import PREFIX, load, table
from ember_host.cli import parser
from ember_sim.cli import add_commands
from tests.integration.deploy.site import DEPLOY, ROOT, compose, env_file, environment, filled, references, secrets

TEXT: Final = (ROOT / "docker-compose.yml").read_text("utf-8")
SERVICES: Final[dict[str, dict[str, Any]]] = compose()["services"]
OURS: Final = [name for name, service in SERVICES.items() if service["image"].startswith("emberwatch:")]
EXAMPLE: Final = env_file(DEPLOY / ".env.example")
KNOWN_KEYS: Final = {
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "entrypoint",
    "environment",
    "healthcheck",
    "image",
} | {
    *("init", "logging", "networks", "ports", "profiles", "pull_policy", "read_only", "restart", "security_opt"),
    *("shm_size", "stop_grace_period", "tmpfs", "user", "volumes"),
}
HEALTH_KEYS: Final = {"test", "interval", "timeout", "retries", "start_period"}


@pytest.fixture(scope="module")
def values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A site's .env as deploy/secrets.sh makes it, the simulator's account in it."""
    return secrets(tmp_path_factory.mktemp("env"), "--sim")


def test_the_services_are_those_of_the_product() -> None:
    known = "timescaledb mosquitto migrate gateway evaluator service simulator prometheus grafana"
    assert list(SERVICES) == known.split()
    assert {"migrate", "gateway", "evaluator", "service", "simulator"} == set(OURS)
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["simulator"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_names_only_what_is_there(name: str) -> None:
    service, whole = SERVICES[name], compose()
    assert set(service) <= KNOWN_KEYS
    assert set(service.get("healthcheck", {})) <= HEALTH_KEYS
    assert set(service["networks"]) <= set(whole["networks"])
    for mount in service.get("volumes", ()):
        source, target = mount.split(":")[:2]
        assert target.startswith("/")
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mount.endswith(":ro"), "the tree is not written to"
        else:
            assert source in whole["volumes"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_waits_only_for_what_can_come(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert how["condition"] == "service_completed_successfully"
            assert SERVICES[other]["restart"].startswith("on-failure"), "one that is started again never completes"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+(-pg\d+)?", SERVICES[name]["image"])


def test_our_image_has_the_version_of_the_product() -> None:
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert version is not None
    assert {SERVICES[name]["image"] for name in OURS} == {f"emberwatch:{version[1]}"}


def test_only_doors_are_published_and_only_here() -> None:
    published = {
        name: [filled(port, {}) for port in service["ports"]]
        for name, service in SERVICES.items()
        if "ports" in service
    }
    assert published == {
        "mosquitto": ["127.0.0.1:1883:1883"],
        "service": ["127.0.0.1:8080:8080"],
        "grafana": ["127.0.0.1:3000:3000"],
    }
    assert compose()["networks"]["data"] == {"internal": True}
    assert SERVICES["timescaledb"]["networks"] == ["data"]


def test_what_can_be_is_read_only_and_without_rights() -> None:
    for name, service in SERVICES.items():
        assert "no-new-privileges:true" in service["security_opt"]
        if name != "timescaledb":  # its image starts as root, and becomes postgres
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
        assert "stop_grace_period" in service or name == "grafana"


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    assert references(TEXT) == set(EXAMPLE)


def test_defaults_are_those_of_the_example() -> None:
    for name, default in re.findall(r"\$\{([A-Z_]+):-([^}]*)\}", TEXT):
        assert EXAMPLE[name] == default, name


def test_no_secret_has_a_default_and_compose_says_how_to_make_them() -> None:
    secret = {name for name in EXAMPLE if re.search(r"PASSWORD|SECRET|KEY", name)}
    assert not [name for name in secret if EXAMPLE[name]]
    needed = set(re.findall(r"\$\{([A-Z_]+):\?run deploy/secrets\.sh first\}", TEXT))
    assert needed == secret - {"MQTT_SIM_PASSWORD", "ADMIN_PASSWORD", "WEBHOOK_SECRET"}
    with pytest.raises(KeyError, match=r"run deploy/secrets\.sh first"):
        environment("gateway", {})


@pytest.mark.parametrize("name", OURS)
def test_settings_are_taken_by_the_product(name: str, values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    given = environment(name, values)
    assert set(given) <= {variable for variable, _, _ in table()}
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = load()
    for variable, url in ((f"{PREFIX}DATABASE_URL", settings.database_url), (f"{PREFIX}MQTT_URL", settings.mqtt_url)):
        if variable in given:
            where = urlsplit(url)
            assert where.username, url
            assert re.fullmatch("[0-9a-f]{48}", where.password or "")
            assert where.port == {"mosquitto": 1883, "timescaledb": 5432}[where.hostname or ""]
            assert set(SERVICES[where.hostname or ""]["networks"]) & set(SERVICES[name]["networks"]), (
                "no common network"
            )


@pytest.mark.parametrize("name", OURS)
def test_commands_are_those_of_the_product(name: str) -> None:
    command = SERVICES[name]["command"]
    if command[0] == "sim":
        sim = argparse.ArgumentParser(exit_on_error=False)
        add_commands(sim.add_subparsers(required=True))
        sim.parse_args(command[1:])
    else:
        assert parser().parse_args(command).command == name


@pytest.mark.parametrize("name", ["gateway", "evaluator", "service"])
def test_its_health_check_tells_alive_from_dead(name: str) -> None:
    kind, program, *rest = SERVICES[name]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")

    def check(port: int) -> int:
        script = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", rest[1])
        return subprocess.run(
            [sys.executable, rest[0], script], capture_output=True, timeout=30, check=False
        ).returncode

    with http.server.HTTPServer(("127.0.0.1", 0), _Alive) as server:
        threading.Thread(target=server.serve_forever).start()
        alive = check(server.server_port)
        server.shutdown()
    assert alive == 0
    assert check(server.server_port) == 1


class _Alive(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    first = secrets(tmp_path)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    made = {name for name in first if first[name] != EXAMPLE[name]}
    assert made == {name for name in EXAMPLE if re.search(r"PASSWORD|SECRET|KEY", name)} - {"MQTT_SIM_PASSWORD"}
    assert len({first[name] for name in made}) == len(made)
    assert all(re.fullmatch(r"[0-9a-f]{48}", first[name]) for name in made), "they stand in URLs"
    assert secrets(tmp_path) == first
    simulated = secrets(tmp_path, "--sim")
    assert {name for name in simulated if simulated[name] != first[name]} == {"MQTT_SIM_PASSWORD"}


def test_secrets_fill_in_what_an_older_file_lacks(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ADMIN_PASSWORD=my own, with = and $\n")
    given = secrets(tmp_path)
    assert given["ADMIN_PASSWORD"] == "my own, with = and $"
    assert len(given["DATABASE_PASSWORD"]) == 48


def test_the_secrets_of_a_site_stay_out_of_the_repository() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/.env" in ignored
    for folder in ("mosquitto", "prometheus"):
        assert "*" in (DEPLOY / folder / "site" / ".gitignore").read_text("utf-8").splitlines()
