"""A form that came when its session had ended, or with the token of another one: nothing is done, nothing is lost.

What was typed travels in the page, as one escaped field of the sign-in form, and is shown to be sent again by hand. So
the server keeps nothing for a stranger: nothing to fill, to guess or to clear away. Texts to copy would be simpler still,
but ten fields are not copied on a phone. Whose form it was stands in its token: a hint and no proof, since whoever sits
at the browser has the texts anyway; it keeps whoever signs in there next from being shown them.
"""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import FormMultiDict, UploadFile

from . import errors, pages
from .auth import Me

LARGEST = 700_000
"""Bytes that are carried along; the longest text has 200,000 characters."""
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Short = Annotated[str, msgspec.Meta(max_length=2000)]


class Unsent(msgspec.Struct, frozen=True):
    """A form as it came, without passwords and files. `page` is where it stood; `files` are its files' fields and names."""

    path: Short
    page: Short
    author: UUID
    entries: list[tuple[Short, str]]
    files: list[tuple[Short, Short]]

    @property
    def sealed(self) -> str:
        """As it stands in the sign-in form."""
        return msgspec.json.encode(self).decode()


async def collect(request: Request[Any, Any, Any]) -> Unsent | None:
    """The form of a request that was refused; None when nothing was typed, its author is unknown, or it is too large."""
    if request.content_length is None or request.content_length > request.app.state.settings.body_limit:
        return None  # No stranger makes the service read what only an upload may be. Browsers say the length.
    try:
        form = await pages.plain_form(request)
        await form.close()
    except errors.CircleError:
        return None
    try:
        author = UUID(str(form.get("csrf_token", "")).partition(".")[2])
    except ValueError:
        return None
    files = [(name, one.filename) for name, one in form.multi_items() if isinstance(one, UploadFile)]
    entries = [
        (name, text)
        for name, text in form.multi_items()
        if isinstance(text, str)
        and name not in pages.SECRETS | {"csrf_token"} | {field for field, _ in files}
    ]
    if not files and not any(text.strip() for name, text in entries if name not in pages.GUARDS):
        return None
    query = f"?{request.url.query}" if request.url.query else ""
    return _checked(Unsent(request.url.path + query, page_of(request), author, entries, files))


def page_of(request: Request[Any, Any, Any]) -> str:
    """The page of ours on which a form stood; the start page when the browser does not say."""
    parts = urlsplit(request.headers.get("referer", ""))
    return pages.inside(parts.path + (f"?{parts.query}" if parts.query else ""))


def read(form: FormMultiDict) -> Unsent | None:
    """What the sign-in form carries along; None when there is nothing, or nothing of ours."""
    sealed = form.get("unsent", "")
    if not isinstance(sealed, str) or not sealed or len(sealed) > LARGEST:
        return None
    try:
        return _checked(msgspec.json.decode(sealed, type=Unsent))
    except msgspec.DecodeError:
        return None


def _checked(typed: Unsent) -> Unsent | None:
    fits = len(typed.sealed.encode()) <= LARGEST and len(typed.entries) + len(typed.files) <= 900
    return typed if fits and pages.inside(typed.path) == typed.path != "/" else None


def sign_in_page(
    request: Request[Any, Any, Any], typed: Unsent | None, me: Me | None, status: int, reason: str = ""
) -> Response[bytes]:
    """The page that says why nothing was saved, and takes what was typed through the sign-in."""
    return pages.show(
        request, "sign_in.html", me, status=status, unsent=typed, next=page_of(request),
        ended=reason or "Ihre Anmeldung gilt nicht mehr.",
    )  # fmt: skip


def resend_page(
    request: Request[Any, Any, Any], typed: Unsent, me: Me, *, status: int = 200, token: str = ""
) -> Response[bytes]:
    """The page that shows what was typed, with the one press that sends it again. `token` is that of a new session."""
    labels: dict[str, str] = request.app.state.labels
    shown = [
        (labels.get(name, "Eingabe"), text)
        for name, text in typed.entries
        if text.strip()
        and name not in pages.GUARDS
        and labels.get(name, "Eingabe")
        and not UUIDS.fullmatch(text)
    ]
    return pages.show(
        request, "resend.html", me, status=status, token=token, typed=typed, shown=shown,
        page=pages.inside(typed.page),
    )  # fmt: skip
