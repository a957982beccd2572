"""The page and its assets, under a strict content security policy."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, Depends
from starlette.responses import FileResponse, HTMLResponse, Response

from ember_service.api.common import Allow
from ember_service.api.problem import Problem
from ember_service.auth.access import Action

STATIC: Final = Path(__file__).parent / "static"
_MISSING: Final = "<!doctype html><title>Emberwatch</title><p>The console is not built: run <code>make console</code>."
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}
router = APIRouter(include_in_schema=False, dependencies=[Depends(Allow(Action.OPEN))])


@router.get("/")
async def page() -> Response:
    index = STATIC / "index.html"
    return FileResponse(index, headers=_ASK_AGAIN) if index.is_file() else HTMLResponse(_MISSING, 503)


@router.get("/favicon.svg")
async def icon() -> Response:
    return _file(STATIC / "favicon.svg", _ASK_AGAIN)


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    # A name has no `/` here, so it cannot lead out of the folder.
    return _file(STATIC / "assets" / name, _FOREVER)


def _file(path: Path, headers: dict[str, str]) -> Response:
    if path.name.startswith(".") or "\0" in path.name or not path.is_file():
        raise Problem(404, "There is no such file.", "not_found")
    return FileResponse(path, headers=headers)
