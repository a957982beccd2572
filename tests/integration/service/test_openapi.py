"""The OpenAPI document says what is so: every answer is of the shape that it names, with nothing left out or added."""

from typing import Any, Union

import msgspec
import pytest
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from ember_base import schema
from ember_service.api import openapi
from ember_service.context import Context
from ember_wire.alarms import AlarmRecord
from tests.integration.service.conftest import MINE, Client
from tests.integration.service.district import DEVICE, alarm, fill

REF = "#/components/schemas/"


def shape_of(found: dict[str, Any]) -> Any:
    """The type behind a schema of the document."""
    if "$ref" in found:
        return openapi._shapes[found["$ref"].removeprefix(REF)]
    if "anyOf" in found:
        return Union[tuple(shape_of(one) for one in found["anyOf"])]  # noqa: UP007 - of as many as there are
    return str


def fits(data: Any, found: dict[str, Any]) -> None:
    """`data` as its shape reads it, and as that writes it again, is the same."""
    if found.get("type") == "object":
        assert set(data) == set(found["properties"])
        for item in data["items"]:
            fits(item, found["properties"]["items"]["items"])
        return
    assert msgspec.to_builtins(msgspec.convert(data, shape_of(found))) == data


async def test_every_answer_has_a_shape(context: Context, client: Client) -> None:
    paths = (await client(None).get("/openapi.json")).json()["paths"]
    assert len(paths) > 30
    for path, operations in paths.items():
        for method, operation in operations.items():
            good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
            assert len(good) == 1, f"{method} {path}"
            status, answer = good.popitem()
            schemas = [content["schema"] for content in answer.get("content", {}).values()]
            assert status == "204" or all(schemas), f"{method} {path} does not say what it answers with"
            assert operation["summary"], f"{method} {path}"
            assert operation["tags"], f"{method} {path}"
            assert "default" in operation["responses"], f"{method} {path}"


async def test_references_lead_somewhere_and_no_shape_is_unused(client: Client) -> None:
    text = (await client(None).get("/openapi.json")).text
    schemas = msgspec.json.decode(text)["components"]["schemas"]
    for part in text.split(REF)[1:]:
        assert part.partition('"')[0] in schemas
    for name in schemas:
        assert f'"{REF}{name}"' in text, f"{name} is used nowhere"


async def test_every_list_and_entry_is_what_the_document_says(context: Context, client: Client) -> None:
    await fill(context)
    http = client("admin")
    paths = (await http.get("/openapi.json")).json()["paths"]
    ids = {"alarms": "a1", "rules": (await http.get("/api/v1/rules")).json()["items"][0]["id"]}
    seen = 0
    for path, operations in paths.items():
        get = operations.get("get")
        content = get and get["responses"]["200"]["content"].get("application/json")
        if not content:
            continue
        resource = path.removeprefix("/api/v1/").partition("/")[0]
        if "{id}" in path and resource not in ids:
            ids[resource] = (await http.get(f"/api/v1/{resource}?limit=1")).json()["items"][0]["id"]
        url = path.replace("{id}", ids.get(resource, "")).replace("{workshop}", MINE)
        query = {"channel": f"{DEVICE}/temperature"} if path.endswith("/readings") else {}
        answer = await http.get(url, params=query)
        assert answer.status_code == (503 if path == "/readyz" else 200), (url, answer.text)
        data = answer.json()
        assert data.get("items") != [], f"{path} has nothing to compare"
        fits(data, content["schema"])
        seen += 1
    assert seen > 25


async def test_closed_and_all_alarms_page_without_the_live_state(context: Context, client: Client) -> None:
    await fill(context)
    async with context.engine.begin() as connection:
        rows = [alarm(f"old-{n:02}", closed=True, minute=n) for n in range(25)]
        await connection.execute(insert(schema.alarm), rows)
    http = client("operator")
    seen: list[str] = []
    asked: dict[str, str] | None = {"state": "closed", "limit": "10"}
    while asked is not None:
        page = (await http.get("/api/v1/alarms", params=asked)).json()
        seen += [item["id"] for item in page["items"]]
        asked = {**asked, "cursor": page["next"]} if page["next"] else None
    assert seen == [f"old-{n:02}" for n in reversed(range(25))]
    for item in page["items"]:
        msgspec.convert(item, AlarmRecord)
    none = (await http.get("/api/v1/alarms?state=all&class=prewarning")).json()
    assert none["items"] == []


@pytest.mark.parametrize("role", ["officer", "owner", "viewer"])
async def test_history_and_alarms_outside_of_the_area_are_not_there(
    context: Context, client: Client, role: str
) -> None:
    await fill(context)
    async with context.engine.begin() as connection:
        await connection.execute(upsert(schema.alarm), [alarm("else", closed=True, workshop="ws-01")])
    http = client(role)
    assert (await http.get("/api/v1/alarms/else")).status_code == 404
    assert (await http.get("/api/v1/alarms/a1")).status_code == 200
    everything = (await http.get("/api/v1/alarms?state=all")).json()["items"]
    assert {item["workshop"] for item in everything} == {MINE}
    assert (await http.get("/api/v1/readings?channel=new-1/smoke")).status_code == 404
    assert (await http.get(f"/api/v1/readings?channel={DEVICE}/temperature")).status_code == 200
    assert (await http.post("/api/v1/alarms/else/ack", json={})).status_code in (403, 404)
