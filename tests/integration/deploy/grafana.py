"""What Grafana's PostgreSQL data source makes of a query: its macros and variables, as plain SQL."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tests.integration.deploy.site import DEPLOY

DASHBOARD: Final = DEPLOY / "grafana" / "dashboards" / "district.json"
_GROUP: Final = re.compile(r"\$__timeGroup\(([^,()]+),\s*([^()]+)\)")
_FILTER: Final = re.compile(r"\$__timeFilter\(([^()]+)\)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Query(NamedTuple):
    """One query of the dashboard. `format`: table, time_series or variable."""

    name: str
    format: str
    sql: str


class Shown(NamedTuple):
    """What the reader of a dashboard has chosen. `timescaledb`: the data source's switch of that name."""

    start: datetime
    end: datetime
    workshops: tuple[str, ...]
    interval: str = "1m"
    timescaledb: bool = True


def dashboard() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(DASHBOARD.read_text("utf-8"))
    return parsed


def queries() -> Iterator[Query]:
    """Every query that the dashboard holds, those of its variables and annotations too."""
    board = dashboard()
    for variable in board["templating"]["list"]:
        yield Query(f"variable {variable['name']}", "variable", variable["query"])
    for annotation in board["annotations"]["list"]:
        yield Query(f"annotation {annotation['name']}", "table", annotation["target"]["rawSql"])
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield Query(f"{panel['title']} {target['refId']}", target["format"], target["rawSql"])


def interpolated(sql: str, shown: Shown) -> str:
    """The query as it goes to the database."""
    workshops = ",".join("'" + name.replace("'", "''") + "'" for name in shown.workshops)
    sql = sql.replace("$__interval", shown.interval).replace("$workshop", workshops)
    sql = _GROUP.sub(lambda match: _group(match[1], match[2], shown.timescaledb), sql)
    sql = _FILTER.sub(lambda match: f"{match[1]} BETWEEN '{_text(shown.start)}' AND '{_text(shown.end)}'", sql)
    if "$" in sql:
        raise ValueError(f"a macro or variable that is not known here: {sql}")
    return sql


def _group(column: str, interval: str, timescaledb: bool) -> str:
    text = interval.strip().strip("'")
    seconds = int(text[:-1]) * _SECONDS[text[-1]]
    if timescaledb:
        return f"time_bucket('{seconds:.3f}s',{column})"
    return f"floor(extract(epoch from {column})/{seconds})*{seconds}"


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
