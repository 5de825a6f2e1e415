"""Sign-in, and the directory for people."""

import re
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.params import FromPath, FromQuery

from circle.core import answers, auth, clock, errors, fields, pages, web
from circle.core.auth import ROLE_NAMES
from circle.core.db import Caller, Connection

from . import actions, rules, store
from .model import Authority, AuthorityDetail, Contact, Credentials, Person, PersonDetail

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
) -> Response[bytes]:
    demo = request.app.state.settings.mode == "demo"
    return pages.show(
        request, "sign_in.html", None, status=status, next=_inside(target), email=email, errors=reasons or {},
        demo_people=await _demo_people(db, caller) if demo else [],
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


def _inside(target: str) -> str:
    """Only paths of this service; anything else leads to the start page (no open redirect).

    Browsers read a backslash as a slash and drop tabs and line ends, so neither may stand in it.
    """
    return target if re.fullmatch(r"/(?!/)[!-\[\]-~]*", target) else "/"


@post("/anmelden", opt={"permission": "public"})
async def sign_in(request: Incoming, db: web.Db, caller: web.Asking) -> Response[Any]:
    """Take e-mail and password; a new session with a new token begins."""
    form = await pages.plain_form(request)
    target = _inside(str(form.get("next", "/")))
    email = str(form.get("email", ""))[:254]
    try:
        who = fields.from_form(Credentials, {"email": email, "password": str(form.get("password", ""))})
    except errors.Invalid as wrong:
        return await _sign_in_page(
            request, db, caller, target=target, email=email, status=422, reasons=wrong.fields
        )
    token = await actions.sign_in(db, caller, who, web.address_of(request), "cookie")
    if token is None:
        return await _sign_in_page(
            request, db, caller, target=target, email=email, status=422,
            reasons={"password": "E-Mail-Adresse oder Kennwort stimmen nicht. Bitte prüfen Sie beides."},
        )  # fmt: skip
    await actions.sign_out(db, caller)
    settings = request.app.state.settings
    response = pages.go(target)
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


@get("/personen", opt={"permission": "signed_in"})
async def show_people(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    q: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Houses and people; whoever is outside finds the commissioners."""
    wanted = q.replace("\x00", "").strip()[:100]
    people = await store.list_people(db, caller, answers.unseal(after), 50, wanted or None)
    houses = await store.list_authorities(db, caller)
    return pages.show(
        request, "people/people.html", people.me, q=wanted,
        people=pages.as_struct(people, list[Person]), houses=pages.as_struct(houses, list[Authority]),
        next=answers.next_link(request, people), first="/personen" if after else None, role_names=ROLE_NAMES,
    )  # fmt: skip


@get("/personen/{person_id:uuid}", opt={"permission": "signed_in"})
async def show_person(
    request: Incoming, db: web.Db, caller: web.Asking, person_id: FromPath[UUID]
) -> Response[bytes]:
    """How to reach somebody, what they do, and who acts for them."""
    found = await store.get_person(db, caller, person_id)
    person: PersonDetail = pages.as_struct(found, PersonDetail)
    return pages.show(
        request,
        "people/person.html",
        found.me,
        person=person,
        duties=rules.open_duties(person.appointments),
        role_names=ROLE_NAMES,
    )


@get("/personen/haus/{key:str}", opt={"permission": "signed_in"})
async def show_house(
    request: Incoming, db: web.Db, caller: web.Asking, key: FromPath[str]
) -> Response[bytes]:
    """One house: its commissioner, since when there is none, and its people."""
    found = await store.get_authority(db, caller, key.replace("\x00", ""))
    house: AuthorityDetail = pages.as_struct(found, AuthorityDetail)
    return pages.show(
        request,
        "people/house.html",
        found.me,
        house=house,
        duties=rules.open_duties(house.appointments),
        role_names=ROLE_NAMES,
    )


@get("/ansprechpersonen", opt={"permission": "public"})
async def show_contacts(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """The reduced directory for everybody: who is the commissioner of each district government (decree Nr. 3 S. 2)."""
    found = await store.list_contacts(db, clock.day(caller.now))
    contacts = msgspec.convert([dict(one) for one in found], list[Contact])
    return pages.show(request, "people/outside.html", await auth.card(db, caller), contacts=contacts)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[show_sign_in, sign_in, sign_out, show_people, show_person, show_house, show_contacts],
)
