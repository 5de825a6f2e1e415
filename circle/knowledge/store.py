"""SQL about knowledge documents."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from circle.core.db import Answer, Caller, Connection, read_one, read_page

from .model import Attachment, Content, Overdue

# Reads for people: one statement each, visibility in the WHERE.


async def get(
    db: Connection, caller: Caller, document_id: UUID | None, reference: str | None, editors: list[str]
) -> Answer:
    """One document by id or reference, with the next version for those who work on it. `editors` are their roles."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        )
        select me.card as me, coalesce(d.revision, 0) as revision, case when d.id is not null then json_build_object(
            'id', d.id, 'reference', d.reference, 'title', d.title, 'kind', d.kind, 'abstract', d.abstract,
            'topics', d.topics, 'confidentiality', d.confidentiality,
            'state', case when d.state = 'released' and d.review_on < me.today then 'review_overdue' else d.state end,
            'draft_state', r.state, 'version', d.version, 'language_level', d.language_level,
            'owner_id', d.owner_id, 'owner_name', o.name, 'authority_id', d.authority_id, 'authority_name', a.short,
            'released_on', d.released_on, 'review_on', d.review_on, 'updated_at', d.updated_at, 'revision', d.revision,
            'body', d.body, 'legal_basis', d.legal_basis,
            'released_by_name', (select p.name from person p where p.id = d.released_by),
            'edited_by_id', d.edited_by, 'edited_by_name', (select p.name from person p where p.id = d.edited_by),
            'return_note', d.return_note, 'retired_note', d.retired_note,
            'superseded_by', (
                select json_build_object('id', s.id, 'reference', s.reference, 'title', s.title)
                from document s where s.id = d.superseded_by and visible(s.audience, me.keys)),
            'supersedes', (
                select json_build_object('id', s.id, 'reference', s.reference, 'title', s.title)
                from document s where s.superseded_by = d.id and visible(s.audience, me.keys)
                order by s.released_on desc, s.id limit 1),
            'file_ids', (
                select coalesce(json_agg(f.id order by f.name, f.id), '[]')
                from document_file u join file f on f.id = u.file_id where u.document_id = d.id),
            'files', (
                select coalesce(json_agg(json_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type,
                    'size', f.size, 'sha256', f.sha256) order by f.name, f.id), '[]')
                from document_file u join file f on f.id = u.file_id where u.document_id = d.id),
            'named', (
                select coalesce(json_agg(json_build_object('id', p.id, 'name', p.name) order by p.name, p.id), '[]')
                from named_access n join person p on p.id = n.person_id
                where n.object_id = d.id
                    and (d.confidentiality = 'confidential' or d.owner_id = me.person_id or me.roles && $5::text[])),
            'versions', (
                select coalesce(json_agg(json_build_object('number', v.number, 'title', v.title,
                    'confidentiality', v.confidentiality, 'released_on', v.released_on,
                    'released_by_name', v.released_by_name, 'sha256', v.sha256) order by v.number desc), '[]')
                from document_version v where v.document_id = d.id and visible(v.audience, me.keys)),
            'draft', case when r.document_id is not null then json_build_object('state', r.state,
                'return_note', r.return_note, 'title', r.title, 'kind', r.kind, 'abstract', r.abstract, 'body', r.body,
                'topics', r.topics, 'confidentiality', r.confidentiality, 'language_level', r.language_level,
                'legal_basis', r.legal_basis, 'review_on', r.review_on,
                'files', (
                    select coalesce(json_agg(json_build_object('id', f.id, 'name', f.name,
                        'content_type', f.content_type, 'size', f.size, 'sha256', f.sha256) order by f.name, f.id), '[]')
                    from file f where f.id = any(r.file_ids)),
                'edited_by_id', r.edited_by,
                'edited_by_name', (select p.name from person p where p.id = r.edited_by)) end
            ) end as body
        from me
        left join (document d join person o on o.id = d.owner_id join authority a on a.id = d.authority_id)
            on (d.id = $3 or d.reference = $4) and visible(d.audience, me.keys)
        left join document_draft r on r.document_id = d.id and visible(r.audience, me.keys)
        """,
        caller,
        document_id,
        reference,
        editors,
    )


async def list_documents(
    db: Connection,
    caller: Caller,
    after: str | None,
    limit: int,
    *,
    kind: str | None = None,
    topic: str | None = None,
    level: str | None = None,
    state: str | None = None,
    authority_id: UUID | None = None,
    mine: bool = False,
) -> Answer:
    """Documents, drafts first, then by release, newest first. $8 also finds the state of a next version."""
    return await read_page(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        page as (
            select d.id, coalesce(d.released_on, '9999-12-31') || ' ' || d.id as key, r.state as draft_state,
                row_number() over (order by coalesce(d.released_on, '9999-12-31') desc, d.id desc) as n
            from document d
            left join document_draft r on r.document_id = d.id and visible(r.audience, (select keys from me))
            where visible(d.audience, (select keys from me))
                and ($3::text is null or (coalesce(d.released_on, '9999-12-31'), d.id)
                    < (split_part($3, ' ', 1)::date, split_part($3, ' ', 2)::uuid))
                and ($5::text is null or d.kind = $5)
                and ($6::text is null or $6 = any(d.topics))
                and ($7::text is null or d.confidentiality = $7)
                and ($8::text is null or r.state = $8 or $8 = case
                    when d.state = 'released' and d.review_on < (select today from me) then 'review_overdue'
                    else d.state end)
                and ($9::uuid is null or d.authority_id = $9)
                and (not $10::boolean or d.owner_id = (select person_id from me))
            order by coalesce(d.released_on, '9999-12-31') desc, d.id desc
            limit $4 + 1
        )
        select me.card as me, (
            select coalesce(json_agg(json_build_object('id', d.id, 'reference', d.reference, 'title', d.title,
                'kind', d.kind, 'abstract', d.abstract, 'topics', d.topics, 'confidentiality', d.confidentiality,
                'state', case when d.state = 'released' and d.review_on < me.today then 'review_overdue' else d.state end,
                'draft_state', p.draft_state, 'version', d.version, 'language_level', d.language_level,
                'owner_id', d.owner_id, 'owner_name', o.name, 'authority_id', d.authority_id,
                'authority_name', a.short, 'released_on', d.released_on, 'review_on', d.review_on,
                'updated_at', d.updated_at, 'revision', d.revision) order by p.n), '[]')
            from page p
            join document d on d.id = p.id
            join person o on o.id = d.owner_id
            join authority a on a.id = d.authority_id
            where p.n <= $4) as items,
            (select key from page where n = $4 and exists (select from page where n > $4)) as next
        from me
        """,
        caller,
        after,
        limit,
        kind,
        topic,
        level,
        state,
        authority_id,
        mine,
    )


async def get_facets(db: Connection, caller: Caller) -> Answer:
    """Topics and kinds with the number of documents that the caller may open, for the filters of the list."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        seen as materialized (
            select d.kind, d.topics from me, document d where visible(d.audience, me.keys)
        )
        select me.card as me, 0 as revision, jsonb_build_object(
            'topics', (
                select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'label', t.label, 'documents', u.documents)
                    order by t.label), '[]')
                from topic t join (select topic, count(*) as documents from seen, unnest(topics) topic group by 1) u
                    on u.topic = t.id),
            'kinds', (
                select coalesce(jsonb_agg(jsonb_build_array(k.kind, k.documents) order by k.kind), '[]')
                from (select kind, count(*) as documents from seen group by 1) k)) as body
        from me
        """,
        caller,
    )


async def list_versions(
    db: Connection, caller: Caller, document_id: UUID, after: str | None, limit: int
) -> Answer:
    """The released versions of a document that the caller may open, newest first."""
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        thing as (select d.id from me, document d where d.id = $3 and visible(d.audience, me.keys)),
        page as (
            select v.number, v.title, v.confidentiality, v.released_on, v.released_by_name, v.sha256
            from me, thing join document_version v on v.document_id = thing.id
            where visible(v.audience, me.keys) and ($4::text is null or v.number < $4::integer)
            order by v.number desc
            limit $5 + 1
        ),
        counted as (select *, row_number() over (order by number desc) as n from page)
        select me.card as me,
            case when exists (select from thing) then (
                select coalesce(json_agg(to_jsonb(counted) - 'n' order by n) filter (where n <= $5), '[]') from counted
            ) end as items,
            (select number::text from counted where n = $5 and exists (select from counted where n > $5)) as next
        from me
        """,
        caller,
        document_id,
        after,
        limit,
    )


async def get_version(
    db: Connection, caller: Caller, document_id: UUID | None, reference: str | None, number: int
) -> Answer:
    """One released version with its text; the document and the version are both for the caller."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, (
            select jsonb_build_object('number', v.number, 'title', v.title, 'confidentiality', v.confidentiality,
                'released_on', v.released_on, 'released_by_name', v.released_by_name, 'sha256', v.sha256,
                'abstract', v.abstract, 'body', v.body, 'files', v.files, 'document', jsonb_build_object('id', d.id,
                    'reference', d.reference, 'title', d.title))
            from document d join document_version v on v.document_id = d.id
            where (d.id = $3 or d.reference = $4) and v.number = $5 and visible(d.audience, me.keys)
                and visible(v.audience, me.keys)
        ) as body
        from me
        """,
        caller,
        document_id,
        reference,
        number,
    )


# What acts look up.


async def lock(db: Connection, document_id: UUID, keys: list[str]) -> asyncpg.Record | None:
    """The row of a visible document with the ids of its files, held until the end of the transaction."""
    return await db.fetchrow(
        """
        select id, reference, title, kind, abstract, body, topics, confidentiality, state, owner_id, edited_by, version,
            language_level, legal_basis, review_on, revision,
            array(select u.file_id from document_file u join file f on f.id = u.file_id
                where u.document_id = document.id order by f.name, f.id) as file_ids
        from document where id = $1 and visible(audience, $2) for update
        """,
        document_id,
        keys,
    )


async def find_draft(db: Connection, document_id: UUID) -> asyncpg.Record | None:
    """The next version, whoever asks: only within `for_the_record`. The lock on the document covers it."""
    return await db.fetchrow(
        """
        select title, kind, abstract, body, topics, confidentiality, state, edited_by, language_level, legal_basis,
            review_on, file_ids, audience
        from document_draft where document_id = $1
        """,
        document_id,
    )


async def find_id(db: Connection, reference: str, keys: list[str]) -> UUID | None:
    """The id behind WD-006, when the person may see it."""
    found: UUID | None = await db.fetchval(
        "select id from document where reference = $1 and visible(audience, $2)", reference, keys
    )
    return found


async def find_state(db: Connection, document_id: UUID, keys: list[str]) -> str | None:
    """The state of a document that the person may see; None when there is none for them."""
    found: str | None = await db.fetchval(
        "select state from document where id = $1 and visible(audience, $2)", document_id, keys
    )
    return found


async def list_topics(db: Connection) -> list[tuple[str, str]]:
    """All topics as (id, label)."""
    return [(row["id"], row["label"]) for row in await db.fetch("select id, label from topic order by label")]


async def list_nameable(
    db: Connection, day: date, outside: list[str], only: list[UUID] | None = None
) -> list[asyncpg.Record]:
    """Active people who may be named for something confidential: those with a role that is not `outside`."""
    rows: list[asyncpg.Record] = await db.fetch(
        """
        select p.id, p.name, a.short
        from person p join authority a on a.id = p.authority_id
        where p.active and not roles_on(p.id, $1) <@ $2 and ($3::uuid[] is null or p.id = any($3))
        order by p.name, p.id
        """,
        day,
        outside,
        only,
    )
    return rows


async def count_readers(db: Connection, level: str, day: date) -> int:
    """How many active people a level opens a text to on a day."""
    found: int = await db.fetchval(
        """
        select count(*) from person p
        where p.active and $1 = any(keys_on(p.id, p.authority_id, roles_on(p.id, $2), $2))
        """,
        level,
        day,
    )
    return found


async def next_reference(db: Connection, series: str) -> int:
    """The next number of a series; documents count through the years."""
    found: int = await db.fetchval("select next_number($1, 0)", series)
    return found


# Writes.


async def insert(
    db: Connection,
    document_id: UUID,
    content: Content,
    *,
    reference: str,
    owner_id: UUID,
    authority_id: UUID | None,
    edited_by: UUID | None,
    now: datetime,
) -> bool:
    """A new draft; the house is the owner's unless given. False when the owner is not an active person.

    The id comes from outside, so that nothing has to be read back through the wall.
    """
    done = await db.execute(
        """
        insert into document (id, reference, title, kind, abstract, body, topics, confidentiality, language_level,
            legal_basis, review_on, owner_id, authority_id, edited_by, updated_at)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, p.id, coalesce($13, p.authority_id), $14, $15
        from person p where p.id = $12 and p.active
        """,
        document_id,
        reference,
        content.title,
        content.kind,
        content.abstract,
        content.body,
        content.topics,
        content.confidentiality,
        content.language_level,
        content.legal_basis,
        content.review_on,
        owner_id,
        authority_id,
        edited_by,
        now,
    )
    return bool(done == "INSERT 0 1")


async def update(
    db: Connection, document_id: UUID, revision: int, content: Content, edited_by: UUID | None, now: datetime
) -> bool:
    """Change a document's own text. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update document set title = $3, kind = $4, abstract = $5, body = $6, topics = $7, confidentiality = $8,
            language_level = $9, legal_basis = $10, review_on = $11, edited_by = $12, updated_at = $13,
            revision = revision + 1
        where id = $1 and revision = $2
        """,
        document_id,
        revision,
        content.title,
        content.kind,
        content.abstract,
        content.body,
        content.topics,
        content.confidentiality,
        content.language_level,
        content.legal_basis,
        content.review_on,
        edited_by,
        now,
    )
    return bool(done == "UPDATE 1")


async def touch(db: Connection, document_id: UUID, revision: int) -> bool:
    """Count a change of the next version. False when the revision is no longer the present one."""
    done = await db.execute(
        "update document set revision = revision + 1 where id = $1 and revision = $2", document_id, revision
    )
    return bool(done == "UPDATE 1")


async def put_draft(
    db: Connection,
    document_id: UUID,
    content: Content,
    *,
    state: str,
    edited_by: UUID | None,
    audience: list[str],
) -> None:
    """Write the next version of a released document."""
    await db.execute(
        """
        insert into document_draft (document_id, title, kind, abstract, body, topics, confidentiality, language_level,
            legal_basis, review_on, file_ids, state, edited_by, audience)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (document_id) do update set title = excluded.title, kind = excluded.kind,
            abstract = excluded.abstract, body = excluded.body, topics = excluded.topics,
            confidentiality = excluded.confidentiality, language_level = excluded.language_level,
            legal_basis = excluded.legal_basis, review_on = excluded.review_on, file_ids = excluded.file_ids,
            state = excluded.state, edited_by = excluded.edited_by, audience = excluded.audience
        """,
        document_id,
        content.title,
        content.kind,
        content.abstract,
        content.body,
        content.topics,
        content.confidentiality,
        content.language_level,
        content.legal_basis,
        content.review_on,
        content.file_ids,
        state,
        edited_by,
        audience,
    )


async def set_draft_state(db: Connection, document_id: UUID, state: str, note: str) -> None:
    """The next version goes into review, or comes back with a note."""
    await db.execute(
        "update document_draft set state = $2, return_note = $3 where document_id = $1",
        document_id,
        state,
        note,
    )


async def drop_draft(db: Connection, document_id: UUID) -> None:
    """There is no next version any more."""
    await db.execute("delete from document_draft where document_id = $1", document_id)


async def set_state(db: Connection, document_id: UUID, revision: int, state: str, note: str) -> bool:
    """A draft goes into review, or comes back with a note. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update document set state = $3, return_note = $4, revision = revision + 1 where id = $1 and revision = $2
        """,
        document_id,
        revision,
        state,
        note,
    )
    return bool(done == "UPDATE 1")


async def mark_released(
    db: Connection,
    document_id: UUID,
    revision: int,
    *,
    version: int,
    by: UUID | None,
    day: date,
    review_on: date,
) -> bool:
    """The text of the document holds from today. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update document set state = 'released', version = $3, released_by = $4, released_on = $5, review_on = $6,
            return_note = '', revision = revision + 1
        where id = $1 and revision = $2
        """,
        document_id,
        revision,
        version,
        by,
        day,
        review_on,
    )
    return bool(done == "UPDATE 1")


async def mark_ended(
    db: Connection, document_id: UUID, revision: int, state: str, note: str, successor_id: UUID | None
) -> bool:
    """The text no longer holds: superseded or retired. False when the revision is no longer the present one."""
    done = await db.execute(
        """
        update document set state = $3, retired_note = $4, superseded_by = $5, revision = revision + 1
        where id = $1 and revision = $2
        """,
        document_id,
        revision,
        state,
        note,
        successor_id,
    )
    return bool(done == "UPDATE 1")


async def freeze(db: Connection, document_id: UUID, files: list[dict[str, Any]], sha256: str) -> None:
    """Write the document's present text down as its version, never to be changed. Only within `for_the_record`."""
    await db.execute(
        """
        insert into document_version (document_id, number, title, abstract, body, files, sha256, confidentiality,
            released_on, released_by_name, audience)
        select d.id, d.version, d.title, d.abstract, d.body, $2::jsonb, $3, d.confidentiality, d.released_on,
            coalesce((select trim(p.title || ' ' || p.name) from person p where p.id = d.released_by), ''), d.audience
        from document d where d.id = $1
        """,
        document_id,
        msgspec.json.encode(files).decode(),
        sha256,
    )


async def set_files(db: Connection, document_id: UUID, file_ids: list[UUID]) -> None:
    """These files, and no others, belong to the document's text."""
    await db.execute(
        """
        with gone as (delete from document_file where document_id = $1 and file_id <> all($2))
        insert into document_file (document_id, file_id) select $1, unnest($2::uuid[])
        on conflict on constraint document_file_unique do nothing
        """,
        document_id,
        file_ids,
    )


async def list_files(db: Connection, document_id: UUID) -> list[Attachment]:
    """The files of a document's text, by name."""
    rows = await db.fetch(
        """
        select f.id, f.name, f.content_type, f.size, f.sha256
        from document_file u join file f on f.id = u.file_id where u.document_id = $1 order by f.name, f.id
        """,
        document_id,
    )
    return [msgspec.convert(dict(row), Attachment) for row in rows]


async def open_files(db: Connection, document_id: UUID) -> None:
    """Open every file of text, next version and earlier versions to whoever may read that. Only within `for_the_record`.

    An earlier version is read by those who may see it and the document as it is now: the stricter level counts.
    """
    await db.execute(
        """
        with used as (
            select u.file_id, d.audience from document_file u join document d on d.id = u.document_id where d.id = $1
            union all
            select unnest(r.file_ids), r.audience from document_draft r where r.document_id = $1
            union all
            select (f ->> 'id')::uuid, document_audience(d.id, d.owner_id, l.levels[greatest(
                array_position(l.levels, d.confidentiality), array_position(l.levels, v.confidentiality))], d.state)
            from document d join document_version v on v.document_id = d.id
            cross join lateral jsonb_array_elements(v.files) f
            cross join (select array['public', 'internal', 'circle', 'confidential'] as levels) l
            where d.id = $1
        ),
        wanted as (select file_id, array_agg(distinct key) as audience from used, unnest(audience) key group by file_id),
        gone as (delete from file_use u where u.object_id = $1 and not exists (
            select from wanted w where w.file_id = u.file_id))
        insert into file_use (file_id, object_id, audience) select file_id, $1, audience from wanted
        on conflict on constraint file_use_unique do update set audience = excluded.audience
        """,
        document_id,
    )


async def add_named(db: Connection, document_id: UUID, people: list[UUID], by: UUID | None) -> None:
    """Name more people for the document."""
    await db.execute(
        """
        insert into named_access (object_id, person_id, granted_by) select $1, unnest($2::uuid[]), $3
        on conflict on constraint named_access_unique do nothing
        """,
        document_id,
        people,
        by,
    )


async def set_named(db: Connection, document_id: UUID, people: list[UUID], by: UUID | None) -> None:
    """These people, and no others, are named for the document."""
    await db.execute(
        """
        with gone as (delete from named_access where object_id = $1 and person_id <> all($2))
        insert into named_access (object_id, person_id, granted_by) select $1, unnest($2::uuid[]), $3
        on conflict on constraint named_access_unique do nothing
        """,
        document_id,
        people,
        by,
    )


async def hold(db: Connection, document_id: UUID) -> None:
    """Wait for whoever changes a document, and keep others from it until the end of the transaction."""
    await db.execute("select from document where id = $1 for update", document_id)


async def find_entry(db: Connection, document_id: UUID) -> asyncpg.Record | None:
    """What the search index keeps of a document, with the text of its files. Only within `for_the_record`."""
    return await db.fetchrow(
        """
        select d.reference, d.title, d.abstract, d.body, d.kind, d.confidentiality, d.topics, d.authority_id, d.state,
            extract(year from d.released_on)::int as year, d.audience, (
                select string_agg(f.text, E'\\n\\n' order by f.name, f.id)
                from document_file u join file f on f.id = u.file_id where u.document_id = d.id) as texts
        from document d where d.id = $1
        """,
        document_id,
    )


# What the workers do.


async def mark_overdue(db: Connection, day: date) -> list[Overdue]:
    """Released documents whose review day is over say so from now on; each is returned once."""
    rows = await db.fetch(
        """
        update document set state = 'review_overdue' where state = 'released' and review_on < $1
        returning id, reference, title, confidentiality, owner_id, review_on, audience
        """,
        day,
    )
    return [msgspec.convert(dict(row), Overdue) for row in rows]


async def find_file(db: Connection, file_id: UUID) -> asyncpg.Record | None:
    """Where a file's bytes lie, and of what type they are."""
    return await db.fetchrow("select name, key, content_type from file where id = $1", file_id)


async def set_text(db: Connection, file_id: UUID, text: str) -> list[UUID]:
    """Keep the text of a file. Returns the documents whose text it belongs to."""
    rows = await db.fetch(
        """
        with kept as (update file set text = $2 where id = $1)
        select document_id from document_file where file_id = $1 order by document_id
        """,
        file_id,
        text,
    )
    return [row["document_id"] for row in rows]
