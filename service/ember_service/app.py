"""The FastAPI application: routes, errors, guards. Everything comes in by the context."""

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from ember_service.alarms.routes import router as alarms
from ember_service.api import openapi, problem
from ember_service.api.common import Allow
from ember_service.api.guard import PREFIX, Guard
from ember_service.api.problem import Problem
from ember_service.api.system import open_router
from ember_service.api.system import router as system
from ember_service.auth.access import Action
from ember_service.auth.routes import router as auth
from ember_service.context import Context
from ember_service.history.routes import router as history
from ember_service.live.routes import router as live
from ember_service.notify.routes import router as notify
from ember_service.register.routes import router as register
from ember_service.rules.routes import router as rules
from ember_service.web.routes import router as web

GZIP_FROM = 2_000


def create_app(context: Context) -> FastAPI:
    """The app for one context; nothing runs until it is served."""
    app = FastAPI(
        title="Emberwatch",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.context = context
    problem.install(app)
    for router in (auth, live, alarms, history, register, rules, notify, system):
        app.include_router(router, prefix=PREFIX)
    app.include_router(open_router)
    app.include_router(web)
    app.include_router(_nothing_else(), include_in_schema=False)
    openapi.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=GZIP_FROM, compresslevel=5)  # event streams are left alone
    app.add_middleware(Guard, metrics=context.metrics)
    return app


def _nothing_else() -> APIRouter:
    """Unknown paths of the API answer with a problem too."""
    router = APIRouter(dependencies=[Depends(Allow(Action.OPEN))])

    @router.api_route(PREFIX + "/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    async def nothing(path: str) -> None:
        raise Problem(404, "There is no such path; /openapi.json lists them all.", "not_found")

    return router
