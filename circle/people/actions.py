"""What people do about themselves: sign in, sign out; and how the first person comes to be."""

import math
from uuid import UUID

from circle.core import audit, auth, errors
from circle.core.auth import Actor
from circle.core.db import Caller, Connection

from . import store
from .model import Credentials

ACCOUNT_LIMIT, ADDRESS_LIMIT = 10, 100
"""Failed sign-ins within 15 minutes; successes do not count."""


async def sign_in(db: Connection, caller: Caller, who: Credentials, address: str, kind: str) -> str | None:
    """Open a session (`cookie` or `bearer`) and return its token; None when e-mail or password do not fit.

    A refusal returns, so that the failure stays counted. Raises TooMany with Retry-After in seconds.
    """
    await store.lock_account(db, who.email)
    seconds = await store.seconds_closed(db, who.email, address, ACCOUNT_LIMIT, ADDRESS_LIMIT)
    if seconds:
        raise errors.TooMany(
            f"Zu viele Fehlversuche. Bitte in {math.ceil(seconds / 60)} Minuten noch einmal.",
            headers={"retry-after": str(seconds)},
        )
    found = await store.find_account(db, who.email)
    if (
        not await auth.verify_password(found["password_hash"] if found else None, who.password)
        or found is None
    ):
        await store.insert_failure(db, who.email, address)
        return None
    token = await auth.open_session(db, found["id"], kind)
    actor = await auth.actor(db, Caller(auth.token_hash(token), caller.now))
    await audit.record(db, actor, "session.opened", "person", actor.person_id, kind=kind)
    return token


async def sign_out(db: Connection, caller: Caller) -> None:
    """End the session."""
    await auth.close_session(db, caller)


async def add_person(
    db: Connection,
    actor: Actor,
    *,
    name: str,
    email: str,
    password: str,
    authority_id: UUID,
    roles: list[str],
    function: str = "",
) -> UUID:
    """Enter a person with roles and a password, for `circle user add` and the first administrator."""
    person_id = await store.insert_person(
        db, name=name, email=email, authority_id=authority_id, function=function,
        password_hash=await auth.hash_password(password) if password else None,
    )  # fmt: skip
    for role in roles:
        await store.insert_role(db, person_id, role)
    await audit.record(db, actor, "person.added", "person", person_id, roles=roles)
    return person_id
