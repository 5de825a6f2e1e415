"""What every request passes: host and origin checks, security headers, one log line, metrics, the transaction.

The middleware knows no feature; the table of contents is `circle.app`.
"""

import contextvars
import ipaddress
import re
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlsplit

import asyncpg
import prometheus_client
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.datastructures import FormMultiDict
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from . import auth, errors, pages, unsent
from .auth import Actor
from .db import Caller, Connection, Database
from .errors import CircleError
from .pages import Again

SECURITY_HEADERS = [
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000")
SECRET = re.compile(r"(/kalender/).+", re.DOTALL)
"""Addresses whose end is a secret: the log names their beginning alone."""
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}

REQUESTS = prometheus_client.Counter("circle_requests_total", "Answered requests.", ["method", "status"])
SECONDS = prometheus_client.Histogram("circle_request_seconds", "Time to the end of the answer.")
request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
log = structlog.get_logger("circle.web")


class Front(ASGIMiddleware):
    """Request id, allowed host, security headers, log line without content, metrics.

    It stands before the router: addresses that do not exist get the same.
    """

    scopes = (ScopeType.HTTP, ScopeType.WEBSOCKET)

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self.hosts = {parts.netloc.lower()}
        if parts.scheme == "http":
            port = f":{parts.port}" if parts.port else ""
            self.hosts |= {f"{name}{port}" for name in LOOPBACK if name != "::1"}
        self.headers = SECURITY_HEADERS + ([HSTS] if parts.scheme == "https" else [])

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        started, status = time.perf_counter(), 500
        identity = secrets.token_hex(8)
        request_id.set(identity)
        path, method = scope["path"], str(scope.get("method"))
        if scope["type"] == ScopeType.WEBSOCKET:
            # It lasts as long as somebody writes, so there is no time to measure; refused before it opens, it is a 403.
            if self._known_host(scope, path):
                await next_app(scope, receive, send)
            else:
                await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        calm = path.startswith("/static/")

        async def out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = [*message["headers"]]
                if calm:
                    own.append((b"cache-control", b"public, max-age=3600"))
                elif not any(name == b"cache-control" for name, _ in own):
                    own.append((b"cache-control", b"no-store"))
                given = {name for name, _ in own}
                message["headers"] = [
                    *own,
                    *(pair for pair in self.headers if pair[0] not in given),
                    (b"x-request-id", identity.encode()),
                ]
            await send(message)

        if not self._known_host(scope, path):
            await _plain(out, 421, "Diese Adresse gehört nicht zu diesem Dienst.")
        else:
            await next_app(scope, receive, out)
        took = time.perf_counter() - started
        REQUESTS.labels(method, str(status)).inc()
        SECONDS.observe(took)
        if not calm and not path.startswith("/health"):
            log.info(
                "request",
                method=method,
                path=SECRET.sub(r"\1…", path),
                status=status,
                ms=round(took * 1000, 1),
                request_id=identity,
            )

    def _known_host(self, scope: Scope, path: str) -> bool:
        """Any other plain-http host is refused: DNS rebinding must not reach a service on loopback."""
        if path.startswith("/health"):
            return True
        named = [value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and named[0] in self.hosts


async def _plain(send: Send, status: int, text: str) -> None:
    body = text.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def permission(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard of every route: an unsafe request that rides on a cookie must come from our own pages.

    Browsers say where a request comes from (Sec-Fetch-Site, Fetch Metadata; Origin, RFC 6454). Bearer tokens are not
    sent by browsers on their own and need no such check. Rights themselves are checked in the action.
    It awaits nothing and is async all the same: the framework runs plain functions in a thread.
    """
    method = connection.scope.get("method")
    if method in ("GET", "HEAD", "OPTIONS"):
        return
    token, bearer = auth.token_of(
        connection.headers, connection.cookies, connection.app.state.settings.cookie
    )
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    if bearer or (
        site is None and origin is None and not (token and connection.scope["path"].startswith("/api/"))
    ):
        return
    if site in ("same-origin", "none") or (
        site is None and origin and origin.lower() in connection.app.state.origins
    ):
        return
    if connection.scope["type"] == ScopeType.WEBSOCKET and origin and _is_own(connection, origin):
        return
    raise errors.Forbidden("Diese Anfrage kommt nicht von unseren Seiten.", code="cross_site")


def _is_own(connection: ASGIConnection[Any, Any, Any, Any], origin: str) -> bool:
    """Whether a page of the very host that is asked opens a socket; not every browser says more about one."""
    return urlsplit(origin).netloc.lower() == connection.headers.get("host", "").lower()


Asking = NamedDependency[Caller]
"""A handler's parameter `caller`: who asks, not yet looked up."""


async def provide_caller(request: Request[Any, Any, Any]) -> Caller:
    """Who asks; an unknown token is found out by the read itself.

    A part that an open page fetches anew by itself, after it was told something, is not asked for by hand.
    """
    token, _ = auth.token_of(request.headers, request.cookies, request.app.state.settings.cookie)
    quiet = request.method == "GET" and "hx-request" in request.headers
    return Caller(auth.token_hash(token), request.app.state.clock.now(), quiet)


async def provide_db(request: Request[Any, Any, Any], caller: Asking) -> AsyncIterator[Connection]:
    """The transaction of this request; a request that only reads has its one statement for a transaction.

    A handler that asks for the actor gets it from here: the framework leaves a transaction open for the garbage
    collector when a later dependency raises, as that of a stranger does.
    """
    acts = "actor" in request.route_handler.parsed_fn_signature.parameters
    database: Database = request.app.state.db
    if request.method in ("GET", "HEAD") and not acts:
        async with database.read() as connection:
            yield connection
        return
    async with database.begin(caller) as connection:
        if acts:
            request.state.actor = await auth.actor(connection, caller)
        yield connection


Db = NamedDependency[Connection]
"""A handler's parameter `db`: the connection inside the request's transaction."""


async def provide_actor(request: Request[Any, Any, Any], db: Db) -> Actor:
    """The signed-in person, for everything that changes something."""
    found: Actor = request.state.actor
    return found


Acting = NamedDependency[Actor]
"""A handler's parameter `actor`: the signed-in person with the rights of this moment."""


def address_of(request: Request[Any, Any, Any]) -> str:
    """The client's address; the server resolves X-Forwarded-For of trusted proxies before.

    Of IPv6 the network: one connection has 2^64 addresses to try from.
    """
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        return host
    return str(address.ipv4_mapped or ipaddress.IPv6Network((int(address), 64), strict=False))


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Pages answer people, /api/ answers programs."""
    return not request.url.path.startswith(("/api/", "/health", "/metrics"))


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Every refusal and every fault of ours, as a problem (RFC 9457) or as a page."""
    if isinstance(error, Again):
        return error.response
    refusal = as_refusal(error)
    if refusal.status == 500:
        log.error("fault", request_id=request_id.get(), kind=type(error).__name__, exc_info=error)
    if not wants_page(request):
        problem = refusal.problem() | {"request_id": request_id.get()}
        return Response(
            problem,
            status_code=refusal.status,
            media_type="application/problem+json",
            headers=refusal.headers,
        )
    if isinstance(refusal, errors.NotSignedIn) and request.method == "GET":
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Response(
            None, status_code=303, headers={"location": f"/anmelden?next={quote(target, safe='/')}"}
        )
    if request.method == "POST" and (refusal.status == 401 or refusal.code == "form_token"):
        return _Unsent(refusal)
    return _error_page(request, refusal)


def _error_page(request: Request[Any, Any, Any], refusal: CircleError) -> Response[bytes]:
    status = 422 if refusal.status == 400 else refusal.status
    response = pages.show(
        request, "error.html", refusal.me or None, status=status, title=refusal.title, detail=refusal.detail,
        reference=request_id.get(), unsaved=pages.unsaved(getattr(request.state, "form", FormMultiDict())),
    )  # fmt: skip
    response.headers.update(refusal.headers)
    return response


class _Unsent(Response[None]):
    """The answer to a form of no session, of another one, or of one that is too old for it. It reads the form, for which
    an exception handler has no time, and asks who is signed in once the transaction of the request is over."""

    def __init__(self, refusal: CircleError) -> None:
        super().__init__(None)
        self.refusal = refusal

    def to_asgi_response(self, app: Any, request: Request[Any, Any, Any], **more: Any) -> Any:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                response = await self.page(request)
            except Exception as error:  # Nobody behind this one answers for a fault.
                response = _error_page(request, as_refusal(error))
            await response.to_asgi_response(None, request)(scope, receive, send)

        return answer

    async def page(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The sign-in page, or for the person who wrote the form and is signed in again what they typed."""
        card, typed = None, await unsent.collect(request)
        if self.refusal.code == "form_token":
            caller = await provide_caller(request)
            async with request.app.state.db.begin(caller) as db:
                card = await auth.card(db, caller)
        if card is None:
            reason = self.refusal.detail if isinstance(self.refusal, errors.SignInAgain) else ""
            return unsent.sign_in_page(request, typed, None, 401, reason)
        me = auth.me(card)
        if typed is None:
            self.refusal.me = card
            return _error_page(request, self.refusal)
        if typed.author != me.person_id:
            return unsent.sign_in_page(request, typed, me, self.refusal.status)
        return unsent.resend_page(request, typed, me, status=self.refusal.status)


class Fault(CircleError):
    status, code, title = 500, "fault", "Da ist uns ein Fehler unterlaufen."


class _Http(CircleError):
    """What the framework itself refuses."""


HTTP_CODES = {
    404: ("not_found", errors.NotFound.title),
    405: ("method_not_allowed", "Diese Methode gibt es hier nicht."),
    413: ("too_large", errors.TooLarge.title),
    415: ("media_type", "Hier wird ein anderes Format erwartet."),
}


def as_refusal(error: Exception) -> CircleError:
    """Any exception as something that can be told."""
    if isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, CircleError):
        return error
    if isinstance(error, asyncpg.PostgresError):
        return errors.from_database(error) or Fault()
    if isinstance(error, OSError | asyncpg.InterfaceError | TimeoutError):
        return errors.Unavailable()
    if isinstance(error, ValidationException) or (
        isinstance(error, HTTPException) and error.status_code == 400
    ):
        return _input_refused(error)
    if isinstance(error, HTTPException) and error.status_code < 500:
        refusal = _Http(headers={k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"})
        refusal.status = error.status_code
        refusal.code, refusal.title = HTTP_CODES.get(error.status_code, ("refused", "Das geht so nicht."))
        return refusal
    if isinstance(error, RecursionError):
        return errors.Invalid("Die Eingabe ist zu tief verschachtelt.")
    if isinstance(error, UnicodeError):
        return errors.Invalid("Der Text ist kein gültiges UTF-8.")
    return Fault()


def _input_refused(error: HTTPException) -> CircleError:
    """The framework's validation message, in German and at the field."""
    found: dict[str, str] = {}
    for entry in error.extra if isinstance(error.extra, list) else []:
        message = str(entry.get("message", "")) if isinstance(entry, dict) else str(entry)
        name = (
            errors.field_of(message) or errors.dotted(str(entry.get("key", "")))
            if isinstance(entry, dict)
            else ""
        )
        found[name] = errors.german(message)
    if not found:
        message = f"{error.detail} {error.__cause__ or ''}"
        name = errors.field_of(message)
        return errors.Invalid(errors.german(message), fields={name: errors.german(message)} if name else None)
    return errors.Invalid("Bitte prüfen Sie die genannten Felder.", fields=found)
