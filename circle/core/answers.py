"""Answers to programs: JSON as PostgreSQL built it, ETags, lists by key, stored answers."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response

from . import errors, idempotency
from .auth import Actor
from .db import Answer, Connection
from .errors import CircleError
from .idempotency import Stored

T = TypeVar("T")
JSON = "application/json"
MAX_PAGE = 200


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list; `next` is the address of the following part, or null."""

    items: list[T]
    next: str | None


class _Named(msgspec.Struct, frozen=True):
    """What every body has."""

    id: UUID


def one(answer: Answer) -> Response[Any]:
    """A thing with its ETag `"v7"`."""
    headers = {"etag": f'"v{answer.revision}"'} if answer.revision else {}
    return Response(answer.body, media_type=JSON, headers=headers)


def page(request: Request[Any, Any, Any], answer: Answer) -> Response[Any]:
    """A list as `{"items": [...], "next": url|null}`; the next page repeats the query with another `after`."""
    following = next_link(request, answer)
    return Response(
        b'{"items":' + answer.body + b',"next":' + msgspec.json.encode(following) + b"}", media_type=JSON
    )


def next_link(request: Request[Any, Any, Any], answer: Answer) -> str | None:
    """The address of the following part of a list, or None at its end."""
    if answer.next is None:
        return None
    query = {name: value for name, value in request.query_params.items() if name != "after"}
    return f"{request.url.path}?{urlencode(query | {'after': seal(answer.next)})}"


def seal(key: str) -> str:
    """A page key as an opaque word for the URL. Its check sum is no secret: it tells slips of a program, not attacks."""
    return base64.urlsafe_b64encode(_check(key.encode()) + key.encode()).decode().rstrip("=")


def _check(key: bytes) -> bytes:
    return hashlib.sha256(b"page " + key).digest()[:3]


def unseal(after: str | None) -> str | None:
    """The page key behind `after`. Raises Invalid when it is not one of ours."""
    if not after:
        return None
    try:
        raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
        key = raw[3:].decode()
        if raw[:3] != _check(raw[3:]):
            raise ValueError("not sealed by us")
    except ValueError as error:
        raise errors.Invalid(
            "Der Wert von after stammt nicht aus dieser Liste.", fields={"after": "Bitte next verwenden."}
        ) from error
    return key


def page_size(limit: int) -> int:
    """The asked number of items. Raises Invalid outside 1..200."""
    if not 1 <= limit <= MAX_PAGE:
        raise errors.Invalid(f"limit liegt zwischen 1 und {MAX_PAGE}.", fields={"limit": f"1 bis {MAX_PAGE}"})
    return limit


def expected_revision(request: Request[Any, Any, Any], *, required: bool = True) -> int | None:
    """The revision named by If-Match. Raises MatchRequired when it is missing, Invalid when it is not like `"v7"`."""
    value = request.headers.get("if-match", "").strip()
    if not value:
        if required:
            raise errors.MatchRequired
        return None
    named = re.fullmatch(r'(?:W/)?"?v([0-9]{1,9})"?', value)
    if not named:
        raise errors.Invalid('If-Match hat die Form "v7".', code="if_match_invalid")
    return int(named[1])


def created(body: Any, revision: int = 0, status: int = 201) -> Response[Any]:
    """A new thing (201), or the state after an act (status 200)."""
    headers = {"etag": f'"v{revision}"'} if revision else {}
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Response(content, status_code=status, media_type=JSON, headers=headers)


def done(answer: Answer, status: int = 200) -> Response[Any]:
    """The state after an act, read back as the caller may see it."""
    return created(answer.body, answer.revision, status)


async def once(
    db: Connection, actor: Actor, request: Request[Any, Any, Any], act: Callable[[], Awaitable[Answer]], *,
    status: int = 200, required: bool = False, read: Callable[[UUID], Awaitable[Answer]] | None = None,
) -> Response[Any]:  # fmt: skip
    """Run an act under the request's Idempotency-Key and answer with the state after it.

    Said again, status and ETag are those of the first time; the body is read anew with `read`, by the id it names:
    what the person may not see any more is NotFound, as everywhere. Then the id alone is kept: what an answer holds may be
    confidential, or forgotten sooner than the key.
    """
    body = b""

    async def stored() -> Stored:
        nonlocal body
        answer = await act()
        body = answer.body
        kept = msgspec.json.encode(msgspec.json.decode(body, type=_Named)) if read else body
        return Stored(status, kept, f'"v{answer.revision}"' if answer.revision else "")

    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    kept = await idempotency.once(
        db, actor, request.headers.get("idempotency-key", ""), asked, stored, required=required
    )
    if kept.again:
        body = (
            (await read(msgspec.json.decode(kept.body, type=_Named).id)).body
            if read is not None
            else kept.body
        )
    return Response(
        body, status_code=kept.status, media_type=JSON, headers={"etag": kept.etag} if kept.etag else {}
    )


def refused(refusal: CircleError) -> Response[Any]:
    """A problem that is returned, not raised: what the request wrote stays (a counted failure)."""
    return Response(refusal.problem(), status_code=refusal.status, media_type="application/problem+json")
