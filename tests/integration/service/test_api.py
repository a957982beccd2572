"""Sign-in, the register, and bad input: a clear error, never a fault, and nothing is lost or half done."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ember_service.context import Context
from ember_service.register.repository import PlanError, import_plan
from tests.integration.service.conftest import MINE, OTHER, Client
from tests.integration.service.running import PASSWORD

BASE = "/api/v1"


async def test_sign_in_by_token_and_by_cookie(client: Client) -> None:
    http = client(None)
    answer = await http.post(f"{BASE}/auth/token", data={"username": "operator", "password": PASSWORD})
    token = answer.json()["access_token"]
    me = await http.get(f"{BASE}/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["role"] == "operator"
    assert (await http.get(f"{BASE}/me", headers={"Authorization": f"Bearer {token}x"})).status_code == 401

    answer = await http.post(f"{BASE}/auth/session", data={"username": "owner", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await http.get(f"{BASE}/me")).json()["workshop"] == MINE


async def test_a_cookie_alone_changes_nothing(client: Client) -> None:
    """Another site's form brings the cookie along; it cannot set the header."""
    http = client(None)
    await http.post(f"{BASE}/auth/session", data={"username": "admin", "password": PASSWORD})
    body = {"id": "area-x", "name": "x", "kind": "grid"}
    assert (await http.post(f"{BASE}/areas", json=body)).json()["word"] == "csrf"
    assert (await http.post(f"{BASE}/areas", json=body, headers={"X-Emberwatch": "1"})).status_code == 201


async def test_wrong_tries_are_throttled_and_right_ones_are_not(client: Client) -> None:
    http = client(None)
    for _ in range(12):
        assert (await http.post(f"{BASE}/auth/token", data={"username": "admin", "password": PASSWORD})).is_success
    wrong = [(await http.post(f"{BASE}/auth/token", data={"username": "x", "password": "y"})) for _ in range(11)]
    assert [answer.status_code for answer in wrong] == [401] * 10 + [429]
    assert wrong[-1].headers["Retry-After"] == "60"


async def test_sign_in_works_from_the_copy_on_disk(context: Context, client: Client) -> None:
    """A new process, the database never reached."""
    accounts = type(context.accounts)(context.settings.data_dir / "service", context.settings)
    assert await accounts.sign_in("operator", PASSWORD, "here")
    assert not await accounts.sign_in("operator", "wrong", "here")


async def test_a_disabled_account_is_out_at_once(context: Context, client: Client) -> None:
    http = client("viewer")
    assert (await http.get(f"{BASE}/me")).is_success
    async with context.engine.begin() as connection:
        await connection.execute(text("UPDATE account SET disabled = now() WHERE name = 'viewer'"))
    await context.accounts.refresh(context.engine)
    assert (await http.get(f"{BASE}/me")).status_code == 401


async def test_register_adds_pages_and_audits(context: Context, client: Client) -> None:
    http = client("admin")
    before = context.feed.config.register.revision
    made = await http.post(f"{BASE}/workshops", json={"name": "新作坊", "area": "district"})
    assert made.status_code == 201
    id_ = made.json()["id"]
    assert (await http.get(f"{BASE}/workshops/{id_}")).json()["name"] == "新作坊"
    zone = await http.post(f"{BASE}/zones", json={"workshop": id_, "name": "树脂库", "kind": "resin_store"})
    device = {"id": "det-1", "workshop": id_, "zone": zone.json()["id"], "supervision": "battery"}
    assert (await http.post(f"{BASE}/devices", json=device)).status_code == 201
    assert (await http.post(f"{BASE}/devices", json=device)).json()["word"] == "exists"
    channel = await http.post(f"{BASE}/channels", json={"device": "det-1", "name": "temperature.2", "scale": 0.1})
    assert (channel.json()["kind"], channel.json()["unit"]) == ("temperature", "Cel")
    assert (await http.get(f"{BASE}/channels/{channel.json()['id']}")).json()["scale"] == 0.1

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (
            await http.get(f"{BASE}/workshops?limit=7&cursor={cursor}" if cursor else f"{BASE}/workshops?limit=7")
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 61

    entries = (await http.get(f"{BASE}/audit?limit=1000")).json()["items"]
    assert {"create"} == {e["action"] for e in entries if e["object"] == f"workshops/{id_}" and e["who"] == "admin"}
    assert (await context.feed._register.load()).register.revision > before


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("workshops", {"name": "x", "area": "nowhere"}, "area"),
        ("workshops", {"id": "a/b", "name": "x", "area": "district"}, "id"),
        ("workshops", {"id": "health", "name": "x", "area": "district"}, "id"),
        ("workshops", {"name": "x\0", "area": "district"}, "name"),
        ("devices", {"id": "d", "workshop": MINE, "zone": "ws-01-nowhere"}, "zone"),
        ("devices", {"id": "d", "workshop": MINE, "supervision": "psychic"}, "supervision"),
        ("circuits", {"workshop": MINE, "name": "c", "rated_current": 0}, "rated_current"),
        ("circuits", {"workshop": MINE, "name": "c"}, "rated_current"),
        ("contacts", {"name": "c", "mail": "nobody"}, "mail"),
        ("contacts", {"name": "c", "webhook": "file:///etc/passwd"}, "webhook"),
        ("areas", {"name": "a", "kind": "grid", "colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(client: Client, path: str, body: dict[str, Any], says: str) -> None:
    answer = await client("admin").post(f"{BASE}/{path}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


async def test_a_zone_of_another_workshop_is_refused(client: Client) -> None:
    http = client("admin")
    other = (await http.get(f"{BASE}/zones?workshop={OTHER}")).json()["items"][0]["id"]
    answer = await http.post(f"{BASE}/devices", json={"id": "d", "workshop": MINE, "zone": other})
    assert answer.status_code == 422
    assert "belongs to" in answer.json()["detail"]


async def test_signing_out_needs_the_header_and_takes_the_cookie(client: Client) -> None:
    http = client(None)
    await http.post(f"{BASE}/auth/session", data={"username": "owner", "password": PASSWORD})
    assert (await http.delete(f"{BASE}/auth/session")).json()["word"] == "csrf"
    assert (await http.get(f"{BASE}/me")).is_success
    assert (await http.delete(f"{BASE}/auth/session", headers={"X-Emberwatch": "1"})).status_code == 204
    assert (await http.get(f"{BASE}/me")).status_code == 401


async def test_a_channel_is_wired_to_a_circuit_of_its_own_workshop(client: Client) -> None:
    http = client("admin")
    device = (await http.get(f"{BASE}/devices?workshop={MINE}")).json()["items"][0]["id"]
    circuits = {w: (await http.get(f"{BASE}/circuits?workshop={w}")).json()["items"][0]["id"] for w in (MINE, OTHER)}
    body = {"device": device, "name": "current.9", "circuit": circuits[OTHER]}
    answer = await http.post(f"{BASE}/channels", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "circuit")
    assert (await http.post(f"{BASE}/channels", json={**body, "circuit": circuits[MINE]})).status_code == 201
    answer = await http.post(f"{BASE}/channels", json={"device": "nowhere", "name": "x"})
    assert answer.json()["word"] == "unknown_parent"


async def test_what_is_refused_leaves_no_trace(context: Context, client: Client) -> None:
    """Neither a row, nor a revision, nor an entry in the audit."""
    http = client("admin")
    before = (await context.feed._register.load()).register
    entries = (await http.get(f"{BASE}/audit?limit=1000")).json()["items"]
    assert (await http.post(f"{BASE}/workshops", json={"id": MINE, "name": "x", "area": "district"})).status_code == 409
    assert (await http.post(f"{BASE}/zones", json={"workshop": "nowhere", "name": "x"})).status_code == 422
    assert (await context.feed._register.load()).register == before
    assert (await http.get(f"{BASE}/audit?limit=1000")).json()["items"] == entries


async def test_a_plan_is_taken_over_whole_or_not_at_all_and_twice_is_once(context: Context) -> None:
    good = {"workshops": [{"id": MINE, "name": "renamed", "area": "district", "latitude": 25.5}]}
    bad = {"workshops": [{"id": "fresh", "name": "x", "area": "district"}], "zones": [{"id": "z", "workshop": "no"}]}
    async with context.engine.begin() as connection:
        with pytest.raises(PlanError, match="zones row 1: name"):
            await import_plan(connection, bad, "test")
    async with context.engine.begin() as connection:
        assert await import_plan(connection, good, "test") == 1
        assert await import_plan(connection, good, "test") == 1
    found = {w.id: w for w in (await context.feed._register.load()).register.workshops}
    assert len(found) == 60
    assert (found[MINE].name, found[MINE].latitude) == ("renamed", 25.5)


async def test_large_answers_are_packed_for_those_who_can(client: Client) -> None:
    http = client("admin")
    packed = await http.get(f"{BASE}/workshops?limit=1000")
    plain = await http.get(f"{BASE}/workshops?limit=1000", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.json() == plain.json()


async def test_the_page_is_fresh_its_assets_are_kept_and_nothing_else_is_given(client: Client) -> None:
    http = client(None)
    page = await http.get("/")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-cache"
    asset = page.text.partition("assets/")[2].partition('"')[0]
    found = await http.get(f"/assets/{asset}")
    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    for name in ("..%2Findex.html", "%2e%2e", ".hidden", "nothing.js", "a%00b"):
        assert (await http.get(f"/assets/{name}")).status_code == 404, name
    for answer in (page, found, await http.get("/readyz"), await http.get(f"{BASE}/me")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "access-control-allow-origin" not in answer.headers


async def test_metrics_tell_routes_apart_and_nothing_that_strangers_choose(client: Client) -> None:
    http = client("admin")
    await http.get(f"{BASE}/alarms/one")
    await http.get(f"{BASE}/alarms/two")
    await http.request("FROBNICATE", f"{BASE}/alarms")
    await http.get("/stranger/path")
    text = (await http.get("/metrics")).text
    assert f'route="{BASE}/alarms/{{id}}",status="404"}} 2.0' in text
    for word in ("FROBNICATE", "stranger", "/one"):
        assert word not in text


async def test_too_much_and_nothing_at_all(client: Client) -> None:
    http = client("admin")
    assert (await http.post(f"{BASE}/areas", content=b"x" * 1_100_000)).status_code == 413
    assert (await http.post(f"{BASE}/alarms/x/ack", content=b"x" * 70_000)).status_code == 413
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    long = await http.post(f"{BASE}/auth/token", content=_pieces(70_000), headers=form)
    assert long.status_code == 413, "whose length nobody told"
    assert (await http.post(f"{BASE}/areas", content=b"{")).status_code == 422
    assert (await http.get(f"{BASE}/nowhere")).json()["word"] == "not_found"
    assert (await http.delete(f"{BASE}/areas")).status_code in (404, 405)
    page = await http.get("/nowhere")
    assert page.status_code == 404
    assert "default-src 'self'" in page.headers["content-security-policy"]


async def test_without_an_evaluator_a_command_says_so(context: Context, client: Client) -> None:
    answer = await client("operator").post(f"{BASE}/alarms/none/ack", json={})
    assert answer.json()["word"] == "unknown_alarm"
    ready = await client(None).get("/readyz")
    assert ready.status_code == 503
    parts = ready.json()["parts"]
    assert {name for name, part in parts.items() if not part["ok"]} >= {"broker", "gateway", "evaluator"}
    assert all(part["text"] for part in parts.values() if not part["ok"])


async def _pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


_NO_TEXT = (
    b'{"name": "\\ud800", "kind": "x"}',
    b'{"\\ud800": 1, "name": "x", "kind": "x"}',
    b'{"id": "\\ud83d", "name": "x", "kind": "x"}',
    b'{"name": "\xff", "kind": "x"}',
    b'{"name": 1e999, "kind": 1}',
    b"[" * 60_000,
    b"null",
    b"\xff\xfe\x00",
    b'{"name": "x", "name": "y"}',
    b"1" * 5000,
)


async def test_what_is_no_text_or_no_object_is_refused(client: Client) -> None:
    http = client("admin")
    for body in _NO_TEXT:
        for path in ("areas", "alarms/x/ack", "alarms/x/comment", "devices/discovered/x/adopt"):
            answer = await http.post(f"{BASE}/{path}", content=body, headers={"Content-Type": "application/json"})
            assert 400 <= answer.status_code < 500, (path, body[:40], answer.text)
            assert answer.headers["content-type"] == "application/problem+json"


async def test_whatever_stands_in_the_path_is_no_fault(client: Client) -> None:
    http = client("admin")
    for name in ("%00", "%ff", "%ed%a0%80", "a%2fb", "%F0%9F%94%A5", "9" * 400, "-", "-0", "1e5"):
        for path in ("alarms", "devices", "channels", "workshops", "rules", "status", "contacts"):
            answer = await http.get(f"{BASE}/{path}/{name}")
            assert answer.status_code == 404, (path, name, answer.text)
        adopted = await http.post(f"{BASE}/devices/discovered/{name}/adopt", json={"workshop": MINE})
        assert adopted.status_code == 404, (name, adopted.text)


_TEXT = st.text(max_size=40) | st.sampled_from(["\0", "0", "-1", "9" * 30, "../..", "%", "a/b", "1e999"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=_TEXT,
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | _TEXT,
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "name", "area", "kind", "workshop", "device"]), x, max_size=4)
        ),
        max_leaves=6,
    ),
)
async def test_no_input_is_a_fault_of_ours(client: Client, value: str, body: Any) -> None:
    http = client("admin")
    for path in ("alarms", "readings", "devices", "channels", "messages", "dead-letters", "audit", "areas"):
        asked = {"cursor": value, "workshop": value, "channel": value, "from": value, "limit": value, "class": value}
        for name in asked:
            answer = await http.get(f"{BASE}/{path}", params={name: asked[name]})
            assert answer.status_code < 500, (path, name, value, answer.text)
    for path in ("areas", "workshops", "devices", "channels", "contacts", "alarms/x/ack", "devices/discovered/x/adopt"):
        try:
            answer = await http.post(f"{BASE}/{path}", json=body)
        except ValueError:
            return  # NaN is no JSON
        assert answer.status_code < 500, (path, body, answer.text)
