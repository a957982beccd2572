"""Sign-in, the register, and bad input: a clear error, never a fault, and nothing is lost or half done."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from ember_service.context import Context
from tests.integration.service.conftest import MINE, OTHER, PASSWORD, Client

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


async def test_too_much_and_nothing_at_all(client: Client) -> None:
    http = client("admin")
    assert (await http.post(f"{BASE}/areas", content=b"x" * 1_100_000)).status_code == 413
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
