"""The whole way with compose's accounts and rights: a device's word becomes an alarm, somebody takes it, it is kept."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import yaml

from ember_wire import topics
from tests.integration.deploy.client import Client
from tests.integration.deploy.database import Server, ask
from tests.integration.deploy.processes import NAMES, Site, running
from tests.integration.deploy.site import DEPLOY, broker
from tests.support.until import wait_until

DEVICE = "detector-9"


@pytest.fixture(scope="module")
def site(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Broker, database and the three processes."""
    folder = tmp_path_factory.mktemp("way")
    with broker(folder, server.passwords, "people.acl.example") as made, running(folder, server, made) as site:
        made.add("siren-1")
        made.add(DEVICE)
        site.sign_in()
        yield site


def say(site: Site, leaf: str, payload: dict[str, Any]) -> None:
    with Client(site.broker.port, DEVICE, site.broker.accounts[DEVICE]) as device:
        device.publish(f"ew/v1/dev/{DEVICE}/{leaf}", json.dumps(payload).encode())


def open_alarms(site: Site, workshop: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = site.get(f"/alarms?state=open&workshop={workshop}")["items"]
    return [item for item in items if item["device"] == DEVICE and item["class"] == "fire"]


def test_an_alarm_goes_all_the_way(site: Site) -> None:
    site.post("/areas", {"id": "town", "name": "Town", "kind": "town"})
    site.post("/workshops", {"id": "w-9", "name": "Workshop 9", "area": "town"})
    say(site, "telemetry", {"values": {"smoke_alarm": False, "temperature": 23.5}})
    discovered = "/devices/discovered"
    wait_until("it is discovered", lambda: DEVICE in [item["id"] for item in site.get(discovered)["items"]])
    site.post(f"{discovered}/{DEVICE}/adopt", {"workshop": "w-9", "zone": None})
    config = wait_until("the evaluator has the register", lambda: "1 devices" in site.log("evaluator"))
    assert config

    with Client(site.broker.port, "siren-1", site.broker.accounts["siren-1"]) as siren:
        siren.subscribe(topics.alarms("w-9"))
        say(site, "alarm", {"values": {"smoke_alarm": True}})
        while not (told := json.loads(siren.heard.get(timeout=20).payload))["alarms"]:
            pass
        assert told["alarms"][0]["class"] == "fire"
    (alarm,) = wait_until("the alarm is on the screen", lambda: open_alarms(site, "w-9"))
    answer = site.post(f"/alarms/{alarm['id']}/ack", {"comment": "on my way"})
    assert answer["alarm"]["acked_by"] == "admin"
    kinds = "SELECT kind FROM report.alarm_event ORDER BY seq"
    reader = site.server.url("emberwatch_grafana", "GRAFANA_DATABASE_PASSWORD")
    wait_until("it is in the report", lambda: ("acked",) in ask(reader, kinds))
    assert ("raised",) in ask(reader, kinds)
    readings = "SELECT count(*) FROM report.reading WHERE workshop = 'w-9'"
    wait_until("readings are in the report", lambda: ask(reader, readings) == [(3,)])


def test_every_metric_of_the_alert_rules_is_told_where_prometheus_looks(site: Site) -> None:
    groups = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))["groups"]
    expressions = " ".join(rule["expr"] for group in groups for rule in group["rules"])
    for name in NAMES:
        text = httpx2.get(f"http://127.0.0.1:{site.metrics[name]}/metrics", trust_env=False).raise_for_status().text
        named = set(re.findall(rf"emberwatch_{name}_[a-z_]+", expressions))
        told = set(re.findall(rf"^# TYPE (emberwatch_{name}_\w+)", text, re.MULTILINE))
        assert {re.sub(r"_bucket$", "", metric) for metric in named} <= told, name


def test_nothing_was_refused_by_the_broker(site: Site) -> None:
    for name in NAMES:
        assert "Not authorized" not in site.log(name)
    assert site.ready()


def test_the_doctor_finds_all_well(site: Site) -> None:
    done = site.run("service", "doctor")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok  ") == 3


def test_a_simulated_district_is_imported_and_speaks_as_the_documents_say(site: Site) -> None:
    printed = site.run("simulator", "sim", "district")
    assert printed.returncode == 0, printed.stderr
    imported = site.run("service", "register", "import", "/dev/stdin", stdin=printed.stdout)
    assert imported.returncode == 0, imported.stderr
    plan = json.loads(printed.stdout)
    wait_until("its workshops are there", lambda: site.get("/workshops?limit=500")["items"][len(plan["workshops"]) :])
    spoken = site.run("simulator", "sim", "load", "--rate", "50", "--seconds", "1", "--prefix", "simulated")
    assert spoken.returncode == 0, spoken.stdout + spoken.stderr
    heard = "/devices/discovered"
    wait_until("they are heard", lambda: "simulated-0" in [item["id"] for item in site.get(heard)["items"]])


def test_an_account_is_made_as_the_documents_say(site: Site) -> None:
    made = site.run("service", "user", "add", "li", "--role", "operator", stdin="a-long-password\n")
    assert made.returncode == 0, made.stderr
    assert ("li", "operator") in ask(
        site.server.url("emberwatch", "DATABASE_PASSWORD"), "SELECT name, role FROM public.account"
    )
