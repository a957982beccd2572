"""Who may: every path of the API, every role, in and out of the area."""

from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from ember_service.api.common import Allow
from ember_service.app import create_app
from ember_service.auth.access import TABLE, Action
from ember_service.auth.model import Role
from ember_service.context import Context
from tests.integration.service.conftest import MINE, OTHER, ROLES, Client


def routes(context: Context) -> list[RouteContext]:
    """Every route of ours with all its dependencies, those of its router too."""
    found = iter_route_contexts(create_app(context).routes)
    return [route for route in found if isinstance(route.original_route, APIRoute)]


def actions(dependant: Dependant) -> Iterator[Action]:
    if isinstance(dependant.call, Allow):
        yield dependant.call.action
    for inner in dependant.dependencies:
        yield from actions(inner)


async def test_every_path_names_one_action(context: Context) -> None:
    found = routes(context)
    assert len(found) > 40
    for route in found:
        named = list(actions(route.dependant))
        assert len(named) == 1, f"{route.methods} {route.path} names {named}; give it one Allow(Action.…)"


async def test_no_path_is_open_by_accident(context: Context) -> None:
    """What needs no sign-in is listed here by name."""
    opened = {route.path for route in routes(context) if list(actions(route.dependant)) == [Action.OPEN]}
    assert opened == {
        "/", "/favicon.svg", "/assets/{name}", "/healthz", "/readyz", "/metrics",
        "/api/v1/auth/token", "/api/v1/auth/session", "/api/v1/{path:path}",
    }  # fmt: skip


async def test_every_role_on_every_path(context: Context, client: Client) -> None:
    """The table decides: 401 for nobody, 403 for a role that may not, neither for one that may."""
    for route in routes(context):
        action = next(actions(route.dependant))
        path = (route.path or "").replace("{id}", "x").replace("{workshop}", MINE)
        if action is Action.OPEN or path.endswith("/live"):
            continue
        for method in route.methods or ():
            assert (await client(None).request(method, path)).status_code == 401, f"{method} {path} for nobody"
            for role in ROLES:
                status = (await client(role).request(method, path)).status_code
                allowed = Role(role) in TABLE[action]
                assert (status == 403) is not allowed, f"{method} {path} for {role}: {status}"
                assert status < 500 or status == 503, f"{method} {path} for {role}: {status}"


@pytest.mark.parametrize("role", ["officer", "owner", "viewer"])
async def test_nobody_sees_what_lies_outside(client: Client, role: str) -> None:
    http = client(role)
    assert [w["id"] for w in (await http.get("/api/v1/workshops?limit=1000")).json()["items"]].count(OTHER) == 0
    assert (await http.get(f"/api/v1/workshops/{OTHER}")).status_code == 404
    assert (await http.get(f"/api/v1/workshops/{MINE}")).status_code == 200
    assert (await http.get(f"/api/v1/status/{OTHER}")).status_code == 404
    assert (await http.get("/api/v1/status/unassigned")).status_code == 404
    assert (await http.get("/api/v1/status/system")).status_code == 404
    shown = {item["workshop"]["id"] for item in (await http.get("/api/v1/status")).json()["items"]}
    assert MINE in shown
    assert OTHER not in shown
    for resource in ("zones", "devices", "circuits"):
        items = (await http.get(f"/api/v1/{resource}?limit=1000")).json()["items"]
        assert OTHER not in {item["workshop"] for item in items}, resource
        assert not (await http.get(f"/api/v1/{resource}?workshop={OTHER}")).json()["items"], resource
    contacts = await http.get("/api/v1/contacts?limit=1000")
    if role == "viewer":
        assert contacts.status_code == 403
    else:
        assert {c["workshop"] for c in contacts.json()["items"]} <= {w["workshop"]["id"] for w in
            (await http.get("/api/v1/status")).json()["items"]}  # fmt: skip


async def test_operator_sees_all(client: Client) -> None:
    items = (await client("operator").get("/api/v1/workshops?limit=1000")).json()["items"]
    assert {MINE, OTHER} <= {item["id"] for item in items}
