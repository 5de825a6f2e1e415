"""SQL about the contacts of the network."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page, row

from .model import NewContact, NewNote


async def get(db: Connection, caller: Caller, contact_id: UUID) -> Answer:
    """One contact that the caller may see."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, coalesce(p.revision, 0) as revision,
            case when p.id is not null then partner_body(p, a) end as body
        from me left join (partner p join authority a on a.id = p.authority_id)
            on p.id = $3 and partner_open(p.authority_id, me.authority_id, me.keys)
        """,
        caller,
        contact_id,
    )


async def list_contacts(
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    *,
    authority: str | None = None,
    kind: str | None = None,
    topic: str | None = None,
    text: str | None = None,
    ags: str | None = None,
    subscribed: bool | None = None,
) -> Answer:
    """Contacts by organisation. $5 keeps those of a house (key or id), $6 a kind, $7 a topic, $8 is looked for in all
    words, $9 are the first digits of the municipality key, $10 keeps those that get letters. Who belongs neither to the
    circle nor to a district government gets NotFound."""
    return await read_page(
        db,
        """
        with me as materialized (
            select w.*, 'circle' = any(w.keys)
                or ('internal' = any(w.keys) and h.kind = 'district_government') as may_read
            from whoami($1, $2) w join authority h on h.id = w.authority_id
        ),
        page as (
            select partner_body(p, a) as line, k.key, row_number() over (order by k.key) as n
            from me, partner p join authority a on a.id = p.authority_id
            cross join lateral (select lower(unaccent(p.organisation)) || ' ' || p.id as key) k
            where partner_open(p.authority_id, me.authority_id, me.keys)
                and ($3::text is null or k.key > $3)
                and ($5::text is null or a.key = $5 or a.id::text = $5)
                and ($6::text is null or p.kind = $6)
                and ($7::text is null or $7 = any(p.topics))
                and ($8::text is null or strpos(lower(unaccent(concat_ws(' ', p.organisation, p.name, p.function,
                    p.municipality, p.email, p.ags))), lower(unaccent($8))) > 0)
                and ($9::text is null or starts_with(p.ags, $9))
                and ($10::boolean is null or p.subscribed = $10)
            order by k.key
            limit $4 + 1
        )
        select me.card as me,
            case when me.may_read then
                (select coalesce(jsonb_agg(line order by n) filter (where n <= $4), '[]') from page) end as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        authority,
        kind,
        topic,
        text,
        ags,
        subscribed,
    )


async def count_by_district(db: Connection, caller: Caller) -> Answer:
    """How many contacts of each kind the caller may see in each city or district, and the caller's house."""
    return await read_one(
        db,
        """
        with me as materialized (
            select w.*, h.key as house, 'circle' = any(w.keys) as whole,
                'internal' = any(w.keys) and h.kind = 'district_government' as own
            from whoami($1, $2) w join authority h on h.id = w.authority_id
        )
        select me.card as me, 0 as revision, case when me.whole or me.own then jsonb_build_object(
            'houses', case when not me.whole then array[me.house] end,
            'known', (
                select coalesce(jsonb_agg(jsonb_build_array(c.ags, c.kind, c.number)), '[]') from (
                    select left(p.ags, 5) as ags, p.kind, count(*) as number from partner p
                    where p.ags is not null and partner_open(p.authority_id, me.authority_id, me.keys)
                    group by 1, 2) c)) end as body
        from me
        """,
        caller,
    )


async def lock(
    db: Connection, contact_id: UUID, own_house: UUID | None, keys: list[str]
) -> asyncpg.Record | None:
    """A contact that is open to these keys, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, reference, kind, organisation, name, function, address, email, phone, municipality, ags, topics,
            source, source_on, subscribed, unsubscribed_on, authority_id, person_id, revision
        from partner where id = $1 and partner_open(authority_id, $2, $3) for update
        """,
        contact_id,
        own_house,
        keys,
    )


async def find_house(db: Connection, authority_id: UUID | None) -> str:
    """The key of a house."""
    return str(await db.fetchval("select key from authority where id = $1", authority_id))


async def list_houses(db: Connection) -> list[asyncpg.Record]:
    """The district governments, for the choice in a form."""
    rows: list[Any] = await db.fetch(
        "select key, short from authority where kind = 'district_government' order by short"
    )
    return rows


async def topic_labels(db: Connection) -> dict[str, str]:
    """The controlled words with their labels."""
    return {one["id"]: one["label"] for one in await db.fetch("select id, label from topic order by label")}


async def find_duplicates(
    db: Connection,
    entries: Sequence[NewContact],
    own_house: UUID | None,
    keys: list[str],
    without: UUID | None = None,
) -> list[asyncpg.Record]:
    """Open contacts that look like one of `entries`: `n` counts them from 0. `same` are the sure ones: of the own house,
    with the same address or with organisation, place and name. Others have `same_email` or a similar organisation in the
    same place."""
    rows: list[Any] = await db.fetch(
        """
        with wanted as (
            select n - 1 as n, lower(email) as email, lower(unaccent(organisation)) as organisation,
                lower(unaccent(name)) as name, nullif(ags, '') as ags, lower(unaccent(municipality)) as place
            from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
                with ordinality as given (email, organisation, name, ags, municipality, n)
        ),
        known as (
            select p.id, p.organisation, p.name, p.municipality, a.short as authority_name, p.ags, p.authority_id,
                lower(p.email) as email, lower(unaccent(p.organisation)) as plain, lower(unaccent(p.name)) as plain_name,
                lower(unaccent(p.municipality)) as place
            from partner p join authority a on a.id = p.authority_id
            where partner_open(p.authority_id, $6, $7) and p.id is distinct from $8
        )
        select w.n, k.id, k.organisation, k.name, k.municipality, k.authority_name, true as same_email,
            k.authority_id = $6 as same
        from wanted w join known k on k.email = w.email and w.email <> ''
        union all
        select w.n, k.id, k.organisation, k.name, k.municipality, k.authority_name, false,
            w.organisation = k.plain and w.name = k.plain_name and k.authority_id = $6
        from wanted w join known k on w.ags = k.ags or (w.ags is null and k.ags is null and w.place = k.place)
        where (w.email = '' or k.email is distinct from w.email)
            and (similarity(w.organisation, k.plain) > 0.5 or w.organisation = k.plain)
        order by 1, 7 desc, 3, 2
        """,
        [one.email for one in entries],
        [one.organisation for one in entries],
        [one.name for one in entries],
        [one.ags or "" for one in entries],
        [one.municipality for one in entries],
        own_house,
        keys,
        without,
    )
    return rows


async def insert(
    db: Connection, entries: Sequence[NewContact], authority_id: UUID | None, today: date
) -> list[UUID]:
    """New contacts of a house. An address that has ended its letters stays without. Returns their ids in the same order."""
    made = await db.fetch(
        """
        insert into partner (kind, organisation, authority_id, name, function, address, email, phone, municipality,
            ags, topics, source, source_on, subscribed, unsubscribed_on)
        select e.kind, e.organisation, $2, e.name, e.function, e.address, e.email, e.phone, e.municipality, e.ags,
            e.topics, e.source, e.source_on, e.subscribed and o.day is null,
            coalesce(o.day, case when not e.subscribed then $3::date end)
        from jsonb_to_recordset($1::jsonb) as e (kind text, organisation text, name text, function text, address text,
            email text, phone text, municipality text, ags text, topics text[], source text, source_on date,
            subscribed boolean)
        cross join lateral (
            select min(opted_out_on) as day from partner_opt_out
            where address = address_key(e.email) and (authority_id is null or authority_id = $2)) o
        returning id
        """,
        msgspec.json.encode(entries).decode(),
        authority_id,
        today,
    )
    return [one["id"] for one in made]


async def update(
    db: Connection, contact_id: UUID, revision: int, contact: NewContact, unsubscribed_on: date | None
) -> bool:
    """Replace what a contact says; another address gets another link. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update partner set kind = $3, organisation = $4, name = $5, function = $6, address = $7, email = $8, phone = $9,
            municipality = $10, ags = $11, topics = $12, source = $13, source_on = $14, subscribed = $15,
            unsubscribed_on = $16, revision = revision + 1,
            opt_out = case when lower(email) = lower($8) then opt_out else gen_random_uuid() end
        where id = $1 and revision = $2
        """,
        contact_id, revision, contact.kind, contact.organisation, contact.name, contact.function, contact.address,
        contact.email, contact.phone, contact.municipality, contact.ags, contact.topics, contact.source,
        contact.source_on, contact.subscribed, unsubscribed_on,
    )  # fmt: skip
    return bool(done == "UPDATE 1")


async def delete(db: Connection, contact_id: UUID, revision: int) -> bool:
    """Remove a contact with its notes. False when the revision is no longer the present one."""
    done = await db.execute("delete from partner where id = $1 and revision = $2", contact_id, revision)
    return bool(done == "DELETE 1")


async def link_people(db: Connection, contact_ids: list[UUID]) -> None:
    """Make contacts with an address recipients of letters, whether or not somebody has an account under it.

    The contacts of an address share one recipient, so that nothing comes twice. One that gets no letters is no recipient
    beside another of the same address that does: each house decides for its own.
    """
    await db.execute(
        """
        with house as (
            insert into authority (key, name, short, kind)
            select 'kommunal', 'Kommunen und Partner', 'Kommunal', 'municipal'
            where not exists (select from authority where kind = 'municipal') returning id
        ),
        wanted as (
            select c.id, lower(c.email) as key, c.email, c.phone, c.function,
                left(coalesce(nullif(c.name, ''), c.organisation), 120) as name,
                case c.kind when 'municipal_contact' then 'municipal_contact' else 'partner' end as role
            from partner c where c.id = any($1) and c.email <> '' and c.person_id is null
        ),
        made as (
            insert into person (name, email, phone, function, authority_id, letters_only)
            select distinct on (w.key) w.name, w.email, w.phone, w.function, h.id, true
            from wanted w, (select id from house union all select id from authority where kind = 'municipal' limit 1) h
            order by w.key, w.id
            on conflict (lower(email)) where letters_only do update set active = person.active
            returning id, lower(email) as key
        ),
        granted as (
            insert into role_grant (person_id, role) select distinct m.id, w.role from made m join wanted w on w.key = m.key
            on conflict do nothing
        )
        update partner c set person_id = m.id from wanted w join made m on m.key = w.key where c.id = w.id
        """,
        contact_ids,
    )
    await db.execute(
        """
        update partner c set person_id = null
        where not c.subscribed and c.person_id in (select person_id from partner where id = any($1))
            and exists (select from partner o where o.person_id = c.person_id and o.subscribed)
        """,
        contact_ids,
    )


async def refresh_people(db: Connection, person_ids: list[UUID]) -> None:
    """Letters are addressed as the contact says that was the first with the address, whatever another house writes."""
    await db.execute(
        """
        update person p set name = left(coalesce(nullif(c.name, ''), c.organisation), 120), phone = c.phone,
            function = c.function
        from (
            select distinct on (person_id) person_id, name, organisation, phone, function
            from partner where person_id = any($1) order by person_id, entered_at, id) c
        where p.id = c.person_id and p.letters_only
        """,
        person_ids,
    )


async def person_of(db: Connection, contact_id: UUID) -> UUID | None:
    """The recipient of letters behind a contact."""
    found: UUID | None = await db.fetchval("select person_id from partner where id = $1", contact_id)
    return found


async def find_entries(db: Connection, contact_ids: list[UUID]) -> list[asyncpg.Record]:
    """What the search index says about contacts."""
    rows: list[Any] = await db.fetch(
        """
        select p.id, p.reference, p.kind, p.organisation, p.name, p.function, p.municipality, p.ags, p.topics,
            p.authority_id, array(select label from topic t where t.id = any(p.topics) order by label) as labels
        from partner p where p.id = any($1)
        """,
        contact_ids,
    )
    return rows


async def find_opt_outs(db: Connection, emails: Sequence[str], authority_id: UUID | None) -> dict[str, date]:
    """Those of the addresses that get no letters from a house, with the day since when: they have used the link, or the
    house has ended the letters of a contact that is gone."""
    rows = await db.fetch(
        """
        select e.email, min(o.opted_out_on) as day from unnest($1::text[]) e (email)
        join partner_opt_out o on o.address = address_key(e.email) and (o.authority_id is null or o.authority_id = $2)
        where e.email <> '' group by e.email
        """,
        emails,
        authority_id,
    )
    return {one["email"]: one["day"] for one in rows}


async def keep_opt_out(db: Connection, contact_id: UUID) -> None:
    """Before a contact goes or gets another address: the link in letters it got goes on working for the old address, and
    that it gets none is remembered for the house."""
    await db.execute(
        """
        with old as (
            select opt_out, address_key(email) as address, authority_id, unsubscribed_on from partner
            where id = $1 and email <> ''
        ),
        link as (insert into partner_opt_out_link (opt_out, address) select opt_out, address from old)
        insert into partner_opt_out (address, authority_id, opted_out_on)
        select address, authority_id, unsubscribed_on from old where unsubscribed_on is not null and not exists (
            select from partner_opt_out o where o.address = old.address and o.authority_id is null)
        on conflict on constraint partner_opt_out_once do nothing
        """,
        contact_id,
    )


async def drop_opt_out(db: Connection, email: str, authority_id: UUID | None) -> None:
    """The house sends letters to this address again; what the person ended by the link stays remembered."""
    await db.execute(
        "delete from partner_opt_out where address = address_key($1) and authority_id = $2",
        email,
        authority_id,
    )


async def unlink_person(db: Connection, contact_id: UUID) -> None:
    """The contact is no recipient any more; what the recipient's entry says of a person goes when nobody else needs it."""
    await db.execute(
        """
        with was as (
            update partner c set person_id = null from partner old
            where c.id = $1 and old.id = c.id returning old.person_id
        )
        update person p set title = '', name = 'Gelöschter Kontakt', email = 'geloescht.' || p.id || '@invalid',
            phone = '', function = '', active = false
        from was
        where p.id = was.person_id and p.letters_only
            and not exists (select from partner other where other.person_id = p.id and other.id <> $1)
        """,
        contact_id,
    )


async def end_subscription(db: Connection, opt_out: UUID, today: date) -> list[asyncpg.Record]:
    """The address behind this link gets no more letters, whichever house keeps it, and the table remembers that. Returns
    the contacts that got some before; none for an unknown link."""
    rows: list[Any] = await db.fetch(
        """
        with mine as (
            select id, case when email <> '' then address_key(email) end as address, person_id
            from partner where opt_out = $1
            union all
            select null, address, null from partner_opt_out_link where opt_out = $1
        ),
        kept as (
            insert into partner_opt_out (address, opted_out_on) select address, $2 from mine where address is not null
            on conflict on constraint partner_opt_out_once do nothing)
        update partner c set subscribed = false, unsubscribed_on = $2, revision = c.revision + 1
        from mine where c.subscribed and (c.id = mine.id or c.person_id = mine.person_id
            or c.email <> '' and address_key(c.email) = mine.address)
        returning c.id, c.reference
        """,
        opt_out,
        today,
    )
    return rows


async def insert_import(
    db: Connection, person_id: UUID | None, authority_id: UUID | None, content: str
) -> UUID:
    """Keep what was read from a file until its author confirms; what nobody confirmed within a day goes."""
    found = await row(
        db,
        """
        with old as (delete from partner_import where created_at < now() - interval '1 day')
        insert into partner_import (person_id, authority_id, content) values ($1, $2, $3::jsonb) returning id
        """,
        person_id,
        authority_id,
        content,
    )
    return UUID(str(found["id"]))


async def get_import(db: Connection, caller: Caller, import_id: UUID) -> Answer:
    """What was read from a file, for who gave it."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision,
            i.content || jsonb_build_object('id', i.id, 'added', i.added) as body
        from me left join partner_import i
            on i.id = $3 and i.person_id = me.person_id and i.authority_id = me.authority_id
        """,
        caller,
        import_id,
    )


async def lock_import(
    db: Connection, import_id: UUID, person_id: UUID | None, authority_id: UUID | None
) -> asyncpg.Record | None:
    """One's own import, held until the end of the transaction."""
    return await db.fetchrow(
        "select id, content, added from partner_import where id = $1 and person_id = $2 and authority_id = $3 for update",
        import_id,
        person_id,
        authority_id,
    )


async def lock_house(db: Connection, authority_id: UUID | None) -> None:
    """Let entries of one house queue, so that each sees what the one before has added."""
    await db.execute("select from authority where id = $1 for no key update", authority_id)


async def mark_imported(db: Connection, import_id: UUID, added: int, left: str) -> None:
    """The lines became contacts; their number is kept, and what was not entered."""
    await db.execute(
        "update partner_import set added = $2, content = content || $3::jsonb where id = $1",
        import_id,
        added,
        left,
    )


async def list_notes(db: Connection, caller: Caller, contact_id: UUID) -> Answer:
    """The exchanges with a contact, newest first, for those of its own house who act for it; for others there are none."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, null as next, case when p.id is not null then (
            select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'held_on', n.held_on,
                'participants', n.participants, 'text', n.text, 'written_by_name', w.name)
                order by n.held_on desc, n.id), '[]')
            from partner_note n left join person w on w.id = n.written_by
            where n.partner_id = p.id and p.authority_id = me.authority_id and 'asking:' || p.authority_id = any(me.keys))
            end as items
        from me left join partner p on p.id = $3 and partner_open(p.authority_id, me.authority_id, me.keys)
        """,
        caller,
        contact_id,
    )


async def insert_note(db: Connection, contact_id: UUID, note: NewNote, written_by: UUID | None) -> UUID:
    """Keep an exchange with a contact."""
    found = await row(
        db,
        """
        insert into partner_note (partner_id, held_on, participants, text, written_by) values ($1, $2, $3, $4, $5)
        returning id
        """,
        contact_id,
        note.held_on,
        note.participants,
        note.text,
        written_by,
    )
    return UUID(str(found["id"]))
