"""What people do about themselves and their house: sign in, sign out, say how they are reached; and how the first
person comes to be."""

import math
from typing import Any
from uuid import UUID

import msgspec

from circle.core import audit, auth, errors
from circle.core.auth import Actor
from circle.core.db import Caller, Connection

from . import rules, store
from .model import AuthorityChange, ContactChange, Credentials, Person

MOST_EXPORTED = 1000
"""People in one file."""

ACCOUNT_LIMIT, ADDRESS_LIMIT = 10, 100
"""Failed sign-ins within 15 minutes; successes do not count."""


async def sign_in(
    db: Connection, caller: Caller, who: Credentials, address: str, kind: str, device: str = ""
) -> str | None:
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
        # The hash was compared without a lock. A password set meanwhile has ended all sessions, and no new one begins.
        or not await store.hold_password(db, found["id"], found["password_hash"])
    ):
        await store.insert_failure(db, who.email, address)
        return None
    token = await auth.open_session(db, found["id"], kind, device)
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


async def change_house(
    db: Connection, actor: Actor, authority_id: UUID, new: AuthorityChange, expected: int
) -> None:
    """Change what the own house says of itself. Its commissioner, acting deputy or assistant does; for the KfI the
    office, for the ministry its representative.

    Raises NotFound, Forbidden for any other house, Stale, Invalid.
    """
    found = await store.lock_authority(db, authority_id, list(actor.keys))
    if found is None:
        raise errors.NotFound(me=actor.card)
    if not rules.may_edit_house(actor, authority_id, found["kind"]):
        raise errors.Forbidden("Diese Angaben pflegt das Haus selbst.")
    before = {name: found[name] or "" for name in ("seat", "address", "phone", "website")}
    after = before | _given(new)
    rules.require_website(after["website"])
    if expected != found["revision"] or not await store.update_authority(db, authority_id, expected, **after):
        raise errors.Stale(current={"id": authority_id, "revision": found["revision"], **before})
    changed = [name for name in after if after[name] != before[name]]
    await audit.record(
        db, actor, "authority.changed", "authority", authority_id, found["key"], fields=changed
    )


async def change_contact(
    db: Connection, actor: Actor, person_id: UUID, new: ContactChange, expected: int
) -> None:
    """Change how a person is reached (decree Nr. 3 S. 2). They do themselves, which confirms it too, or their own house.

    The address for sign-in and letters is another matter: who keeps the entry must not take over the account. What is
    public only the person decides. Raises NotFound, Forbidden, Stale.
    """
    found = await store.lock_contact(db, person_id, list(actor.keys), actor.today)
    if found is None:
        raise errors.NotFound(me=actor.card)
    if not rules.may_edit_contact(actor, person_id, found["authority_id"], found["authority_kind"]):
        raise errors.Forbidden("Diese Angaben pflegen die Person selbst und ihr Haus.")
    before = {name: found[name] for name in ("contact_email", "phone", "room", "hours", "public_fields")}
    after = before | _given(new)
    after["public_fields"] = [name for name in rules.PUBLIC_FIELDS if name in after["public_fields"]]
    own = actor.person_id == person_id
    if not own and set(after["public_fields"]) != set(before["public_fields"]):
        raise errors.Forbidden("Was öffentlich ist, entscheidet die Person selbst.")
    confirmed_on = actor.today if own else None
    if expected != found["revision"] or not await store.update_contact(
        db, person_id, expected, **after, confirmed_on=confirmed_on
    ):
        raise errors.Stale(current={"id": person_id, "revision": found["revision"], **before})
    changed = [name for name in after if after[name] != before[name]]
    await audit.record(
        db, actor, "person.contact_changed", "person", person_id, fields=changed, public=after["public_fields"]
    )  # fmt: skip


async def confirm_contact(db: Connection, actor: Actor, person_id: UUID, expected: int | None = None) -> None:
    """„Meine Angaben stimmen“: the half-yearly check of one's own entry. Nobody confirms for somebody else.

    Said twice it is the same. Raises NotFound, Forbidden, and Stale when the entry is no longer the one that was seen.
    """
    found = await store.lock_contact(db, person_id, list(actor.keys), actor.today)
    if found is None:
        raise errors.NotFound(me=actor.card)
    if actor.person_id != person_id:
        raise errors.Forbidden("Das bestätigt die Person selbst.")
    kept = {name: found[name] for name in ("contact_email", "phone", "room", "hours", "public_fields")}
    if expected is not None and expected != found["revision"]:
        raise errors.Stale(current={"id": person_id, "revision": found["revision"]})
    await store.update_contact(db, person_id, found["revision"], **kept, confirmed_on=actor.today)
    await audit.record(db, actor, "person.contact_confirmed", "person", person_id)


async def remind_contacts(db: Connection, actor: Actor) -> list[UUID]:
    """Daily: whose self-check is due and who is to be told of it, each at most once in half a year. Any number of
    workers may ask; a person is given to one of them."""
    return await store.mark_reminded(db, actor.today)


async def export(
    db: Connection, actor: Actor, caller: Caller, text: str | None, role: str | None, house: str | None
) -> list[Person]:
    """All people of the actor's directory who fit, for a file. Needs a recent sign-in and is on the record.

    Raises SignInAgain, and Invalid when there are too many for one file.
    """
    found = await store.list_people(db, caller, None, MOST_EXPORTED, text, role, house)
    auth.require_recent(actor)
    if found.next:
        raise errors.Invalid(
            f"Eine Datei enthält höchstens {MOST_EXPORTED} Personen. Bitte wählen Sie ein Haus oder eine Rolle."
        )
    people = msgspec.json.decode(found.body, type=list[Person])
    await audit.record(db, actor, "people.exported", "person", None, count=len(people))
    return people


def _given(new: msgspec.Struct) -> dict[str, Any]:
    return {name: value for name, value in msgspec.structs.asdict(new).items() if value is not msgspec.UNSET}
