"""Sign-in, sessions and the caller of a request.

A token is 256 random bits; the database keeps its SHA-256. Sessions end after 10 hours, or 30 idle minutes, on the
database's clock. Passwords are argon2id (RFC 9106), hashed in a thread, at most two at a time.
"""

import asyncio
import hashlib
import hmac
import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import argon2
import msgspec

from . import clock, errors
from .db import Caller, Connection

HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""OWASP's first choice for argon2id: 19 MiB, two passes."""
_LIMIT = asyncio.Semaphore(2)
_DECOY = HASHER.hash(secrets.token_hex(16))
"""Verified when an account is unknown, so that the answer takes as long."""

RECENT = timedelta(minutes=15)


class ActingFor(msgspec.Struct, frozen=True):
    """The commissioner in whose place a deputy acts, or in whose name an assistant does (decree Nr. 4)."""

    role: Literal["deputy", "assistant"]
    person_id: UUID
    name: str

    @property
    def words(self) -> str:
        """As it stands beside the name of whoever acts."""
        return f"{'in Vertretung für' if self.role == 'deputy' else 'im Namen von'} {self.name}"


class Me(msgspec.Struct, frozen=True):
    """The caller's own card, as pages show it and `GET /api/v1/me` returns it."""

    person_id: UUID
    name: str
    title: str
    email: str
    function: str
    authority_id: UUID
    authority_name: str
    roles: list[str]
    acting_for: ActingFor | None = None

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    @property
    def role_names(self) -> list[str]:
        return [ROLE_NAMES[role] for role in self.roles]

    @property
    def role_line(self) -> str:
        """The roles for the head of a page; „Vertretung für …“, „Zuarbeit für …“ while somebody acts for another."""
        acting = self.acting_for
        return ", ".join(
            f"{'Vertretung' if role == 'deputy' else 'Zuarbeit'} für {acting.name}"
            if acting and role == acting.role
            else ROLE_NAMES[role]
            for role in self.roles
        )


class Actor(msgspec.Struct, frozen=True):
    """Who acts, with the rights of this moment. `person_id` None is the service itself."""

    person_id: UUID | None
    authority_id: UUID | None
    name: str
    roles: frozenset[str]
    keys: tuple[str, ...]
    now: datetime
    """Office time, aware."""
    signed_in_at: datetime | None = None
    """Database time of the sign-in."""
    card: bytes = b""
    """The caller's card as JSON, for the head of a page."""

    @property
    def today(self) -> date:
        """The office's day in Europe/Berlin."""
        return clock.day(self.now)


ROLE_NAMES = {
    "circle_office": "Geschäftsführung (KfI)",
    "circle_moderator": "Moderation (KfI)",
    "kfi_head": "Leitung KfI",
    "kfi_expert": "Fachkraft (KfI)",
    "knowledge_editor": "Wissensredaktion (KfI)",
    "quality_reviewer": "Qualitätssicherung (KfI)",
    "release_approver": "Freigabe (KfI)",
    "commissioner": "Integrationsbeauftragte",
    "deputy": "Vertretung",
    "assistant": "Zuarbeit im Haus",
    "regional_staff": "Regionale Beschäftigte",
    "ministry_observer": "Ministerium (ständiger Gast)",
    "municipal_contact": "Kommunale Ansprechperson",
    "partner": "Partner",
    "records_manager": "Registratur",
    "data_protection_officer": "Datenschutzbeauftragte",
    "technical_admin": "Technische Administration",
    "former_commissioner": "Frühere Integrationsbeauftragte",
}


def service(now: datetime) -> Actor:
    """The service itself, for work that no person asked for at this moment."""
    return Actor(None, None, "Dienst", frozenset(), (), now)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def form_token(token: str) -> str:
    """The token that every form carries, bound to the session (OWASP CSRF, HMAC pattern). On a page the person stands
    behind it after a dot, for a form that comes when the session has ended (`unsent`)."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


async def hash_password(password: str) -> str:
    """argon2id hash of a password."""
    async with _LIMIT:
        return await asyncio.to_thread(HASHER.hash, password)


async def verify_password(stored: str | None, password: str) -> bool:
    """True when the password fits; takes as long when there is none stored."""
    async with _LIMIT:
        try:
            fits = await asyncio.to_thread(HASHER.verify, stored or _DECOY, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
    return fits and stored is not None


async def open_session(db: Connection, person_id: UUID, kind: str, device: str = "") -> str:
    """Begin a session (`cookie` or `bearer`) and return its token, which is shown once. `device` is a word for its owner."""
    token = secrets.token_urlsafe(32)
    await db.execute(
        "insert into session (token_hash, person_id, kind, device) values ($1, $2, $3, $4)",
        token_hash(token),
        person_id,
        kind,
        device,
    )
    return token


async def close_session(db: Connection, caller: Caller) -> None:
    """End the caller's session; ending it twice is no error."""
    await db.execute("delete from session where token_hash = $1", caller.token_hash)


async def actor(db: Connection, caller: Caller) -> Actor:
    """The person behind the caller with their rights now. Raises NotSignedIn."""
    row = await db.fetchrow("select * from whoami($1, $2)", caller.token_hash, caller.now)
    if row is None:
        raise errors.NotSignedIn
    if row["stale"] and not caller.quiet:
        await db.execute("update session set last_seen = now() where token_hash = $1", caller.token_hash)
    return Actor(
        row["person_id"], row["authority_id"], row["name"], frozenset(row["roles"]), tuple(row["keys"]), caller.now,
        row["signed_in_at"], row["card"].encode(),
    )  # fmt: skip


async def card(db: Connection, caller: Caller) -> bytes | None:
    """The caller's card for the head of a public page; None for a stranger."""
    try:
        return (await actor(db, caller)).card
    except errors.NotSignedIn:
        return None


def require_recent(who: Actor) -> None:
    """Raises SignInAgain unless the sign-in is at most 15 minutes old (approval, release, export)."""
    if who.signed_in_at is not None and datetime.now(UTC) - who.signed_in_at > RECENT:
        raise errors.SignInAgain(
            "Für diesen Schritt ist eine Anmeldung nötig, die höchstens 15 Minuten alt ist."
        )


def me(card: bytes) -> Me:
    """The card that a read brought along."""
    return msgspec.json.decode(card, type=Me)


def token_of(headers: Any, cookies: dict[str, str], cookie_name: str) -> tuple[str, bool]:
    """The request's token and whether it came as a bearer token (RFC 6750); empty when there is none."""
    authorization = headers.get("authorization", "")
    if authorization[:7].lower() == "bearer ":
        return authorization[7:].strip(), True
    return cookies.get(cookie_name, ""), False
