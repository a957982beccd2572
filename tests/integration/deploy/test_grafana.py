"""The dashboard without a Grafana: every query runs as the reader's role, on both databases, and finds rows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ember_base.flavour import is_continuous
from ember_base.migrate import READER
from tests.integration.deploy.grafana import Query, Shown, dashboard, interpolated, queries
from tests.integration.deploy.site import DEPLOY, compose
from tests.support.rows import T0, at, introduce, raise_alarm, register, store, tell

QUERIES: Final = list(queries())
KINDS: Final = {
    "temperature": 61.5,
    "smoke": 4.5,
    "load": 104.0,
    "residual_current": 320.0,
    "battery": 9.0,
    "online": 0.0,
}
AN_HOUR: Final = Shown(T0 - timedelta(minutes=30), T0 + timedelta(minutes=30), ("w1", "unassigned"))


@pytest.fixture
async def reader(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """The dashboards' role on a database with a registered device, a fire, and what was told of it."""
    async with engine.begin() as connection:
        await register(connection, "d1")
        channels = {kind: await introduce(connection, "d1", kind) for kind in KINDS}
        await introduce(connection, "stranger", "temperature")
        await raise_alarm(connection, "fire-1", device="d1", channel=channels["smoke"], acked=at(40), acked_by="op")
        await raise_alarm(connection, "fire-2", device="d1", channel=channels["smoke"])
        await raise_alarm(connection, "trouble-1", **{"class": "trouble", "severity": 60})
        await tell(connection, "m-1", "fire-1", sent=at(7))
    await store(engine, [(channels[kind], at(60 * n), value) for kind, value in KINDS.items() for n in range(5)])
    async with engine.connect() as connection:
        await connection.exec_driver_sql(f"SET ROLE {READER}")
        yield connection


async def rows(reader: AsyncConnection, query: Query, shown: Shown = AN_HOUR) -> list[dict[str, Any]]:
    sql = interpolated(query.sql, shown._replace(timescaledb=await is_continuous(reader)))
    return [dict(row) for row in (await reader.exec_driver_sql(sql)).mappings()]


def titled(word: str) -> Query:
    (found,) = [query for query in QUERIES if word in query.name]
    return found


async def test_every_query_runs_as_the_reader_and_finds_rows(reader: AsyncConnection) -> None:
    for query in QUERIES:
        found = await rows(reader, query)
        assert found, query.name
        if query.format == "time_series":
            assert list(found[0]) == ["time", "metric", "value"], query.name
            assert all(isinstance(row["metric"], str) for row in found)
            assert all(isinstance(row["value"], int | float | Decimal) for row in found)
            assert [row["time"] for row in found] == sorted(row["time"] for row in found)


async def test_panels_show_what_is_so(reader: AsyncConnection) -> None:
    for word in ("temperature", "smoke", "load", "residual_current"):
        (query,) = [query for query in QUERIES if f"'{word}'" in query.sql]
        found = await rows(reader, query)
        assert [(row["metric"], row["value"]) for row in found] == [("w1", KINDS[word])] * 5
    worst_first = await rows(reader, titled("the worst first"))
    assert [(row["class"], row["channel"]) for row in worst_first] == [("fire", "smoke")] * 2 + [("trouble", "smoke")]
    assert await rows(reader, titled("Fires without")) == [{"value": 1}]
    counts = {row["metric"]: row["value"] for row in await rows(reader, titled("Open alarms 未"))}
    assert counts == {"fire": 2, "prewarning": 0, "supervisory": 0, "trouble": 1}, "a class without an alarm shows 0"
    assert await rows(reader, titled("Devices")) == [
        {"registered": 1, "offline": 1, "not heard for 25 h": 1, "battery below 15 %": 1, "not adopted": 1}
    ]
    fire = next(row for row in await rows(reader, titled("Response")) if row["class"] == "fire")
    assert (fire["alarms"], fire["told p50"], fire["acknowledged p50"], fire["not acknowledged"]) == (2, 5.0, 38.0, 1)


async def test_panels_show_nothing_else(reader: AsyncConnection) -> None:
    elsewhere = AN_HOUR._replace(workshops=("o'hara",))
    later = AN_HOUR._replace(start=T0 + timedelta(minutes=10))
    for query in QUERIES:
        if query.format != "variable" and not query.name.startswith(("Open alarms 未", "Fires", "Devices")):
            assert await rows(reader, query, elsewhere) == [], f"{query.name}: a workshop that was not chosen"
        if "$__timeFilter" in query.sql:
            assert await rows(reader, query, later) == [], f"{query.name}: before the time shown"
    for table in ("alarm", "reading", "reading_1m", "account", "device"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            await reader.execute(text(f"SELECT * FROM public.{table} LIMIT 1"))  # noqa: S608 - names above
        await reader.rollback()
        await reader.exec_driver_sql(f"SET ROLE {READER}")


def test_panels_lie_side_by_side_and_ask_the_provisioned_source() -> None:
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/emberwatch.yml").read_text("utf-8"))
    known = {(source["type"], source["uid"]) for source in sources["datasources"]}
    taken: set[tuple[int, int]] = set()
    board = dashboard()
    assert board["title"] == "Emberwatch: district"
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    for panel in board["panels"]:
        for source in (panel["datasource"], *(target["datasource"] for target in panel["targets"])):
            assert (source["type"], source["uid"]) in known
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


def test_the_source_is_the_reader_on_the_database_of_compose() -> None:
    sources = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/emberwatch.yml").read_text("utf-8"))
    source = sources["datasources"][0]
    services = compose()["services"]
    assert source["user"] == READER
    host, port = source["url"].split(":")
    assert (host in services, port) == (True, "5432")
    variable = source["secureJsonData"]["password"].removeprefix("$")
    assert variable in services["grafana"]["environment"], "Grafana fills the password in from its environment"
    assert services["grafana"]["environment"][variable] == services["timescaledb"]["environment"][variable]
