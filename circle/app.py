"""The web service: its table of contents."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import redis.asyncio
from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router

from circle import settings as settings_module
from circle.consultations import api as consultations_api
from circle.consultations import pages as consultations_pages
from circle.core import (
    audit_api,
    clock,
    db,
    fields,
    files_api,
    live,
    logs,
    merging,
    openapi,
    pages,
    status,
    web,
)
from circle.core import files as core_files
from circle.desk import pages as desk_pages
from circle.distribution import api as distribution_api
from circle.distribution import pages as distribution_pages
from circle.knowledge import api as knowledge_api
from circle.knowledge import pages as knowledge_pages
from circle.measures import api as measures_api
from circle.measures import pages as measures_pages
from circle.meetings import api as meetings_api
from circle.meetings import pages as meetings_pages
from circle.meetings.agenda import api as agenda_api
from circle.meetings.agenda import pages as agenda_pages
from circle.meetings.bundle import api as bundle_api
from circle.meetings.bundle import pages as bundle_pages
from circle.meetings.calls import api as calls_api
from circle.meetings.calls import pages as calls_pages
from circle.meetings.feeds import api as feeds_api
from circle.meetings.feeds import pages as feeds_pages
from circle.meetings.floor import api as floor_api
from circle.meetings.floor import pages as floor_pages
from circle.meetings.minutes import api as minutes_api
from circle.meetings.minutes import pages as minutes_pages
from circle.meetings.polls import api as polls_api
from circle.meetings.polls import pages as polls_pages
from circle.meetings.procedure import api as procedure_api
from circle.meetings.procedure import pages as procedure_pages
from circle.meetings.replies import api as replies_api
from circle.meetings.replies import pages as replies_pages
from circle.meetings.room import api as room_api
from circle.meetings.room import pages as room_pages
from circle.meetings.summons import api as summons_api
from circle.meetings.summons import pages as summons_pages
from circle.meetings.writing import desk as writing_desk
from circle.meetings.writing import pages as writing_pages
from circle.meetings.year import api as year_api
from circle.meetings.year import pages as year_pages
from circle.people import api as people_api
from circle.people import pages as people_pages
from circle.people.accounts import api as accounts_api
from circle.people.accounts import pages as accounts_pages
from circle.people.appointments import api as appointments_api
from circle.people.appointments import pages as appointments_pages
from circle.people.deputies import api as deputies_api
from circle.people.deputies import pages as deputies_pages
from circle.people.network import api as network_api
from circle.people.network import pages as network_pages
from circle.rights import api as rights_api
from circle.rights import pages as rights_pages
from circle.search import api as search_api
from circle.search import pages as search_pages
from circle.settings import Settings
from circle.tasks import api as tasks_api
from circle.tasks import pages as tasks_pages

HERE = Path(__file__).parent
FEATURES = [
    "people",
    "people/accounts",
    "people/appointments",
    "people/deputies",
    "people/network",
    "search",
    "knowledge",
    "distribution",
    "tasks",
    "meetings",
    "meetings/agenda",
    "meetings/bundle",
    "meetings/summons",
    "meetings/calls",
    "meetings/feeds",
    "meetings/minutes",
    "meetings/polls",
    "meetings/procedure",
    "meetings/year",
    "meetings/replies",
    "meetings/floor",
    "meetings/room",
    "meetings/writing",
    "consultations",
    "measures",
    "desk",
    "rights",
]
"""Folders with templates, in the order of the import contract."""

ROUTERS: list[Router] = [
    status.router,
    audit_api.router,
    files_api.router,
    desk_pages.router,
    rights_api.router,
    rights_pages.router,
    people_api.router,
    people_pages.router,
    accounts_api.router,
    accounts_pages.router,
    appointments_api.router,
    appointments_pages.router,
    deputies_api.router,
    deputies_pages.router,
    network_api.router,
    network_pages.router,
    search_api.router,
    search_pages.router,
    knowledge_api.router,
    knowledge_pages.router,
    distribution_api.router,
    distribution_pages.router,
    tasks_api.router,
    tasks_pages.router,
    meetings_api.router,
    meetings_pages.router,
    agenda_api.router,
    agenda_pages.router,
    calls_api.router,
    calls_pages.router,
    bundle_api.router,
    bundle_pages.router,
    summons_api.router,
    summons_pages.router,
    feeds_api.router,
    feeds_api.fetched,
    feeds_pages.router,
    polls_api.router,
    polls_pages.router,
    procedure_api.router,
    procedure_pages.router,
    year_api.router,
    year_pages.router,
    minutes_api.router,
    minutes_pages.router,
    floor_api.router,
    floor_pages.router,
    room_api.router,
    room_pages.router,
    replies_api.router,
    replies_pages.router,
    writing_pages.router,
    consultations_api.router,
    consultations_pages.router,
    measures_api.router,
    measures_pages.router,
]

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]


def create_app(settings: Settings | None = None, database: db.Database | None = None) -> Litestar:
    """The ASGI application. `database` replaces the pool (tests put every request on their own connection).

    Raises RuntimeError when a route declares no permission.
    """
    settings = settings or settings_module.read()
    logs.configure(settings.log)
    app = Litestar(
        [*ROUTERS, create_static_files_router("/static", [HERE / "core/static"], opt={"permission": "public"})],
        lifespan=[_lifespan(settings, database)],
        state=State({"settings": settings, "origins": {settings.address}}),
        dependencies={
            "caller": Provide(web.provide_caller),
            "db": Provide(web.provide_db),
            "actor": Provide(web.provide_actor),
        },
        guards=[web.permission],
        type_decoders=fields.DECODERS,
        plugins=[fields.DaySchema()],
        exception_handlers={Exception: web.answer_error},
        openapi_config=OpenAPIConfig(
            title="Koordinierungskreis", version="1.0.0", use_handler_docstrings=True,
            path="/api/v1/openapi.json",
            render_plugins=[openapi.Description(path="/")],
            openapi_router=Router(
                "/api/v1/openapi.json", route_handlers=[], include_in_schema=False, opt={"permission": "public"},
                guards=[status.description],
            ),
        ),
        request_max_body_size=settings.body_limit,
        logging_config=None,
    )  # fmt: skip
    require_permissions(app)
    app.asgi_handler = web.Front(settings.address)(app.asgi_handler)
    return app


def require_permissions(app: Litestar) -> None:
    """Every route says who may use it, or that it is public. Raises RuntimeError naming those that do not."""
    silent = [
        route.path
        for route in app.routes
        for handler in getattr(route, "route_handlers", [getattr(route, "route_handler", None)])
        if handler
        and "permission" not in handler.opt
        and "OPTIONS" not in getattr(handler, "http_methods", ())
    ]
    if silent:
        raise RuntimeError(f"routes without a permission: {silent}")


def _lifespan(settings: Settings, database: db.Database | None) -> Lifespan:
    @asynccontextmanager
    async def run(app: Litestar) -> AsyncIterator[None]:
        """Open the neighbours before the first request, close them after the last."""
        own = database or await db.connect(
            settings.database_url, smallest=settings.pool_min, largest=settings.pool_max,
            statement_timeout=settings.statement_timeout,
        )  # fmt: skip
        app.state.db = own
        async with own.begin(None) as connection:
            app.state.clock = await clock.read(connection)
        app.state.origins = {settings.address}
        app.state.storage = core_files.Storage(settings.files)
        app.state.templates = pages.environment(
            {Path(name).name: HERE / name / "templates" for name in FEATURES}
        )
        app.state.labels = pages.labels(app.state.templates)
        app.state.redis = redis.asyncio.from_url(settings.redis_url) if settings.redis_url else None
        merging.check()
        app.state.hub = live.Hub()
        app.state.desk = writing_desk.Desk(own, app.state.hub, app.state.clock)
        app.state.templates.globals["minutes_live"] = settings.minutes_live
        # Tests put every request on one connection of their own: nothing is committed there, so nothing can be heard.
        hearing = (
            asyncio.create_task(app.state.hub.listen(settings.database_url)) if database is None else None
        )
        yield
        if hearing is not None:
            hearing.cancel()
        if app.state.redis is not None:
            await app.state.redis.aclose()
        if database is None:
            await own.pool.close()

    return run
