"""The OpenAPI document: what each route gives and refuses, in schemas made from the same types that it answers with."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import UnionType
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from ember_service.api.problem import ProblemBody
from ember_service.auth.access import TABLE, Action
from ember_service.auth.model import Role

REF: Final = "#/components/schemas/{name}"
DESCRIPTION: Final = """\
Sign in at `POST /api/v1/auth/token` and send the token as `Authorization: Bearer …`; the console uses a cookie, with
which unsafe methods need the header `X-Emberwatch: 1`. Times are ms since the epoch, UTC; a channel's id is a decimal
text of 64 bits. Lists are `{"items": […], "next": cursor | null}`. Errors are RFC 9457 problems: `word` is for
machines, `detail` says what to do.
"""
TAGS: Final = [
    {"name": "auth", "description": "Signing in and out"},
    {"name": "live", "description": "What is so now; works without the database"},
    {"name": "alarms", "description": "The queue, the life of each alarm, and people's commands"},
    {"name": "history", "description": "Readings over time"},
    {"name": "register", "description": "Areas, workshops, devices, contacts; devices that were discovered"},
    {"name": "rules", "description": "What raises alarms"},
    {"name": "messages", "description": "Who was told what"},
    {"name": "system", "description": "Health, metrics, audit, what was set aside"},
]
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "emberwatch_session"},
}
_shapes: Final[dict[str, Any]] = {"ProblemBody": ProblemBody}


def gives(shape: Any, status: int = 200, *, refuses: Iterable[int] = (), media: str = "application/json") -> Any:
    """For a route's `openapi_extra`: what it answers with, and which problems are its own."""
    content = {media: {"schema": _schema(shape)}}
    return _responses({status: {"description": HTTPStatus(status).phrase, "content": content}}, refuses)


def gives_list(shape: Any, *, refuses: Iterable[int] = ()) -> Any:
    """The same for a page of a list."""
    schema = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": _schema(shape)},
            "next": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "`cursor` of the next page"},
        },
    }
    content = {"application/json": {"schema": schema}}
    return _responses({200: {"description": "OK", "content": content}}, refuses)


def refuses(*statuses: int) -> Any:
    """The same for a route that answers with nothing."""
    return _responses({}, statuses)


def events(kinds: Mapping[str, Any]) -> Any:
    """The same for a stream of server-sent events: the shape of each event's data."""
    told = "\n".join(f"- `{name}`: {shape.__name__}" for name, shape in kinds.items())
    schema = {"type": "string", "x-events": {name: _schema(shape) for name, shape in kinds.items()}}
    content = {"text/event-stream": {"schema": schema}}
    return _responses({200: {"description": f"Events with their data:\n{told}", "content": content}}, ())


def install(app: FastAPI) -> None:
    """Let `app` make its document once, when it is first asked for."""

    def document() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def action_of(route: Any) -> Action:
    """The one action that a route names. Raises LookupError where it names none, or more than one."""
    found = list(_actions(route.dependant))
    if len(found) != 1:
        raise LookupError(f"{route.methods} {route.path} names {found or 'no action'}; give it one Allow(Action.…)")
    return found[0]


def _actions(dependant: Any) -> Iterable[Action]:
    action = getattr(dependant.call, "action", None)
    if isinstance(action, Action):
        yield action
    for inner in dependant.dependencies:
        yield from _actions(inner)


def _schema(shape: Any) -> dict[str, Any]:
    if shape is str:
        return {"type": "string"}
    if isinstance(shape, UnionType):
        return {"anyOf": [_schema(one) for one in shape.__args__]}
    _shapes[shape.__name__] = shape
    return {"$ref": REF.format(name=shape.__name__)}


def _responses(first: dict[int, Any], refused: Iterable[int]) -> dict[str, Any]:
    own = {str(status): _problem(HTTPStatus(status).phrase) for status in refused}
    return {"responses": {str(status): answer for status, answer in first.items()} | own}


def _problem(description: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": REF.format(name="ProblemBody")}}}
    return {"description": description, "content": content}


def _document(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title=app.title, version=app.version, description=DESCRIPTION, tags=TAGS, routes=app.routes)
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    _, ours = msgspec.json.schema_components(_shapes.values(), ref_template=REF)
    schemas |= ours
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = _SECURITY
    for route in iter_route_contexts(app.routes):
        for method in (route.methods or ()) if isinstance(route.original_route, APIRoute) else ():
            operation = made["paths"].get(route.path, {}).get(method.lower())
            if operation is not None:
                _dress(operation, action_of(route), method)
    return made


def _dress(operation: dict[str, Any], action: Action, method: str) -> None:
    """Who may, and the problems that are the same everywhere."""
    answers = operation["responses"]
    if "422" in answers:
        answers["422"] = _problem("What was sent cannot be; `errors` names each field and why")
    answers["default"] = _problem("Any other error")
    operation["x-action"] = action.value
    if action is Action.OPEN:
        operation["security"] = []
        return
    operation["security"] = [{"bearer": []}, {"cookie": []}]
    answers.setdefault("401", _problem("Nobody is signed in"))
    roles = ", ".join(role.value for role in Role if role in TABLE[action])
    answers.setdefault("403", _problem(f"Not for every role; for: {roles}"))
    operation["description"] = f"{operation.get('description', '')}\n\nFor: {roles}.".strip()
    if method == "POST":
        answers.setdefault("413", _problem("The body is too large"))
