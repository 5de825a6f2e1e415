"""What people do about accounts: enter, change, invite, close and open them, grant and end roles; and what everybody
does about their own: set and change the password, end sessions."""

import math
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from circle.core import access, audit, auth, errors, jobs
from circle.core.auth import Actor
from circle.core.db import Caller, Connection
from circle.people import actions as people
from circle.people import store as people_store

from . import rules, store
from .model import AccountChange, GrantEnd, NewAccount, NewGrant, PasswordChange

INVITATION_LIFE, RESET_LIFE = timedelta(days=7), timedelta(hours=1)
ACCOUNT_LIMIT, ADDRESS_LIMIT = 5, 50
"""Requests for a new password, and invitations, within an hour."""
TAKEN = "Mit dieser E-Mail-Adresse lässt sich kein Konto führen. Bitte nehmen Sie eine andere."
FIELDS = ("name", "email", "authority_id", "title", "function", "phone")


async def add(db: Connection, actor: Actor, new: NewAccount) -> UUID:
    """Enter a person; they cannot sign in before they are invited. Raises Forbidden, Invalid, Conflict (email_taken)."""
    access.require(actor, "people.manage")
    rules.require_address(new.email)
    for role in new.roles:
        rules.require_grantable(actor, role, new.authority_id, own=False)
    person_id = await store.insert(
        db, name=new.name, email=new.email, authority_id=new.authority_id, title=new.title, function=new.function,
        phone=new.phone,
    )  # fmt: skip
    if person_id is None:
        raise errors.Conflict(TAKEN, code="email_taken", fields={"email": TAKEN})
    for role in dict.fromkeys(new.roles):
        await store.insert_grant(db, person_id, role, actor.today, None)
    await audit.record(db, actor, "person.added", "person", person_id, roles=new.roles)
    return person_id


async def change(
    db: Connection, actor: Actor, person_id: UUID, new: AccountChange, expected: int | None
) -> None:
    """Change name, address, function or house. With the address or the house all sessions and links end.

    The address of an account waits for a second person, and the old one is told, when the account has a password or a
    role that the actor does not grant: whoever has the address gets the link to a password, and nobody makes themself
    somebody else alone. Raises NotFound, Forbidden, Stale, Invalid, and Conflict for a contact, whose entry the network
    keeps, for an address that is taken and for the house of somebody who is appointed there.
    """
    found = await find(db, actor, person_id, expected)
    _require_account(found)
    before = {name: found[name] for name in FIELDS}
    given = {name: value for name, value in msgspec.structs.asdict(new).items() if value is not msgspec.UNSET}
    after = before | given
    wanted: str = after["email"]
    if wanted != before["email"]:
        rules.require_address(wanted)
    held = [*found["granted"], *(["commissioner"] if found["appointed"] else [])]
    waits = wanted != before["email"] and (
        found["password_hash"] is not None
        or not all(rules.may_grant(actor, role, found["authority_id"]) for role in held)
    )
    if waits:
        after["email"] = before["email"]
        if await store.has_address(db, wanted, person_id):
            raise errors.Conflict(TAKEN, code="email_taken", fields={"email": TAKEN})
    if after["authority_id"] != before["authority_id"]:
        if person_id == actor.person_id:
            raise errors.Forbidden("Das eigene Haus ändert jemand anderes.", code="own_house")
        if found["appointed"]:
            raise errors.Conflict(
                "Die Person ist in ihrem Haus bestellt. Bitte beenden Sie zuerst die Bestellung."
            )
        if "assistant" in found["granted"]:
            raise errors.Conflict("Die Person arbeitet ihrem Haus zu. Bitte beenden Sie zuerst diese Rolle.")
    try:
        if not await store.update(db, person_id, found["revision"], **after):
            raise errors.Stale
    except asyncpg.UniqueViolationError as error:
        raise errors.Conflict(TAKEN, code="email_taken", fields={"email": TAKEN}) from error
    changed = [name for name in FIELDS if after[name] != before[name]]
    if {"email", "authority_id"} & set(changed):
        await _end_everywhere(db, person_id)
    if waits:
        await store.update_pending(db, person_id, wanted, actor.person_id)
        notice_id = await store.insert_notice(db, person_id, before["email"], INVITATION_LIFE)
        await jobs.enqueue(db, "accounts.send_link", link_id=notice_id)
        changed.append("pending_email")
    await audit.record(db, actor, "person.changed", "person", person_id, fields=changed)


async def confirm_address(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
    """Let a waiting address count; all sessions and links end. Raises NotFound, Forbidden (four_eyes), Stale, and
    Conflict when none waits, or somebody has taken it meanwhile."""
    found = await find(db, actor, person_id, expected)
    if found["pending_email"] is None:
        raise errors.Conflict("Es wartet keine neue Adresse.")
    rules.require_second(actor, person_id, found["pending_by"], found["pending_roles"])
    try:
        if not await store.take_pending(db, person_id, found["revision"]):
            raise errors.Stale
    except asyncpg.UniqueViolationError as error:
        raise errors.Conflict(TAKEN, code="email_taken") from error
    await _end_everywhere(db, person_id)
    await audit.record(db, actor, "person.address_confirmed", "person", person_id)


async def drop_address(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
    """Let the address be as it is. Raises NotFound, Forbidden, Stale, and Conflict when none waits."""
    found = await find(db, actor, person_id, expected)
    if found["pending_email"] is None:
        raise errors.Conflict("Es wartet keine neue Adresse.")
    if not await store.mark_changed(db, person_id, found["revision"]):
        raise errors.Stale
    await store.update_pending(db, person_id, None, None)
    await audit.record(db, actor, "person.address_dropped", "person", person_id)


async def invite(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
    """Send a link to set the first password: seven days, one use; an earlier link is void.

    Raises NotFound, Forbidden, Stale, TooMany, and Conflict for a contact, and when the account is closed or has a password.
    """
    found = await find(db, actor, person_id, expected)
    _require_account(found)
    if not found["active"]:
        raise errors.Conflict("Das Konto ist gesperrt. Bitte entsperren Sie es zuerst.")
    if found["password_hash"] is not None:
        raise errors.Conflict(
            "Die Person hat schon ein Kennwort. Ein neues setzt sie über „Kennwort vergessen“."
        )
    rules.require_address(found["email"])
    # By who invites and whom, apart from what strangers ask for at „Kennwort vergessen“.
    await _count(db, f"invitation:{person_id}", f"person:{actor.person_id}")
    await store.delete_links(db, person_id)
    link_id = await store.insert_invitation(db, person_id, INVITATION_LIFE)
    await jobs.enqueue(db, "accounts.send_link", link_id=link_id)
    await audit.record(db, actor, "person.invited", "person", person_id)


async def deactivate(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
    """Close an account: sessions and links end at once. Raises NotFound, Forbidden, Stale, and Conflict when it is
    closed, or the last administrator's."""
    await store.lock_administrators(db)
    found = await find(db, actor, person_id, expected)
    if not found["active"]:
        raise errors.Conflict("Das Konto ist schon gesperrt.")
    await _require_other_administrator(db, person_id, actor.today)
    if not await store.update_active(db, person_id, found["revision"], False):
        raise errors.Stale
    await _end_everywhere(db, person_id)
    await audit.record(db, actor, "person.deactivated", "person", person_id)


async def reactivate(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> None:
    """Open a closed account again. Raises NotFound, Forbidden, Stale, and Conflict when it is open."""
    found = await find(db, actor, person_id, expected)
    if found["active"]:
        raise errors.Conflict("Das Konto ist nicht gesperrt.")
    if not await store.update_active(db, person_id, found["revision"], True):
        raise errors.Stale
    await audit.record(db, actor, "person.reactivated", "person", person_id)


async def grant(db: Connection, actor: Actor, person_id: UUID, new: NewGrant, expected: int | None) -> None:
    """Grant a role, from today unless a day is named; sessions end, so that nobody goes on with other rights.

    Raises NotFound, Forbidden (own_role, role_not_yours), Stale, Invalid, and Conflict for a contact, to whom letters of the
    role would go, and (role_held) for a role held in that time.
    """
    found = await _seen(db, actor, person_id)
    rules.require_grantable(actor, new.role, found["authority_id"], own=person_id == actor.person_id)
    _require_revision(found, expected)
    _require_account(found)
    starts = new.valid_from or actor.today
    if new.valid_to is not None and new.valid_to < starts:
        raise errors.Invalid(
            "Das Ende liegt vor dem Beginn.", fields={"valid_to": "Das Ende liegt vor dem Beginn."}
        )
    try:
        granted = await store.insert_grant(db, person_id, new.role, starts, new.valid_to)
    except asyncpg.ExclusionViolationError:
        granted = False
    if not granted:
        raise errors.Conflict("Diese Rolle hat die Person in dieser Zeit schon.", code="role_held")
    await _roles_changed(db, person_id, found["revision"])
    await audit.record(
        db,
        actor,
        "role.granted",
        "person",
        person_id,
        role=new.role,
        valid_from=starts,
        valid_to=new.valid_to,
    )


async def end_role(
    db: Connection, actor: Actor, person_id: UUID, end: GrantEnd, expected: int | None
) -> None:
    """Let a role end with a day, at once when none is named. What has been stays: it says who was entitled on a day.

    Raises NotFound, Forbidden (own_role, role_not_yours), Stale, Invalid for a day in the past, and Conflict when it is
    not granted, or it is the last administrator's.
    """
    if end.role == "technical_admin":
        await store.lock_administrators(db)
    found = await _seen(db, actor, person_id)
    rules.require_grantable(
        actor, end.role, found["authority_id"], own=person_id == actor.person_id, ending=True
    )
    _require_revision(found, expected)
    yesterday = actor.today - timedelta(days=1)
    last_day = end.last_day or yesterday
    if last_day < yesterday:
        reason = "Der letzte Tag kann frühestens gestern sein."
        raise errors.Invalid(reason, fields={"last_day": reason})
    if end.role == "technical_admin":
        await _require_other_administrator(db, person_id, last_day + timedelta(days=1))
    if not await store.end_grants(db, person_id, end.role, last_day, actor.today):
        raise errors.Conflict("Diese Rolle hat die Person an dem Tag nicht.")
    await _roles_changed(db, person_id, found["revision"])
    await audit.record(db, actor, "role.ended", "person", person_id, role=end.role, last_day=last_day)


async def request_reset(db: Connection, email: str, address: str) -> None:
    """„Kennwort vergessen“: the same for every address, known or not, in what is said and in what is done.

    A refusal by the limit counts what was typed, not who exists. Raises TooMany with Retry-After.
    """
    await _count(db, email, address)
    link_id = await store.insert_reset(db, email, RESET_LIFE)
    await jobs.enqueue(db, "accounts.send_link", link_id=link_id)


async def set_password(db: Connection, now: datetime, token: str, password: str) -> None:
    """Set the password by a link, which is used up with it; all sessions end. `now` is office time.

    Raises NotFound when the link is unknown, over or used, Invalid for a weak password.
    """
    found = await store.find_link(db, auth.token_hash(token))
    if found is None:
        raise errors.NotFound
    rules.require_password(password, found["email"], found["name"])
    await store.update_password(db, found["person_id"], await auth.hash_password(password))
    await store.delete_sessions(db, found["person_id"])
    actor = Actor(found["person_id"], None, found["name"], frozenset(), (), now)
    await audit.record(db, actor, "password.set", "person", found["person_id"], by=found["kind"])


async def change_password(
    db: Connection, actor: Actor, caller: Caller, new: PasswordChange, address: str, field: str = "new"
) -> bool:
    """Change one's own password; all other sessions end. False when the old one does not fit: it returns, so that the
    failure stays counted with those of the sign-in. Raises TooMany, Invalid for a weak password."""
    assert actor.person_id is not None
    # In the order of the sign-in: first the account, then the person.
    await people_store.lock_account(db, auth.me(actor.card).email)
    found = await store.password_of(db, actor.person_id)
    if found is None:
        raise errors.NotSignedIn
    seconds = await people_store.seconds_closed(
        db, found["email"], address, people.ACCOUNT_LIMIT, people.ADDRESS_LIMIT
    )
    if seconds:
        raise _too_many(seconds)
    if not await auth.verify_password(found["password_hash"], new.old):
        await people_store.insert_failure(db, found["email"], address)
        return False
    rules.require_password(new.new, found["email"], found["name"], field)
    await store.update_password(db, actor.person_id, await auth.hash_password(new.new))
    await store.delete_sessions(db, actor.person_id, caller.token_hash)
    await audit.record(db, actor, "password.changed", "person", actor.person_id)
    return True


async def end_session(db: Connection, actor: Actor, session_id: UUID) -> None:
    """End one of one's own sessions. Raises NotFound for any other."""
    assert actor.person_id is not None
    if not await store.delete_session(db, actor.person_id, session_id):
        raise errors.NotFound(me=actor.card)
    await audit.record(db, actor, "session.ended", "person", actor.person_id)


async def end_other_sessions(db: Connection, actor: Actor, caller: Caller) -> None:
    """End all of one's own sessions but this one."""
    assert actor.person_id is not None
    ended = await store.delete_sessions(db, actor.person_id, caller.token_hash)
    await audit.record(db, actor, "session.ended", "person", actor.person_id, count=ended)


async def find(db: Connection, actor: Actor, person_id: UUID, expected: int | None) -> asyncpg.Record:
    """The person, locked: Forbidden for who may not keep accounts and sees the person, NotFound for all others."""
    found = await _seen(db, actor, person_id)
    access.require(actor, "people.manage")
    _require_revision(found, expected)
    return found


async def _seen(db: Connection, actor: Actor, person_id: UUID) -> asyncpg.Record:
    found = await store.lock(db, person_id, list(actor.keys), actor.today)
    if found is None or not (found["seen"] or access.may(actor, "people.manage")):
        raise errors.NotFound(me=actor.card)
    return found


def _require_revision(found: asyncpg.Record, expected: int | None) -> None:
    if expected is not None and expected != found["revision"]:
        raise errors.Stale(current={"id": found["id"], "revision": found["revision"]})


def _require_account(found: asyncpg.Record) -> None:
    if found["letters_only"]:
        raise errors.Conflict(
            "Das ist ein Kontakt des Netzwerks und kein Konto. Bitte legen Sie für die Person ein Konto an; die Adresse "
            "darf dieselbe sein."
        )


async def _require_other_administrator(db: Connection, person_id: UUID, day: date) -> None:
    """Somebody has to be left who can mend things."""
    if await store.is_administrator(db, person_id, day) and not await store.count_other_administrators(
        db, person_id, day
    ):
        raise errors.Conflict(
            "Das ist die letzte Technische Administration, die sich anmelden kann. Geben Sie die Rolle zuerst einer "
            "anderen Person.",
            code="last_admin",
        )


async def _roles_changed(db: Connection, person_id: UUID, revision: int) -> None:
    if not await store.mark_changed(db, person_id, revision):
        raise errors.Stale
    await store.delete_sessions(db, person_id)


async def _end_everywhere(db: Connection, person_id: UUID) -> None:
    await store.delete_sessions(db, person_id)
    await store.delete_links(db, person_id)


async def _count(db: Connection, account: str, address: str) -> None:
    """Count a mail that is asked for, in all processes together. Raises TooMany."""
    await people_store.lock_account(db, account)
    seconds = await store.seconds_closed(db, account, address, ACCOUNT_LIMIT, ADDRESS_LIMIT)
    if seconds:
        raise _too_many(seconds)
    await store.insert_request(db, account, address)


def _too_many(seconds: int) -> errors.TooMany:
    return errors.TooMany(
        f"Zu viele Versuche. Bitte in {math.ceil(seconds / 60)} Minuten noch einmal.",
        headers={"retry-after": str(seconds)},
    )
