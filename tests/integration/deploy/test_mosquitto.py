"""deploy/mosquitto on the real mosquitto: who may do what, and that nothing is dropped in silence."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ember_wire import topics
from tests.integration.deploy.client import Client, Heard
from tests.integration.deploy.site import Broker, broker, program, secrets

DEVICE = "detector-7"
SAYS = {f"ew/v1/dev/{DEVICE}/{leaf}" for leaf in ("telemetry", "alarm", "status", "reply")}
HEARS = {f"ew/v1/dev/{DEVICE}/{leaf}" for leaf in ("durable", "command")}
READINGS = topics.stream_readings("gw-1")
HEARTBEAT = topics.stream_heartbeat("gw-1")
ANSWERS = topics.stream_command_answers("svc-1")
ALARMS = topics.alarms("w-1")
RESEND = "ew/v1/stream/resend/gw-1"
PROBE = "ew/v1/stream/doctor/probe"
SLASHED = "ew/v1/dev/hall/3/telemetry"
STREAM = {READINGS, HEARTBEAT, topics.STREAM_REGISTRY, topics.STREAM_COMMANDS, ANSWERS, topics.STREAM_TRANSITIONS}
EVERYTHING = {*SAYS, *HEARS, *STREAM, ALARMS, topics.ALARMS_HEALTH, RESEND, PROBE, SLASHED, "other/house"}
SPOKEN = {f"ew/v1/dev/{DEVICE}/{leaf}" for leaf in ("telemetry", "alarm", "status")}
COMMANDS = {topics.STREAM_COMMANDS, ANSWERS}

MAY_WRITE = {
    DEVICE: SAYS,
    "another": set(),
    "gateway": {READINGS, HEARTBEAT, RESEND, PROBE, f"ew/v1/dev/{DEVICE}/durable"},
    "evaluator": {topics.STREAM_TRANSITIONS, ALARMS, topics.ALARMS_HEALTH, RESEND, PROBE, *COMMANDS},
    "service": {topics.STREAM_REGISTRY, topics.STREAM_COMMANDS, PROBE, f"ew/v1/dev/{DEVICE}/command"},
    "sim": SPOKEN,
    "hub-12": set(),
    "siren-1": set(),
}
MAY_READ = {
    DEVICE: HEARS,
    "another": set(),
    "gateway": {*SPOKEN, SLASHED, topics.STREAM_REGISTRY, RESEND},
    "evaluator": {READINGS, HEARTBEAT, topics.STREAM_REGISTRY, topics.STREAM_COMMANDS, RESEND},
    "service": {*STREAM, ALARMS, topics.ALARMS_HEALTH, f"ew/v1/dev/{DEVICE}/reply"},
    "sim": set(),
    "hub-12": set(),
    "siren-1": {ALARMS, topics.ALARMS_HEALTH},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with devices, a hub and a siren of the site's example, and a witness who hears and says all."""
    folder = tmp_path_factory.mktemp("broker")
    passwords = secrets(folder, "--sim")
    with broker(folder, passwords, "people.acl.example") as made:
        (made.config / "site" / "witness.acl").write_text("user witness\ntopic readwrite #\n")
        for name in (DEVICE, "another", "hub-12", "siren-1", "witness"):
            made.add(name)
        yield made


def connected(site: Broker, name: str, **more: str) -> Client:
    return Client(site.port, name, site.accounts[name], **more)


@pytest.mark.parametrize("name", MAY_WRITE)
def test_an_account_says_what_it_must_and_nothing_else(site: Broker, name: str) -> None:
    with connected(site, "witness") as witness, connected(site, name) as client:
        witness.subscribe("#")
        for topic in sorted(EVERYTHING):
            client.publish(topic, name.encode())
        witness.publish("end")
        heard = {message.topic for message in witness.until("end")}
    assert heard == MAY_WRITE[name]


@pytest.mark.parametrize("name", MAY_READ)
def test_an_account_hears_what_it_must_and_nothing_else(site: Broker, name: str) -> None:
    end = f"ew/v1/dev/{name}/command"  # everyone may hear that of its own name
    with connected(site, "witness") as witness, connected(site, name) as client:
        client.subscribe("#")
        for topic in sorted(EVERYTHING - {end}):
            witness.publish(topic)
        witness.publish(end)
        heard = {message.topic for message in client.until(end)}
    assert heard == MAY_READ[name] - {end}


def test_a_hub_speaks_for_the_devices_that_its_site_names(site: Broker) -> None:
    with connected(site, "witness") as witness, connected(site, "hub-12") as hub:
        witness.subscribe("#")
        hub.publish("ew/v1/dev/hub-12-smoke/telemetry", b"{}")
        hub.publish("ew/v1/dev/hub-13-smoke/telemetry", b"{}")
        witness.publish("end")
        assert witness.until("end") == [Heard("ew/v1/dev/hub-12-smoke/telemetry", b"{}")]


@pytest.mark.parametrize("who", [(None, None), ("gateway", "wrong"), ("nobody", "x"), ("probe", "")])
def test_strangers_are_refused(site: Broker, who: tuple[str | None, str | None]) -> None:
    with pytest.raises(PermissionError), Client(site.port, *who):
        pass


def test_a_message_of_1_mib_passes_and_a_larger_one_does_not(site: Broker, tmp_path: Path) -> None:
    publish = [program("mosquitto_pub", "mosquitto-clients"), "-p", str(site.port), "-q", "1", "-u", DEVICE]
    publish += ["-P", site.accounts[DEVICE], "-t", topics.telemetry(DEVICE), "-f", str(tmp_path / "payload")]
    with connected(site, "witness") as witness:
        witness.subscribe("#")
        for size in (1024 * 1024, 1024 * 1024 + 1):
            (tmp_path / "payload").write_bytes(bytes(size))
            subprocess.run(publish, check=True, timeout=10)
        witness.publish("end")
        assert [len(message.payload) for message in witness.until("end")] == [1024 * 1024]


def test_a_session_that_is_away_loses_nothing_of_a_busy_minute_nor_of_a_restart(tmp_path: Path) -> None:
    passwords = secrets(tmp_path)
    with broker(tmp_path, passwords) as made:
        made.add(DEVICE)
        with connected(made, "gateway", session="gateway-away") as gateway:
            gateway.subscribe(topics.DEVICE_FILTERS[0])
        with connected(made, DEVICE) as device:
            for n in range(3000):
                device.publish(topics.telemetry(DEVICE), b"%d" % n)
        made.stop()
        made.start()
        with connected(made, "gateway", session="gateway-away") as gateway:
            heard = [int(gateway.heard.get(timeout=10).payload) for _ in range(3000)]
    assert heard == list(range(3000))


def test_accounts_come_and_go_while_the_broker_runs(site: Broker) -> None:
    password = site.add("guest")
    assert "guest" in site.tool("list").stdout.split()
    assert password not in (site.data / "accounts").read_text()
    with Client(site.port, "guest", password) as guest:
        site.tool("remove", "guest")
        assert guest.gone.wait(10), "the account is taken back, and its connection goes on"
    with pytest.raises(PermissionError), Client(site.port, "guest", password):
        pass
    with Client(site.port, DEVICE, site.accounts[DEVICE]):
        pass  # the others are as they were


def test_a_password_can_be_given_and_given_anew(site: Broker) -> None:
    for password in ("first-one", "second-one"):
        site.tool("add", "stove", password)
        with Client(site.port, "stove", password):
            pass
    assert site.tool("list").stdout.split().count("stove") == 1


@pytest.mark.parametrize("name", ["", "gateway", "probe", "a:b", "a/b", "a+", "#", "two words", "line\nbreak"])
def test_a_name_that_cannot_be_is_refused(site: Broker, name: str) -> None:
    refused = site.tool("add", name, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith("broker.sh: ")


def test_without_its_passwords_it_does_not_start(site: Broker, tmp_path: Path) -> None:
    refused = site.tool("start", check=False, MQTT_EVALUATOR_PASSWORD="", BROKER_RUN=str(tmp_path))
    assert refused.returncode == 1
    assert "'evaluator'" in refused.stderr
    assert "deploy/secrets.sh" in refused.stderr


def test_without_a_password_there_is_no_simulator(tmp_path: Path) -> None:
    with (
        broker(tmp_path, secrets(tmp_path)) as made,
        pytest.raises(PermissionError),
        Client(made.port, "sim", ""),
    ):
        pass


def test_devices_may_come_over_tls(tmp_path: Path) -> None:
    passwords = secrets(tmp_path)
    made = Broker(tmp_path, passwords)
    made.use("tls.conf.example")
    site = made.config / "site"
    _certificate(site / "server.crt", site / "server.key")
    made.start()
    try:
        made.add(DEVICE)
        with (
            connected(made, "gateway") as gateway,
            Client(made.tls_port, DEVICE, made.accounts[DEVICE], ca=str(site / "server.crt")) as device,
        ):
            gateway.subscribe(topics.DEVICE_ALARM_FILTER)
            device.publish(topics.alarm(DEVICE), b"{}")
            assert gateway.heard.get(timeout=10) == Heard(topics.alarm(DEVICE), b"{}")
    finally:
        made.stop()


def _certificate(certificate: Path, key: Path) -> None:
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*words.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
