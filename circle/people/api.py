"""Sessions, the caller's card, and the directory."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from circle.core import access, answers, auth, clock, errors, files, web
from circle.core.answers import Page
from circle.core.auth import Me
from circle.core.db import Answer, Caller, Connection

from . import actions, cards, rules, store
from .accounts import api as accounts
from .model import (
    Authority,
    AuthorityChange,
    AuthorityDetail,
    ContactChange,
    Credentials,
    Outdated,
    Person,
    PersonDetail,
    PublicContact,
    Session,
)


@post("/sessions", opt={"permission": "public"})
async def open_session(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, data: JSONBody[Credentials]
) -> Response[Session]:
    """Sign in. The token goes into `Authorization: Bearer`; it lives 10 hours, 30 minutes when idle."""
    device = rules.device(request.headers.get("user-agent", ""))
    token = await actions.sign_in(db, caller, data, web.address_of(request), "bearer", device)
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
    role: FromQuery[str | None] = None,
    authority: FromQuery[str | None] = None,
) -> Response[Page[Person]]:
    """The directory by name; each word of `q`, also a part, is looked for in name, function and house, `authority` is the key or id of a house."""
    found = await store.list_people(
        db, caller, answers.unseal(after), answers.page_size(limit), *_filters(q, role, authority)
    )
    return answers.page(request, found)


def _filters(q: str | None, role: str | None, authority: str | None) -> list[str | None]:
    for name, value in (("q", q), ("role", role), ("authority", authority)):
        if value and len(value) > 100:
            raise errors.Invalid(
                f"{name} hat höchstens 100 Zeichen.", fields={name: "Höchstens 100 Zeichen."}
            )
    return [q or None, role or None, authority or None]


@get("/people.vcf", opt={"permission": "signed_in"})
async def export_people(
    db: web.Db, caller: web.Asking, actor: web.Acting, q: FromQuery[str | None] = None,
    role: FromQuery[str | None] = None, authority: FromQuery[str | None] = None,
) -> Response[bytes]:  # fmt: skip
    """The same people as business cards (vCard 4.0). Needs a sign-in of the last 15 minutes."""
    found = await actions.export(db, actor, caller, *_filters(q, role, authority))
    return vcard("personen.vcf", map(cards.of_person, found))


def vcard(name: str, content: Iterable[cards.Card]) -> Response[bytes]:
    """A file with business cards to save."""
    kind = "text/vcard; charset=utf-8"
    return Response(
        cards.write(content), media_type="text/vcard",
        headers={"content-disposition": files.disposition(name), "content-type": kind},
    )  # fmt: skip


@get("/people/outdated", opt={"permission": "people.review"})
async def list_outdated(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking
) -> Response[Page[Outdated]]:
    """Entries that are due for their half-yearly check or doubtful; commissioners and deputies first."""
    return answers.page(request, await outdated(db, caller))


async def outdated(db: Connection, caller: Caller) -> Answer:
    """The list for the office. Raises Forbidden for anybody else."""
    found = await store.list_outdated(db, caller)
    if not access.may(auth.me(found.me), "people.review"):
        raise errors.Forbidden(me=found.me)
    return found


@get("/people/{person_id:uuid}", opt={"permission": "signed_in"})
async def read_person(db: web.Db, caller: web.Asking, person_id: FromPath[UUID]) -> Response[PersonDetail]:
    """One person of the directory, for staff with appointments and absences."""
    return answers.one(await store.get_person(db, caller, person_id))


@get("/people/{person_id:uuid}/card.vcf", opt={"permission": "signed_in"})
async def read_card(db: web.Db, caller: web.Asking, person_id: FromPath[UUID]) -> Response[bytes]:
    """One person as a business card (vCard 4.0)."""
    found = await store.get_person(db, caller, person_id)
    return vcard("person.vcf", [cards.of_person(msgspec.json.decode(found.body, type=PersonDetail))])


@patch("/people/{person_id:uuid}/contact-details", opt={"permission": "signed_in"})
async def change_contact(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, actor: web.Acting,
    person_id: FromPath[UUID], data: JSONBody[ContactChange],
) -> Response[PersonDetail]:  # fmt: skip
    """Change how a person is reached: oneself, or the own house; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change_contact(db, actor, person_id, data, expected)
    return answers.done(await store.get_person(db, caller, person_id))


@post("/people/{person_id:uuid}/contact-details/confirm", status_code=200, opt={"permission": "signed_in"})
async def confirm_contact(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, actor: web.Acting,
    person_id: FromPath[UUID],
) -> Response[PersonDetail]:  # fmt: skip
    """Confirm that one's own entry is right; due every half-year."""

    async def act() -> Answer:
        expected = answers.expected_revision(request, required=False)
        await actions.confirm_contact(db, actor, person_id, expected)
        return await store.get_person(db, caller, person_id)

    return await answers.once(db, actor, request, act, read=partial(store.get_person, db, caller))


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


@patch("/authorities/{authority_id:uuid}", opt={"permission": "authorities.edit"})
async def change_authority(
    request: Request[Any, Any, Any], db: web.Db, caller: web.Asking, actor: web.Acting,
    authority_id: FromPath[UUID], data: JSONBody[AuthorityChange],
) -> Response[AuthorityDetail]:  # fmt: skip
    """Change what the own house says of itself; needs If-Match."""
    expected = answers.expected_revision(request)
    assert expected is not None
    await actions.change_house(db, actor, authority_id, data, expected)
    return answers.done(await store.get_authority(db, caller, str(authority_id)))


@get("/public/contacts", opt={"permission": "public"})
async def list_public_contacts(db: web.Db, caller: web.Asking) -> Response[Page[PublicContact]]:
    """For everybody: the commissioners whom their houses have announced outside, and how to reach them."""
    return Response(Page(await public_contacts(db, caller), None), media_type=answers.JSON)


async def public_contacts(db: Connection, caller: Caller, house: str = "") -> list[PublicContact]:
    """The announced commissioners of today; `house` keeps the one of that key."""
    return [
        msgspec.convert(dict(one), PublicContact)
        for one in await store.list_contacts(db, clock.day(caller.now))
        if one["name"] and house in ("", one["key"])
    ]


router = Router(
    "/api/v1",
    tags=["people"],
    route_handlers=[
        accounts.add, accounts.change,
        open_session, close_session, read_me, list_people, export_people, list_outdated, read_person, read_card,
        change_contact, confirm_contact, list_authorities, read_authority, change_authority, list_public_contacts,
    ],
)  # fmt: skip
