"""docs/operations.md, protocol.md and alarm-semantics.md: their commands work and their tables are so."""

import argparse
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest
import yaml

from ember_base.mqtt import Incoming
from ember_gateway.decode import decode
from ember_host.cli import parser
from ember_service.alarms.engine.moves import TABLE, Move, Refusal, State
from ember_service.alarms.engine.products import PRODUCTS
from ember_sim.cli import add_commands
from ember_wire import topics
from ember_wire.alarms import AlarmClass, AlarmRecord, Verdict
from ember_wire.dialects.base import Reason
from ember_wire.dialects.native import MAX_BYTES, MAX_DEPTH, MAX_REJECTS, MAX_TEXT
from ember_wire.kinds import KINDS
from ember_wire.quality import Quality
from tests.integration.deploy import documents
from tests.integration.deploy.client import Client
from tests.integration.deploy.site import DEPLOY, ROOT, SBIN, Broker, compose, program, secrets

OPERATIONS: Final = (ROOT / "docs" / "operations.md").read_text("utf-8")
PROTOCOL: Final = (ROOT / "docs" / "protocol.md").read_text("utf-8")
SEMANTICS: Final = (ROOT / "docs" / "alarm-semantics.md").read_text("utf-8")
COMPOSE: Final = {"build", "up", "ps", "exec", "run", "stop", "rm"}


def commands(text: str) -> list[str]:
    """The lines of the shell blocks, continued ones joined."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def rows(text: str, head: str) -> list[list[str]]:
    """The cells of the table whose first head it is."""
    body = text[text.index(f"| {head} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in body]


def ticked(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize("name", documents.TABLES)
def test_tables_made_of_the_code_are_as_it_is_now(name: str) -> None:
    path, make = documents.TABLES[name]
    text = path.read_text("utf-8")
    assert text == documents.replaced(text, name, make()), "run: python -m tests.integration.deploy.documents"


@pytest.mark.parametrize("line", [line for line in commands(OPERATIONS) if line.startswith("docker compose")])
def test_compose_commands_name_real_services_and_commands(line: str) -> None:
    words = shlex.split(line.split(" < ")[0].split(" > ")[0])[2:]
    services, sources = compose()["services"], []
    if words[0] == "--profile":
        assert words[1] in {profile for service in services.values() for profile in service.get("profiles", ())}
        words = words[2:]
    verb, *rest = words
    assert verb in COMPOSE
    rest = [word for word in rest if not re.fullmatch(r"-[a-zA-Z]+|--rm|--no-deps", word)] if verb != "exec" else rest
    rest = rest[1:] if rest[:1] == ["-T"] else rest
    sources = rest if verb not in ("exec", "run") else rest[:1]
    assert set(sources) <= set(services)
    if verb == "exec":
        _check_inside(rest[0], rest[1:])
    elif verb == "run":
        _check_emberwatch(rest[1:] or services[rest[0]]["command"])


def _check_inside(service: str, words: list[str]) -> None:
    if words[0] == "emberwatch":
        assert service == "service"
        _check_emberwatch(words[1:])
    elif service == "mosquitto":
        mounts = dict(mount.split(":")[:2][::-1] for mount in compose()["services"]["mosquitto"]["volumes"])
        path = next(word for word in words if word.startswith("/"))
        mount = next(place for place in mounts if path.startswith(place + "/"))
        if mounts[mount].startswith("./"):
            assert (ROOT / mounts[mount] / path.removeprefix(mount + "/")).is_file()
    else:
        assert service == "timescaledb"
        assert words[0] in ("psql", "pg_dump", "pg_restore", "createdb", "dropdb")


def _check_emberwatch(words: list[str]) -> None:
    if words[0] == "sim":
        sim = argparse.ArgumentParser(exit_on_error=False)
        add_commands(sim.add_subparsers(required=True))
        sim.parse_args(words[1:])
    else:
        parser().parse_args(words)


def test_other_commands_are_there() -> None:
    for line in commands(OPERATIONS) + commands(PROTOCOL):
        first, *rest = shlex.split(line)
        if first == "sh":
            assert (ROOT / rest[0]).is_file()
        elif first == "emberwatch":
            _check_emberwatch(rest)
        else:
            assert first in ("docker", "mosquitto_pub", "mosquitto_sub")


def test_ports_and_services_are_those_of_compose() -> None:
    services = compose()["services"]
    assert [ticked(row[0])[0] for row in rows(OPERATIONS, "service")] == list(services)
    example = (DEPLOY / ".env.example").read_text("utf-8")
    for address, name, _ in rows(OPERATIONS, "port"):
        assert f"{ticked(name)[0]}={address}\n" in example


def test_every_example_of_a_setting_is_one_of_the_example_file() -> None:
    example = (DEPLOY / ".env.example").read_text("utf-8")
    for name in re.findall(r"`([A-Z][A-Z_]+)(?:=[^`]*)?`", OPERATIONS):
        if not name.startswith("EMBERWATCH_") and name != "PIP_INDEX_URL":
            assert f"\n{name}=" in example, name


def test_the_alertmanager_example_is_what_prometheus_reads() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", OPERATIONS, re.DOTALL)
    (group,) = yaml.safe_load(block)
    assert set(group) == {"targets"}


# What devices say ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker with TLS, the device of the examples, and a witness."""
    folder = tmp_path_factory.mktemp("site")
    made = Broker(folder, secrets(folder, "--sim"))
    made.use("tls.conf.example")
    key, certificate = made.config / "site" / "server.key", made.config / "site" / "server.crt"
    words = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([*words.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    (made.config / "site" / "witness.acl").write_text("user witness\ntopic readwrite #\n")
    made.start()
    try:
        for name in ("detector-7", "witness"):
            made.add(name)
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("line", [line for line in commands(PROTOCOL) if line.startswith("mosquitto_pub")])
def test_what_the_examples_publish_is_understood_whole(site: Broker, line: str) -> None:
    program("mosquitto_pub", "mosquitto-clients")
    account = f"-h 127.0.0.1 -p {site.port} -u detector-7 -P {site.accounts['detector-7']}"
    line = line.replace("-p 1883", account).replace("-h broker.example -p 8883", f"-h 127.0.0.1 -p {site.tls_port}")
    line = line.replace("ca.crt", str(site.config / "site" / "server.crt"))
    with Client(site.port, "witness", site.accounts["witness"]) as witness:
        witness.subscribe(topics.ROOT + "/dev/#")
        subprocess.run(
            ["sh", "-c", line], env={"PATH": SBIN, "PASSWORD": site.accounts["detector-7"]}, check=True, timeout=20
        )
        heard = witness.heard.get(timeout=10)
    decoded = decode(Incoming(heard.topic, heard.payload, 1, False, 1, 1))
    assert decoded.device == "detector-7"
    assert decoded.samples
    assert decoded.rejects == []


@pytest.mark.parametrize("line", [line for line in commands(PROTOCOL) if line.startswith("mosquitto_sub")])
def test_what_the_examples_listen_to_is_told(site: Broker, line: str) -> None:
    program("mosquitto_sub", "mosquitto-clients")
    account = f"-h 127.0.0.1 -p {site.port} -u witness -P {site.accounts['witness']} -C 1 -W 10"
    with Client(site.port, "witness", site.accounts["witness"]) as witness:
        witness.publish(topics.alarms("w-1"), b"[]", retain=True)
    done = subprocess.run(
        ["sh", "-c", line.replace("-p 1883", account)],
        env={"PATH": SBIN},
        check=True,
        timeout=20,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [topics.alarms("w-1"), "[]"]


def test_the_json_of_the_protocol_is_taken_as_it_stands() -> None:
    said, durable = re.findall(r"```json\n(.*?)```", PROTOCOL, re.DOTALL)
    decoded = decode(Incoming(topics.telemetry("d"), said.encode(), 1, False, 1, 1))
    assert (len(decoded.samples), decoded.rejects) == (4, [])
    assert set(json.loads(durable)) == {"boot", "seq"}


def test_the_table_of_kinds_is_that_of_the_wire() -> None:
    told = {ticked(kind)[0]: unit for kind, unit, *_ in rows(PROTOCOL, "kind")}
    assert told == {kind.name: "boolean" if kind.boolean else kind.unit for kind in KINDS.values()}


def test_reasons_and_their_examples_are_those_of_the_decoder() -> None:
    table = rows(PROTOCOL, "reason")
    assert {ticked(reason)[0] for reason, *_ in table} == set(Reason)
    for reason, example, _ in table:
        for payload in ticked(example):
            if payload.startswith("{") or payload == "temperature=23.4":
                decoded = decode(Incoming(topics.telemetry("d"), payload.encode(), 1, False, 1, 1))
                assert [reject.reason for reject in decoded.rejects] == ticked(reason)
    large = decode(Incoming(topics.telemetry("d"), b" " * (MAX_BYTES + 1), 1, False, 1, 1))
    assert [reject.reason for reject in large.rejects] == [Reason.TOO_LARGE]
    slash = decode(Incoming("ew/v1/dev/hall/3/telemetry", b"{}", 1, False, 1, 1))
    assert [reject.reason for reject in slash.rejects] == [Reason.BAD_NAME]


def test_limits_and_qualities_are_those_of_the_code() -> None:
    limits = " ".join(" ".join(row) for row in rows(PROTOCOL[PROTOCOL.index("## Limits") :], "what"))
    for figure in (f"{MAX_BYTES // 1024} KiB", f"{MAX_DEPTH} deep", f"{topics.MAX_NAME} characters"):
        assert figure in limits
    assert f"{MAX_TEXT} characters" in limits
    assert f"{MAX_REJECTS} are told" in limits
    qualities = {word for row in rows(PROTOCOL, "the device says") for word in ticked(row[2])}
    assert qualities == {str(flag.name).lower() for flag in Quality} - {"derived"}


# What alarms say -----------------------------------------------------------------------------------------------------


def test_classes_verdicts_and_fields_are_those_of_the_wire() -> None:
    assert [row[0] for row in rows(SEMANTICS, "class")] == list(AlarmClass)
    verdict = next(row for row in rows(SEMANTICS, "button") if row[0].startswith("Verdict"))
    assert all(str(word) in verdict[1] for word in Verdict)
    fields = {name for row in rows(SEMANTICS, "field") for name in ticked(row[0])}
    known = {field.encode_name for field in msgspec.structs.fields(AlarmRecord)}
    assert known - fields == {"channel"}
    assert fields <= known


def test_the_table_of_moves_is_that_of_the_engine() -> None:
    table = rows(SEMANTICS, "letter")
    assert {row[0] for row in table} == {state.value for state in State}
    moves = {row[0]: row[1:] for row in rows(SEMANTICS[SEMANTICS.index("Allowed by state") :], "letter")}
    for state, cells in moves.items():
        for move, cell in zip((Move.ACK, Move.VERDICT, Move.RESET, Move.COMMENT), cells, strict=True):
            assert isinstance(TABLE[State(state)][move], Refusal) == (cell == "–"), (state, move)


def test_the_built_in_alarms_are_those_of_the_engine() -> None:
    section: Any = SEMANTICS[SEMANTICS.index("Built in, without a rule") :]
    told = {ticked(name)[0]: class_ for name, class_, _ in rows(section, "alarm")}
    assert told == {product.id: product.class_ for product in PRODUCTS.values()}
    for product in PRODUCTS.values():
        assert product.title.en in section
