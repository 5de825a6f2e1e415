"""Sessions, the caller's card, and the directory."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import answers, auth, errors, web
from circle.core.answers import Page
from circle.core.auth import Me
from circle.core.db import Caller

from . import actions, store
from .model import Authority, AuthorityDetail, Credentials, Person, PersonDetail, Session


@post("/sessions", opt={"permission": "public"})
async def open_session(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, data: JSONBody[Credentials]
) -> Response[Session]:
    """Sign in. The token goes into `Authorization: Bearer`; it lives 10 hours, 30 minutes when idle."""
    token = await actions.sign_in(db, caller, data, web.address_of(request), "bearer")
    if token is None:
        return answers.refused(
            errors.NotSignedIn("E-Mail-Adresse oder Kennwort stimmen nicht.", code="sign_in_failed")
        )
    actor = await auth.actor(db, Caller(auth.token_hash(token), caller.now))
    return answers.created(Session(token, auth.me(actor.card)))


@delete("/sessions", status_code=204, opt={"permission": "signed_in"})
async def close_session(db: web.Db, caller: web.Asking) -> None:
    """Sign out: the token is worth nothing from now on."""
    await actions.sign_out(db, caller)


@get("/me", opt={"permission": "signed_in"})
async def read_me(db: web.Db, caller: web.Asking) -> Response[Me]:
    """The signed-in person with the roles held at this moment."""
    return answers.one(await store.get_me(db, caller))


@get("/people", opt={"permission": "signed_in"})
async def list_people(
    request: Request[Any, Any, Any],
    db: web.Db,
    caller: web.Asking,
    limit: FromQuery[int] = 50,
    after: FromQuery[str | None] = None,
    q: FromQuery[str | None] = None,
) -> Response[Page[Person]]:
    """The directory by name; `q` searches name, function and house."""
    if q and len(q) > 100:
        raise errors.Invalid("q hat höchstens 100 Zeichen.", fields={"q": "Höchstens 100 Zeichen."})
    found = await store.list_people(db, caller, answers.unseal(after), answers.page_size(limit), q)
    return answers.page(request, found)


@get("/people/{person_id:uuid}", opt={"permission": "signed_in"})
async def read_person(db: web.Db, caller: web.Asking, person_id: FromPath[UUID]) -> Response[PersonDetail]:
    """One person of the directory, for staff with appointments and absences."""
    return answers.one(await store.get_person(db, caller, person_id))


@get("/authorities", opt={"permission": "signed_in"})
async def list_authorities(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking
) -> Response[Page[Authority]]:
    """The houses, each with its commissioner of today."""
    return answers.page(request, await store.list_authorities(db, caller))


@get("/authorities/{authority_id:uuid}", opt={"permission": "signed_in"})
async def read_authority(
    db: web.Db, caller: web.Asking, authority_id: FromPath[UUID]
) -> Response[AuthorityDetail]:
    """One house: commissioner or vacancy, attachment, people and appointments."""
    return answers.one(await store.get_authority(db, caller, str(authority_id)))


router = Router(
    "/api/v1",
    tags=["people"],
    route_handlers=[
        open_session, close_session, read_me, list_people, read_person, list_authorities, read_authority,
    ],
)  # fmt: skip
