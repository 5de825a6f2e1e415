"""Pages: templates, forms, redirects. A page works without JavaScript and holds no inline style or script (CSP)."""

import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import asyncpg
import jinja2
import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie, FormMultiDict
from litestar.exceptions import ClientException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from markupsafe import escape

from . import auth, calendar, errors, fields, idempotency
from .access import HOUSE, KFI, RIGHTS
from .auth import ROLE_NAMES, Actor, Me
from .clock import BERLIN
from .db import Answer, Connection
from .errors import CircleError
from .idempotency import Stored

# Label, address, and who has work there (None: everybody). A guest of one meeting comes by the desk or the mail.
NAV: list[tuple[str, str, set[str] | None]] = [
    ("Übersicht", "/", None),
    ("Sitzungen", "/sitzungen", KFI | {"commissioner", "deputy", "ministry_observer", "records_manager"}),
    ("Anfragen", "/anfragen", KFI | HOUSE),
    ("Wissen", "/wissen", set(ROLE_NAMES) - {"technical_admin", "data_protection_officer"}),
    ("Aufgaben", "/aufgaben", RIGHTS["tasks.settle"]),
    ("Versand", "/versand", RIGHTS["documents.distribute"]),
    ("Personen", "/personen", None),
]
LEVELS = {
    "public": "öffentlich",
    "internal": "verwaltungsintern",
    "circle": "Koordinierungskreis",
    "confidential": "vertraulich",
}


MENDABLE = (errors.Invalid, errors.Conflict, errors.Stale, errors.KeyReused)
"""Refusals after which the form is shown again, so that nobody loses what they typed."""
GUARDS = {"csrf_token", "revision", "idempotency_key"}
SECRETS = {"password", "again", "old", "new"}
"""The fields of passwords: what is typed there is never shown."""


class NavItem(msgspec.Struct, frozen=True):
    label: str
    href: str
    current: bool


class Again(Exception):
    """A form that is shown again with what is wrong. Raised, so that the transaction rolls back."""

    def __init__(self, response: Response[Any]) -> None:
        super().__init__("form shown again")
        self.response = response


def environment(folders: dict[str, Path]) -> jinja2.Environment:
    """The templates of core without prefix, those of a feature under its name: `meetings/show.html`."""
    core = Path(__file__).parent / "templates"
    env = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(core),
                jinja2.PrefixLoader(
                    {name: jinja2.FileSystemLoader(folder) for name, folder in folders.items()}
                ),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {
        "date_long": lambda value: calendar.date_long(_day(value)) if value else "",
        "date_short": lambda value: calendar.date_short(_day(value)) if value else "",
        "time_text": lambda value: calendar.time_text(_time(value)) if value else "",
        "moment": lambda value: (
            f"{calendar.date_short(_day(value))}, {calendar.time_text(_time(value))}" if value else ""
        ),
        "level": lambda value: LEVELS.get(value, value),
        "size": lambda value: (
            f"{max(1, round(value / 1024))} kB"
            if value < 1024 * 1024
            else f"{value / 1024 / 1024:.1f} MB".replace(".", ",")
        ),
    }
    return env


def _day(value: date | datetime | str) -> date:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return (
        value.astimezone(BERLIN).date()
        if isinstance(value, datetime) and value.tzinfo
        else date(value.year, value.month, value.day)
    )


def _time(value: time | datetime | str) -> time:
    if isinstance(value, str):
        value = datetime.fromisoformat(value) if "-" in value else time.fromisoformat(value)
    return value.astimezone(ZoneInfo("Europe/Berlin")).time() if isinstance(value, datetime) else value


def show(
    request: Request[Any, Any, Any],
    template: str,
    me: Me | bytes | None,
    *,
    status: int = 200,
    token: str = "",
    **context: Any,
) -> Response[bytes]:
    """Render a page for `me` (a card, its JSON bytes, or None for a stranger). `token` is that of a session that begins
    with this answer."""
    if isinstance(me, bytes):
        me = auth.me(me) if me else None
    state = request.app.state
    path = request.url.path
    token = token or auth.token_of(request.headers, request.cookies, state.settings.cookie)[0]
    content = state.templates.get_template(template).render(
        me=me,
        csrf_token=f"{auth.form_token(token)}.{me.person_id.hex}" if me else "",
        nav=_nav(me, path) if me else [],
        demo_banner=_banner(state),
        notice=unquote(request.cookies.get("notice", "")),
        path=path,
        key=secrets.token_urlsafe(12),
        today=_day(state.clock.now()),
        offset=state.clock.offset,
        status=status,
        **({"errors": {}, "form": {}, "unsaved": []} | context),
    )
    content = _name_fields(content, context.get("errors") or {})
    response: Response[bytes] = Response(content.encode(), status_code=status, media_type="text/html")
    if "notice" in request.cookies:
        response.delete_cookie("notice")
    return response


def _name_fields(page: str, wrong: dict[str, str]) -> str:
    """The error summary names each field as its label does; the labels are known when the form has been drawn."""
    for name in filter(None, wrong):
        label = re.search(rf'id="legend-{re.escape(name)}">([^<]+)', page) or re.search(
            rf'for="field-{re.escape(name)}">([^<]+)', page
        )
        if label:
            link = f'<a href="#field-{name}">'
            words = label[1].strip()
            page = page.replace(link, f"{link}{words}{'' if words.endswith('?') else ':'} ", 1)
    return page


def part(request: Request[Any, Any, Any], template: str, **context: Any) -> str:
    """A part of a page, for one that stands open."""
    text: str = request.app.state.templates.get_template(template).render(**context)
    return text


def _nav(me: Me, path: str) -> list[NavItem]:
    return [
        NavItem(label, href, path == href or (href != "/" and path.startswith(href + "/")))
        for label, href, roles in NAV
        if roles is None or not roles.isdisjoint(me.roles)
    ]


def _banner(state: Any) -> str:
    if state.settings.mode != "demo":
        return ""
    now = state.clock.now()
    return (
        f"Vorführung: Alle Personen und Inhalte sind erfunden. Hier ist {calendar.date_long(_day(now))}, "
        f"{calendar.time_text(_time(now))}."
    )


async def plain_form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The submitted form, unchecked. Raises TooLarge, or Invalid when the body cannot be read."""
    try:
        return await request.form()
    except RequestEntityTooLarge as error:
        raise errors.TooLarge from error
    except (ClientException, UnicodeDecodeError, ValueError) as error:
        raise errors.Invalid(
            "Das Formular ist nicht lesbar. Bitte neu laden und noch einmal absenden."
        ) from error


async def read_form(request: Request[Any, Any, Any]) -> FormMultiDict:
    """The submitted form, after its token was checked against the session.

    Raises Forbidden when the token is missing or of another session, Invalid when the body cannot be read.
    """
    form = await plain_form(request)
    token, _ = auth.token_of(request.headers, request.cookies, request.app.state.settings.cookie)
    sent = form.get("csrf_token", "")
    if (
        not isinstance(sent, str)
        or not token
        or not secrets.compare_digest(sent.partition(".")[0].encode(), auth.form_token(token).encode())
    ):
        raise errors.Forbidden(
            "Das Formular stammt aus einer anderen Anmeldung. Bitte laden Sie die Seite neu.",
            code="form_token",
        )
    request.state.form = form  # What an error page gives back, whatever is refused from here on.
    return form


def revision(form: FormMultiDict) -> int:
    """The revision a form was made from, for compare-and-swap. Raises Invalid when it is missing."""
    try:
        return int(form.get("revision", ""))
    except (TypeError, ValueError) as error:
        raise errors.Invalid("Dem Formular fehlt der Stand. Bitte laden Sie die Seite neu.") from error


def inside(target: str) -> str:
    """Only paths of this service; anything else leads to the start page (no open redirect).

    Browsers read a backslash as a slash and drop tabs and line ends, so neither may stand in it.
    """
    return target if re.fullmatch(r"/(?!/)[!-\[\]-~]*", target) else "/"


def labels(env: jinja2.Environment) -> dict[str, str]:
    """Field → the label it has in every form; empty when it is chosen from a list, „Eingabe“ when forms differ."""
    found: dict[str, set[str]] = {}
    for name in env.list_templates():
        source = env.loader.get_source(env, name)[0] if env.loader else ""
        for kind, field, label in re.findall(
            r"\b(text|area|select|radios|checks|checkbox)\('(\w+)', '([^']+)'", source
        ):
            found.setdefault(field, set()).add(label if kind in ("text", "area") else "")
    return {name: label.pop() if len(label) == 1 else "Eingabe" for name, label in found.items()}


def go(path: str, notice: str = "") -> Response[None]:
    """Redirect after a form (303) and say once what was done."""
    cookies = (
        [Cookie("notice", value=quote(notice), max_age=60, httponly=True, samesite="lax")] if notice else []
    )
    return Response(None, status_code=303, headers={"location": path}, cookies=cookies)


@asynccontextmanager
async def attempt(db: Connection) -> AsyncIterator[None]:
    """A form's act. When it is refused, its form can still be read and shown: what the act wrote is taken back.

    Raises the refusal behind a constraint that a race or an odd input met.
    """
    await db.execute("savepoint attempt")
    try:
        yield
    except Exception as error:  # Whatever the act raises: it is taken back and goes on.
        await db.execute("rollback to savepoint attempt")
        if isinstance(error, asyncpg.IntegrityConstraintViolationError):
            raise errors.from_database(error) or error from error
        raise


async def once(
    request: Request[Any, Any, Any],
    db: Connection,
    actor: Actor,
    form: FormMultiDict,
    act: Callable[[], Awaitable[str]],
    notice: str = "",
) -> Response[None]:
    """Do a form's act once for its key, and go to the address it returns; a second click goes there too.

    Raises Invalid when the form has no key, KeyReused when it was sent before with other entries.
    """

    async def stored() -> Stored:
        return Stored(303, (await act()).encode())

    entries = [pair for pair in form.multi_items() if pair[0] != "csrf_token" and isinstance(pair[1], str)]
    asked = f"{request.url.path}\n{entries}".encode()
    key = str(form.get("idempotency_key", ""))
    async with attempt(db):
        kept = await idempotency.once(db, actor, key, asked, stored, required=True)
    return go(kept.body.decode(), notice)


def again(
    request: Request[Any, Any, Any],
    template: str,
    actor: Actor,
    wrong: CircleError,
    form: FormMultiDict,
    **context: Any,
) -> NoReturn:
    """Show the form again with the entered values and the German reasons. Nothing of the act remains.

    Input is 422; what somebody else did meanwhile keeps its status (409, 412).
    """
    reasons = wrong.fields or {"": wrong.detail or wrong.title}
    if isinstance(wrong, errors.Stale) and not wrong.detail and not GUARDS.issuperset(form):
        reasons = {
            "": f"{wrong.title} Ihre Eingaben stehen noch hier; wenn Sie noch einmal absenden, gelten sie."
        }
    if isinstance(wrong, errors.KeyReused):
        reasons = {
            "": "Dieses Formular haben Sie mit anderen Angaben schon abgesendet, und das ist angekommen. Wenn Sie noch "
            "einmal absenden, kommt es mit diesen Angaben dazu."
        }
    context |= {"status": 422 if wrong.status == 400 else wrong.status, "form": form}
    response = show(request, template, actor.card, errors=reasons, **context)
    if left := unsaved(form, response.content.decode()):
        reasons |= {"unsaved": "Ist nicht gespeichert und steht zum Kopieren am Ende dieser Seite."}
        response = show(request, template, actor.card, errors=reasons, unsaved=left, **context)
    raise Again(response) from wrong


def unsaved(form: FormMultiDict, page: str = "") -> list[str]:
    """What somebody wrote, of more than a word, that `page` does not show: its form is gone by now."""
    return [
        value
        for name, value in form.multi_items()
        if isinstance(value, str) and name not in GUARDS | SECRETS
        if len(value.split()) > 1 and escape(value) not in page
    ]


def as_struct(answer: Answer, kind: type[Any]) -> Any:
    """The body of a read as Structs, for a template."""
    return msgspec.json.decode(answer.body, type=kind, dec_hook=fields.decode)
