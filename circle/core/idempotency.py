"""The same key and the same body get the same answer, once done (Idempotency-Key, draft-ietf-httpapi).

The key's row is written in the transaction of the act. A second request with the same key waits on it; when the
first one is rolled back, the second does the work.
"""

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from . import errors
from .auth import Actor
from .db import Connection, row


class Stored(msgspec.Struct, frozen=True):
    """An answer as it goes out: status, body (or, for pages, the address to go to) and ETag."""

    status: int
    body: bytes
    etag: str = ""
    again: bool = False
    """Not done now: kept from the first time."""


async def once(
    db: Connection,
    actor: Actor,
    key: str,
    request: bytes,
    act: Callable[[], Awaitable[Stored]],
    *,
    required: bool = False,
) -> Stored:
    """Do `act` unless this person already did it with `key`; then give back the stored answer.

    `request` is what makes two requests the same: method, path and body.
    Raises Invalid when a required key is missing, KeyReused when the key came with another request, Forbidden when the
    person has lost a role since: what they could do then they may not read now.
    """
    if not key:
        if required:
            raise errors.Invalid(
                "Zu diesem Schritt gehört die Kopfzeile Idempotency-Key.", code="key_required"
            )
        return await act()
    if len(key) > 200 or not key.isascii() or not key.isprintable():
        raise errors.Invalid(
            "Der Idempotency-Key hat höchstens 200 druckbare ASCII-Zeichen.", code="key_invalid"
        )
    digest = hashlib.sha256(request).digest()
    fresh = await db.fetchval(
        """
        insert into idempotent_answer (person_id, key, request_hash, roles, status, answer)
        values ($1, $2, $3, $4, 0, '')
        on conflict on constraint idempotent_answer_unique do nothing returning true
        """,
        actor.person_id,
        key,
        digest,
        sorted(actor.roles),
    )
    if not fresh:
        kept = await row(
            db,
            "select request_hash, roles, status, answer, etag from idempotent_answer where person_id = $1 and key = $2",
            actor.person_id,
            key,
        )
        if kept["request_hash"] != digest:
            raise errors.KeyReused
        if not actor.roles.issuperset(kept["roles"]):
            raise errors.Forbidden
        return Stored(kept["status"], kept["answer"], kept["etag"], again=True)
    answer = await act()
    await db.execute(
        "update idempotent_answer set status = $3, answer = $4, etag = $5 where person_id = $1 and key = $2",
        actor.person_id,
        key,
        answer.status,
        answer.body,
        answer.etag,
    )
    return answer
