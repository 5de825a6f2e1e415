"""Sign-in, and the directory for people."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, clock, errors, fields, pages, unsent, web
from circle.core.auth import ROLE_NAMES, Actor, Me
from circle.core.db import Answer, Caller, Connection

from . import actions, api, cards, rules, store
from .deputies import rules as deputies
from .model import (
    Authority,
    AuthorityChange,
    AuthorityDetail,
    Contact,
    ContactChange,
    Credentials,
    Outdated,
    Person,
    PersonDetail,
)

Incoming = Request[Any, Any, Any]


@get("/anmelden", opt={"permission": "public"})
async def show_sign_in(
    request: Incoming, db: web.Db, caller: web.Asking, next: FromQuery[str] = "/", email: FromQuery[str] = ""
) -> Response[bytes]:
    """The sign-in page; in the demo it lists the people by role."""
    return await _sign_in_page(request, db, caller, target=next, email=email)


async def _sign_in_page(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    *,
    target: str,
    email: str,
    status: int = 200,
    reasons: dict[str, str] | None = None,
    typed: unsent.Unsent | None = None,
) -> Response[bytes]:
    # To choose somebody is a new page, which what was typed would not reach.
    demo = request.app.state.settings.mode == "demo" and typed is None
    return pages.show(
        request, "sign_in.html", None, status=status, next=pages.inside(target), email=email, errors=reasons or {},
        unsent=typed, demo_people=await _demo_people(db, caller) if demo else [],
    )  # fmt: skip


async def _demo_people(db: Connection, caller: Caller) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """The demo's people under each role, in the order of the role table."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    rows = await store.list_for_sign_in(db, clock.day(caller.now))
    for row in rows:
        for role in row["roles"]:
            if role != "regional_staff" or len(row["roles"]) == 1:
                groups.setdefault(role, []).append((row["name"], row["email"], row["authority_name"]))
    return [(ROLE_NAMES[role], groups[role]) for role in ROLE_NAMES if role in groups]


@post("/anmelden", opt={"permission": "public"})
async def sign_in(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """Take e-mail and password; a new session with a new token begins. What its own person typed before is shown."""
    form = await pages.plain_form(request)
    target, typed = pages.inside(str(form.get("next", "/"))), unsent.read(form)
    email = str(form.get("email", ""))[:254]
    try:
        who = fields.from_form(Credentials, {"email": email, "password": str(form.get("password", ""))})
    except errors.Invalid as wrong:
        return await _sign_in_page(
            request, db, caller, target=target, email=email, status=422, reasons=wrong.fields, typed=typed
        )
    device = rules.device(request.headers.get("user-agent", ""))
    try:
        token = await actions.sign_in(db, caller, who, web.address_of(request), "cookie", device)
    except errors.TooMany as wrong:
        page = await _sign_in_page(
            request,
            db,
            caller,
            target=target,
            email=email,
            status=429,
            reasons={"": wrong.detail},
            typed=typed,
        )
        page.headers.update(wrong.headers)
        return page
    if token is None:
        return await _sign_in_page(
            request, db, caller, target=target, email=email, status=422,
            reasons={"password": "E-Mail-Adresse oder Kennwort stimmen nicht. Bitte prüfen Sie beides."}, typed=typed,
        )  # fmt: skip
    await actions.sign_out(db, caller)
    settings = request.app.state.settings
    me = auth.me((await auth.actor(db, Caller(auth.token_hash(token), caller.now))).card)
    response: Response[Any]
    if typed is None:
        response = pages.go(target)
    elif typed.author == me.person_id:
        response = unsent.resend_page(request, typed, me, token=token)
    else:
        response = pages.go("/", "Was eine andere Person hier eingegeben hatte, ist verworfen.")
    response.set_cookie(
        settings.cookie, token, httponly=True, secure=settings.secure, samesite="lax", path="/"
    )
    return response


@post("/abmelden", opt={"permission": "signed_in"})
async def sign_out(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """End the session and let the browser forget."""
    await pages.read_form(request)
    await actions.sign_out(db, caller)
    response = pages.go("/anmelden")
    settings = request.app.state.settings
    # A browser takes a `__Host-` cookie, also one that ends it, only with Secure.
    response.set_cookie(
        settings.cookie, "", max_age=0, httponly=True, secure=settings.secure, samesite="lax", path="/"
    )
    response.headers["clear-site-data"] = '"cache"'
    return response


OUTSIDE = {"municipal_contact", "partner", "former_commissioner", "data_protection_officer"}
"""Roles that find announced commissioners only, or nobody."""


@get("/personen", opt={"permission": "signed_in"})
async def show_people(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    q: FromQuery[str] = "",
    rolle: FromQuery[str] = "",
    haus: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Houses and people; whoever is outside finds the announced commissioners."""
    chosen = _chosen(q, rolle, haus)
    people = await store.list_people(
        db, caller, answers.unseal(after), 50, *(value or None for value in chosen.values())
    )
    houses = pages.as_struct(await store.list_authorities(db, caller), list[Authority])
    me = auth.me(people.me)
    return pages.show(
        request, "people/people.html", me, chosen=chosen, role_names=ROLE_NAMES, inside=not OUTSIDE.issuperset(me.roles),
        people=pages.as_struct(people, list[Person]), houses=houses, may_review=access.may(me, "people.review"),
        may_manage=access.may(me, "people.manage"), may_explain=access.may(me, "rights.explain"),
        query=urlencode({name: value for name, value in chosen.items() if value}),
        next=answers.next_link(request, people), first="/personen" if after else None,
    )  # fmt: skip


def _chosen(q: str, rolle: str, haus: str) -> dict[str, str]:
    """The filters as the database can take them, in the order of `store.list_people`."""
    return {
        name: value.replace("\x00", "").strip()[:100]
        for name, value in (("q", q), ("rolle", rolle), ("haus", haus))
    }


@get("/personen.vcf", opt={"permission": "signed_in"})
async def save_people(
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    q: FromQuery[str] = "",
    rolle: FromQuery[str] = "",
    haus: FromQuery[str] = "",
) -> Response[bytes]:
    """The same people as business cards."""
    text, role, house = (value or None for value in _chosen(q, rolle, haus).values())
    found = await actions.export(db, actor, caller, text, role, house)
    return api.vcard("personen.vcf", map(cards.of_person, found))


@get("/personen/veraltet", opt={"permission": "people.review"})
async def show_outdated(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Entries that are due for their check or doubtful, for the office."""
    found = await api.outdated(db, caller)
    return pages.show(
        request, "people/outdated.html", found.me, people=pages.as_struct(found, list[Outdated]),
        role_names=ROLE_NAMES,
    )  # fmt: skip


@get("/personen/{person_id:uuid}", opt={"permission": "signed_in"})
async def show_person(
    request: Incoming, db: web.Db, caller: web.Asking, person_id: FromPath[UUID]
) -> Response[bytes]:
    """How to reach somebody, what they do, and who acts for them."""
    found = await store.get_person(db, caller, person_id)
    person: PersonDetail = pages.as_struct(found, PersonDetail)
    me = auth.me(found.me)
    return pages.show(
        request, "people/person.html", me, person=person, duties=rules.open_duties(person.appointments),
        published=rules.as_published(person) if me.person_id == person.id else None,
        may_edit=rules.may_edit_contact(me, person.id, person.authority_id, person.authority_kind),
        may_enter="commissioner" in person.roles and deputies.keeps(me, person.id, person.authority_id),
        may_explain=access.may(me, "rights.explain"), public_fields=rules.PUBLIC_FIELDS, role_names=ROLE_NAMES,
    )  # fmt: skip


@get("/personen/{person_id:uuid}/visitenkarte.vcf", opt={"permission": "signed_in"})
async def save_person(db: web.Db, caller: web.Asking, person_id: FromPath[UUID]) -> Response[bytes]:
    """One person as a business card."""
    found = await store.get_person(db, caller, person_id)
    return api.vcard("person.vcf", [cards.of_person(pages.as_struct(found, PersonDetail))])


@get("/personen/{person_id:uuid}/erreichbarkeit", opt={"permission": "signed_in"})
async def show_contact_form(
    request: Incoming, db: web.Db, caller: web.Asking, person_id: FromPath[UUID]
) -> Response[bytes]:
    """The form for one's own entry, or for one of the own house."""
    found = await store.get_person(db, caller, person_id)
    person: PersonDetail = pages.as_struct(found, PersonDetail)
    me = auth.me(found.me)
    if not rules.may_edit_contact(me, person.id, person.authority_id, person.authority_kind):
        raise errors.Forbidden(me=found.me)
    return pages.show(request, "people/contact_form.html", me, **_contact_form(me, person))


def _contact_form(who: Actor | Me, person: PersonDetail) -> dict[str, Any]:
    published = rules.as_published(person) if who.person_id == person.id else None
    return {"person": person, "published": published, "public_fields": rules.PUBLIC_FIELDS}


@post("/personen/{person_id:uuid}/erreichbarkeit", opt={"permission": "signed_in"})
async def change_contact(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """Take the form. Empty fields are cleared."""
    form = await pages.read_form(request)
    revision = pages.revision(form)
    try:
        async with pages.attempt(db):
            new = _cleared(fields.from_form(ContactChange, form), "contact_email", "phone", "room", "hours")
            if actor.person_id == person_id:
                new = _cleared(new, "public_fields", empty=[])
            await actions.change_contact(db, actor, person_id, new, revision)
    except pages.MENDABLE as wrong:
        found = await store.get_person(db, caller, person_id)
        shown = _contact_form(actor, pages.as_struct(found, PersonDetail))
        pages.again(request, "people/contact_form.html", actor, wrong, form, **shown)
    return pages.go(f"/personen/{person_id}", "Die Angaben sind gespeichert.")


def _cleared(new: Any, *names: str, empty: Any = "") -> Any:
    """A form says all it shows: a field that came empty is meant empty."""
    missing = {name: empty for name in names if getattr(new, name) is msgspec.UNSET}
    return msgspec.structs.replace(new, **missing)


@post("/personen/{person_id:uuid}/erreichbarkeit/bestaetigen", opt={"permission": "signed_in"})
async def confirm_contact(
    request: Incoming, db: web.Db, actor: web.Acting, person_id: FromPath[UUID]
) -> Response[Any]:
    """One click: what stands there is right."""
    form = await pages.read_form(request)
    await actions.confirm_contact(db, actor, person_id, pages.revision(form))
    return pages.go(f"/personen/{person_id}", "Danke. Ihre Angaben sind bestätigt.")


@get("/personen/haus/{key:str}", opt={"permission": "signed_in"})
async def show_house(
    request: Incoming, db: web.Db, caller: web.Asking, key: FromPath[str]
) -> Response[bytes]:
    """One house: its commissioner, since when there is none, its Organigramm line and its people."""
    found, house = await _house(db, caller, key)
    me = auth.me(found.me)
    return pages.show(
        request, "people/house.html", me, house=house, duties=rules.open_duties(house.appointments),
        role_names=ROLE_NAMES, chart=list(rules.chart(house)), chart_text=rules.chart_text(house),
        may_edit=rules.may_edit_house(me, house.id, house.kind),
    )  # fmt: skip


async def _house(db: Connection, caller: Caller, key: str) -> tuple[Answer, AuthorityDetail]:
    found = await store.get_authority(db, caller, key.replace("\x00", ""))
    return found, pages.as_struct(found, AuthorityDetail)


@get("/personen/haus/{key:str}/angaben", opt={"permission": "authorities.edit"})
async def show_house_form(
    request: Incoming, db: web.Db, caller: web.Asking, key: FromPath[str]
) -> Response[bytes]:
    """The form for what the own house says of itself."""
    found, house = await _house(db, caller, key)
    me = auth.me(found.me)
    if not rules.may_edit_house(me, house.id, house.kind):
        raise errors.Forbidden(me=found.me)
    return pages.show(request, "people/house_form.html", me, house=house)


@post("/personen/haus/{key:str}/angaben", opt={"permission": "authorities.edit"})
async def change_house(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, key: FromPath[str]
) -> Response[Any]:
    """Take the form. Empty fields are cleared."""
    form = await pages.read_form(request)
    _, house = await _house(db, caller, key)
    try:
        async with pages.attempt(db):
            new = fields.from_form(AuthorityChange, form)
            new = _cleared(new, "seat", "address", "phone", "website")
            await actions.change_house(db, actor, house.id, new, pages.revision(form))
    except pages.MENDABLE as wrong:
        pages.again(request, "people/house_form.html", actor, wrong, form, house=house)
    return pages.go(f"/personen/haus/{house.key}", "Die Angaben sind gespeichert.")


@get("/ansprechpersonen", opt={"permission": "public"})
async def show_contacts(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """The reduced directory for everybody: who is the commissioner of each district government (decree Nr. 3 S. 2)."""
    found = await store.list_contacts(db, clock.day(caller.now))
    contacts = msgspec.convert([dict(one) for one in found], list[Contact])
    return pages.show(request, "people/outside.html", await auth.card(db, caller), contacts=contacts)


@get("/ansprechpersonen.vcf", opt={"permission": "public"})
async def save_contacts(db: web.Db, caller: web.Asking, haus: FromQuery[str] = "") -> Response[bytes]:
    """The same commissioners as business cards, or the one of a house. Raises NotFound when nobody is announced."""
    found = await api.public_contacts(db, caller, haus)
    if not found:
        raise errors.NotFound
    return api.vcard("ansprechpersonen.vcf", map(cards.of_contact, found))


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_sign_in, sign_in, sign_out, show_people, save_people, show_outdated, show_person, save_person,
        show_contact_form, change_contact, confirm_contact, show_house, show_house_form, change_house, show_contacts,
        save_contacts,
    ],
)  # fmt: skip
