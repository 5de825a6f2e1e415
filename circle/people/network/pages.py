"""Pages of the network: the list, one contact, its forms, the coverage of the district, files in and out, the opt-out."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.params import FromPath, FromQuery

from circle.core import access, answers, auth, errors, fields, pages, web
from circle.core.auth import Actor
from circle.core.db import Answer, Caller, Connection

from . import actions, api, cards, rules, sheets, store
from .model import ContactChange, Import, ImportChoice, NetworkContact, NewContact, NewNote, Note, Origin

Incoming = Request[Any, Any, Any]


class Entered(NewContact, frozen=True):
    """The form of a contact: an empty box means no letters."""

    subscribed: bool = False


@get("/netzwerk", opt={"permission": "signed_in"})
async def show_contacts(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    haus: FromQuery[str] = "",
    art: FromQuery[str] = "",
    thema: FromQuery[str] = "",
    q: FromQuery[str] = "",
    ags: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[bytes]:
    """The contacts that the caller may see, narrowed by house, kind, topic and words."""
    wanted = _filters(haus, art, thema, q) | {"ags": api.plain(ags)}
    found = await store.list_contacts(db, caller, answers.unseal(after), 50, **wanted)  # type: ignore[arg-type]
    me = auth.me(found.me)
    chosen = {"haus": haus, "art": art, "thema": thema, "q": q}
    query = urlencode({name: value for name, value in chosen.items() if value})
    return pages.show(
        request, "network/list.html", me, contacts=pages.as_struct(found, list[NetworkContact]), chosen=chosen,
        houses=[(row["key"], row["short"]) for row in await store.list_houses(db)],
        topics=await store.topic_labels(db), kinds=rules.KINDS, may_write=access.may(me, "network.write"),
        place=rules.district_name(ags), narrowed=bool(query or ags), query=query,
        next=answers.next_link(request, found), first="/netzwerk" if after else None,
    )  # fmt: skip


def _filters(haus: str, art: str, thema: str, q: str) -> dict[str, str | None]:
    return {
        "authority": api.plain(haus),
        "kind": art if art in rules.KINDS else None,
        "topic": api.plain(thema),
        "text": api.plain(q),
    }


@get("/netzwerk/abdeckung", opt={"permission": "signed_in"})
async def show_coverage(request: Incoming, db: web.Db, caller: web.Asking) -> Response[bytes]:
    """Where there is a municipal contact, and where the gaps are."""
    card, coverage = await actions.coverage(db, caller)
    return pages.show(request, "network/coverage.html", card, regions=coverage.regions)


@get(["/netzwerk/kontakte.csv", "/netzwerk/kontakte.vcf"], opt={"permission": "signed_in"})
async def save_contacts(
    request: Incoming,
    db: web.Db,
    caller: web.Asking,
    actor: web.Acting,
    haus: FromQuery[str] = "",
    art: FromQuery[str] = "",
    thema: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[bytes]:
    """The list as a table or as business cards."""
    found = await actions.export(db, actor, caller, **_filters(haus, art, thema, q))
    if request.url.path.endswith(".vcf"):
        return api.download("netzwerk.vcf", "text/vcard; charset=utf-8", cards.write(found))
    return api.download("netzwerk.csv", "text/csv; charset=utf-8", sheets.write(found))


@get("/netzwerk/neu", opt={"permission": "network.write"})
async def show_new(request: Incoming, db: web.Db, actor: web.Acting) -> Response[bytes]:
    """The form for a new contact of the own house."""
    access.require(actor, "network.write")
    return pages.show(request, "network/new.html", actor.card, **await _choices(db, actor.today))


@post("/netzwerk/neu", opt={"permission": "network.write"})
async def add(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Take the form; contacts that look alike are shown before it is saved."""
    access.require(actor, "network.write")
    form = await pages.read_form(request)
    choices = await _choices(db, actor.today)

    async def act() -> str:
        entered = fields.from_form(Entered, form)
        return f"/netzwerk/{await actions.add(db, actor, NewContact(**msgspec.structs.asdict(entered)))}"

    try:
        return await pages.once(request, db, actor, form, act, "Der Kontakt ist eingetragen.")
    except pages.MENDABLE as wrong:
        alike = wrong.extra.get("duplicates", [])
        pages.again(request, "network/new.html", actor, wrong, form, **choices | {"duplicates": alike})


@get("/netzwerk/{contact_id:uuid}", opt={"permission": "signed_in"})
async def show_contact(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, contact_id: FromPath[UUID]
) -> Response[bytes]:
    """One contact with those that look alike; for its own house also the exchanges and the forms."""
    context = await _contact_page(db, caller, actor, contact_id)
    return pages.show(request, "network/show.html", actor.card, **context)


@post("/netzwerk/{contact_id:uuid}", opt={"permission": "network.write"})
async def change(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, contact_id: FromPath[UUID]
) -> Response[Any]:
    """Take the changed contact."""

    async def act(form: FormMultiDict) -> str:
        entered = msgspec.structs.asdict(fields.from_form(Entered, form))
        del entered["despite_duplicates"]
        await actions.change(db, actor, contact_id, ContactChange(**entered), pages.revision(form))
        return f"/netzwerk/{contact_id}"

    return await _do(request, db, caller, actor, contact_id, act, "Die Änderung ist gespeichert.")


@post("/netzwerk/{contact_id:uuid}/loeschen", opt={"permission": "network.write"})
async def remove(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, contact_id: FromPath[UUID]
) -> Response[Any]:
    """Delete the contact."""

    async def act(form: FormMultiDict) -> str:
        await actions.remove(db, actor, contact_id, pages.revision(form))
        return "/netzwerk"

    return await _do(request, db, caller, actor, contact_id, act, "Der Kontakt ist gelöscht.")


@post("/netzwerk/{contact_id:uuid}/notizen", opt={"permission": "network.write"})
async def note_exchange(
    request: Incoming, db: web.Db, caller: web.Asking, actor: web.Acting, contact_id: FromPath[UUID]
) -> Response[Any]:
    """Keep an exchange."""

    async def act(form: FormMultiDict) -> str:
        await actions.note_exchange(db, actor, contact_id, fields.from_form(NewNote, form))
        return f"/netzwerk/{contact_id}"

    return await _do(request, db, caller, actor, contact_id, act, "Der Austausch ist notiert.")


async def _do(
    request: Incoming,
    db: Connection,
    caller: Caller,
    actor: Actor,
    contact_id: UUID,
    act: Callable[[FormMultiDict], Awaitable[str]],
    notice: str,
) -> Response[Any]:
    """One act on a contact, done once even if the button is pressed twice; wrong fields are shown in its page."""
    form = await pages.read_form(request)

    async def done() -> str:
        return await act(form)

    try:
        return await pages.once(request, db, actor, form, done, notice)
    except pages.MENDABLE as wrong:
        context = await _contact_page(db, caller, actor, contact_id)
        pages.again(request, "network/show.html", actor, wrong, form, **context)


async def _contact_page(db: Connection, caller: Caller, actor: Actor, contact_id: UUID) -> dict[str, Any]:
    found: Answer = await store.get(db, caller, contact_id)
    contact: NetworkContact = pages.as_struct(found, NetworkContact)
    own = contact.authority_id == actor.authority_id and access.may(actor, "network.write")
    notes = await store.list_notes(db, caller, contact_id) if own else None
    return await _choices(db, actor.today) | {
        "contact": contact,
        "revision": found.revision,
        "own": own,
        "place": rules.district_name(contact.ags),
        "notes": pages.as_struct(notes, list[Note]) if notes else [],
        "duplicates": await actions.duplicates(db, actor, contact),
    }


async def _choices(db: Connection, today: date) -> dict[str, Any]:
    topics = await store.topic_labels(db)
    return {
        "kinds": rules.KINDS,
        "topics": topics,
        "topic_options": list(topics.items()),
        "contact": None,
        "duplicates": [],
        "day": today.isoformat(),
    }


@get("/netzwerk/einlesen", opt={"permission": "network.write"})
async def show_import(request: Incoming, actor: web.Acting) -> Response[bytes]:
    """The form that takes a file."""
    access.require(actor, "network.write")
    return pages.show(
        request, "network/import.html", actor.card, kinds=list(rules.KINDS.items()), limit=sheets.MOST_LINES
    )


@post("/netzwerk/einlesen", opt={"permission": "network.write"})
async def preview_import(request: Incoming, db: web.Db, actor: web.Acting) -> Response[Any]:
    """Read the file and lead to what it would become."""
    access.require(actor, "network.write")
    try:
        form = await pages.read_form(request)
    except errors.TooLarge as error:
        raise api.too_large(request) from error
    upload = form.get("file")
    try:
        content = await upload.read() if isinstance(upload, UploadFile) else b""
    finally:
        await form.close()
    try:
        if not content:
            raise errors.Invalid(
                "Bitte wählen Sie eine Datei.", fields={"file": "Bitte wählen Sie eine Datei."}
            )
        import_id = await actions.preview(db, actor, content, fields.from_form(Origin, form))
    except pages.MENDABLE as wrong:
        pages.again(
            request,
            "network/import.html",
            actor,
            wrong,
            form,
            kinds=list(rules.KINDS.items()),
            limit=sheets.MOST_LINES,
        )
    return pages.go(f"/netzwerk/einlesen/{import_id}")


@get("/netzwerk/einlesen/{import_id:uuid}", opt={"permission": "signed_in"})
async def show_preview(
    request: Incoming, db: web.Db, caller: web.Asking, import_id: FromPath[UUID]
) -> Response[bytes]:
    """What each line would become, before it is entered."""
    found = await store.get_import(db, caller, import_id)
    return pages.show(request, "network/preview.html", found.me, read=pages.as_struct(found, Import))


@get("/netzwerk/einlesen/{import_id:uuid}/fehler.csv", opt={"permission": "signed_in"})
async def save_wrong(db: web.Db, caller: web.Asking, import_id: FromPath[UUID]) -> Response[bytes]:
    """The wrong lines with their reasons, to mend."""
    read = pages.as_struct(await store.get_import(db, caller, import_id), Import)
    return api.download("fehlerhafte-zeilen.csv", "text/csv; charset=utf-8", sheets.write_wrong(read.lines))


@post("/netzwerk/einlesen/{import_id:uuid}", opt={"permission": "network.write"})
async def confirm_import(
    request: Incoming, db: web.Db, actor: web.Acting, import_id: FromPath[UUID]
) -> Response[Any]:
    """Enter the new lines; the wrong ones are left out when the form says so."""
    form = await pages.read_form(request)

    async def act() -> str:
        await actions.confirm_import(db, actor, import_id, fields.from_form(ImportChoice, form))
        return f"/netzwerk/einlesen/{import_id}"

    return await pages.once(request, db, actor, form, act, "Die Kontakte sind eingetragen.")


@get("/abmelden-newsletter/{opt_out:uuid}", opt={"permission": "public"})
async def show_opt_out(request: Incoming, opt_out: FromPath[UUID]) -> Response[bytes]:
    """The page behind the link in a letter. It is the same for every link and ends nothing yet: programs follow links."""
    return pages.show(request, "network/opt_out.html", None, done=False)


@post("/abmelden-newsletter/{opt_out:uuid}", opt={"permission": "public"})
async def opt_out(
    request: Incoming, db: web.Db, caller: web.Asking, opt_out: FromPath[UUID]
) -> Response[bytes]:
    """End the subscription; mail programs do so with one click (RFC 8058). The answer is the same for every link."""
    await actions.unsubscribe(db, opt_out, caller.now)
    return pages.show(request, "network/opt_out.html", None, done=True)


router = Router(
    "/",
    include_in_schema=False,
    route_handlers=[
        show_contacts, show_coverage, save_contacts, show_new, add, show_contact, change, remove, note_exchange,
        show_import, preview_import, show_preview, save_wrong, confirm_import, show_opt_out, opt_out,
    ],
)  # fmt: skip
