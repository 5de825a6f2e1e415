"""SQL about experts. The key that an involvement gives stands in `keys_on`."""

from datetime import date
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page

from .model import ObjectKind, Staff


async def list_experts(db: Connection, caller: Caller, kind: ObjectKind, object_id: UUID) -> Answer:
    """Who is called in today, for whoever may open the thing. Raises NotFound for everybody else."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, null::text as next,
            experts_of($3, $4, me.keys, ($2 at time zone 'Europe/Berlin')::date) as items
        from me
        """,
        caller,
        kind,
        object_id,
    )


async def get_expert(
    db: Connection, caller: Caller, kind: ObjectKind, object_id: UUID, expert_id: UUID
) -> Answer:
    """One running involvement, for whoever may open the thing."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, (
            select e.one from json_array_elements(
                experts_of($3, $4, me.keys, ($2 at time zone 'Europe/Berlin')::date)) e (one)
            where e.one ->> 'id' = $5::uuid::text) as body
        from me
        """,
        caller,
        kind,
        object_id,
        expert_id,
    )


async def list_choices(db: Connection, authority_id: UUID | None) -> list[tuple[UUID, str]]:
    """Active people of a house, for the choice in a form."""
    rows = await db.fetch(
        "select id, name from person where active and authority_id = $1 order by name, id", authority_id
    )
    return [(row["id"], row["name"]) for row in rows]


async def find_staff(
    db: Connection, person_id: UUID, authority_id: UUID | None, audience: list[str], day: date
) -> Staff | None:
    """An active person of a house on a day, and whether they see what is open to `audience`."""
    found = await db.fetchrow(
        """
        select p.id, p.name, r.roles, $3 && keys_on(p.id, p.authority_id, r.roles, $4) as sees, exists (
            select from appointment a where a.person_id = p.id and a.valid_from <= $4
                and (a.valid_to is null or a.valid_to >= $4)) as voice
        from person p cross join lateral (select roles_on(p.id, $4) as roles) r
        where p.id = $1 and p.active and p.authority_id = $2
        """,
        person_id,
        authority_id,
        audience,
        day,
    )
    return msgspec.convert(dict(found), Staff) if found else None


async def insert(
    db: Connection,
    kind: ObjectKind,
    object_id: UUID,
    person_id: UUID,
    authority_id: UUID | None,
    granted_by: UUID | None,
    valid_from: date,
    valid_to: date,
) -> UUID:
    """A new involvement; `expert_involvement_once` refuses a second one at the same time. Returns its id."""
    found: UUID = await db.fetchval(
        """
        insert into expert_involvement (object_kind, object_id, person_id, authority_id, granted_by, valid_from, valid_to)
        values ($1, $2, $3, $4, $5, $6, $7) returning id
        """,
        kind,
        object_id,
        person_id,
        authority_id,
        granted_by,
        valid_from,
        valid_to,
    )
    return found


async def end(
    db: Connection, kind: ObjectKind, object_id: UUID, person_id: UUID, authority_id: UUID | None, day: date
) -> bool:
    """The right is gone from `day` on. False when this house has nobody of that name there."""
    done = await db.execute(
        """
        update expert_involvement set ended_on = $5, revision = revision + 1
        where object_kind = $1 and object_id = $2 and person_id = $3 and authority_id = $4
            and ended_on is null and valid_to >= $5
        """,
        kind,
        object_id,
        person_id,
        authority_id,
        day,
    )
    return bool(done == "UPDATE 1")


async def is_involved(db: Connection, kind: ObjectKind, object_id: UUID, person_id: UUID, day: date) -> bool:
    """True when some house has called this person in."""
    found: bool = await db.fetchval(
        """
        select exists (
            select from expert_involvement where object_kind = $1 and object_id = $2 and person_id = $3
                and valid_from <= $4 and coalesce(ended_on - 1, valid_to) >= $4)
        """,
        kind,
        object_id,
        person_id,
        day,
    )
    return found
