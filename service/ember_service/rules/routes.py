"""The rules as the evaluator uses them; read only for now."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends
from starlette.responses import Response

from ember_service.api.common import Allow, Ctx, json, listed
from ember_service.api.openapi import gives, gives_list
from ember_service.api.problem import Problem
from ember_service.auth.access import Action
from ember_service.auth.model import Principal
from ember_service.rules.model import Rule

router = APIRouter(prefix="/rules", tags=["rules"])
Seer = Annotated[Principal, Depends(Allow(Action.SEE))]


@router.get("", summary="Every rule in use", openapi_extra=gives_list(Rule))
async def rules(ctx: Ctx, who: Seer) -> Response:
    return listed([_shown(rule) for rule in ctx.feed.config.rules])


@router.get("/{id}", summary="One rule", openapi_extra=gives(Rule, refuses=[404]))
async def rule(ctx: Ctx, who: Seer, id: str) -> Response:
    for found in ctx.feed.config.rules:
        if found.id == id:
            return json(_shown(found))
    raise Problem(404, "There is no such rule.", "not_found")


def _shown(rule: Rule) -> dict[str, Any]:
    """As in YAML: `type` says which kind of rule it is."""
    shown: dict[str, Any] = msgspec.to_builtins(rule)
    return shown
