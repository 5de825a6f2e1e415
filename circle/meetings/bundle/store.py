"""SQL about all papers of a meeting in one file."""

from datetime import date
from uuid import UUID

import msgspec

from circle.core.db import Answer, Caller, Connection, read_one

from .model import Collection, Made, Order


async def collect(
    db: Connection, caller: Caller, meeting_id: UUID | None = None, reference: str | None = None, *, whole: bool = False
) -> Answer:  # fmt: skip
    """A visible meeting with the papers that the caller may open, and their own PDF; `whole` brings documents' text."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when m.id is not null then jsonb_build_object('meeting_id', m.id,
            'reference', m.reference, 'title', m.title, 'date', m.date, 'start_local', to_char(m.start_local, 'HH24:MI'),
            'end_local', to_char(m.end_local, 'HH24:MI'), 'place', m.place, 'host', coalesce((
                select coalesce(h.name, c.name) from authority c left join authority h on h.id = c.parent_id
                where c.kind = 'competence_centre' order by c.key limit 1), ''),
            'papers', bundle_papers(m.id, me.keys, $5),
            'bundle', (
                select bundle_body(b, m, me.keys) from paper_bundle b
                where b.meeting_id = m.id and b.person_id = me.person_id and bundle_open(b, me.keys))) end as body
        from me left join meeting m on (m.id = $3 or m.reference = $4) and visible(m.audience, me.keys)
        """,
        caller,
        meeting_id,
        reference,
        whole,
    )


async def get(db: Connection, caller: Caller, meeting_id: UUID) -> Answer:
    """The caller's own PDF of a meeting's papers, as far as all that it holds is still open to them."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when b.id is not null then bundle_body(b, m, me.keys) end as body
        from me left join (paper_bundle b join meeting m on m.id = b.meeting_id)
            on b.meeting_id = $3 and b.person_id = me.person_id and bundle_open(b, me.keys)
        """,
        caller,
        meeting_id,
    )


async def get_made(
    db: Connection, caller: Caller, meeting_id: UUID | None, reference: str | None = None
) -> Answer:
    """Where the bytes of the caller's own PDF lie, and which papers it holds; NotFound as soon as one is closed to them."""
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2))
        select me.card as me, 0 as revision, case when b.id is not null then jsonb_build_object('meeting_id', m.id, 'reference', m.reference,
            'state', case when b.ready then 'ready' else 'building' end, 'key', b.key, 'size', b.size, 'papers', (
                select coalesce(jsonb_agg(p), '[]') from jsonb_array_elements(bundle_papers(m.id, me.keys, false)) p
                where (p ->> 'paper_id')::uuid = any(b.papers))) end as body
        from me left join (paper_bundle b join meeting m on m.id = b.meeting_id)
            on (m.id = $3 or m.reference = $4) and b.person_id = me.person_id and bundle_open(b, me.keys)
        """,
        caller,
        meeting_id,
        reference,
    )


async def ask(db: Connection, meeting_id: UUID, person_id: UUID, keys: list[str]) -> tuple[UUID, int] | None:
    """Write down that somebody wants the PDF of what they may open now. Returns its id and turn; None when there is
    nothing to do: it is made already, or being made, of the same papers."""
    found = await db.fetchrow(
        """
        with wanted as (
            select m.id, bundle_digest(m, $3) as digest, bundle_papers(m.id, $3, false) as papers
            from meeting m where m.id = $1
        )
        insert into paper_bundle as b (meeting_id, person_id, digest, total, papers, files, documents)
        select id, $2, digest, jsonb_array_length(papers),
            array(select (p ->> 'paper_id')::uuid from jsonb_array_elements(papers) p),
            array(select (f ->> 'id')::uuid from jsonb_array_elements(papers) p, jsonb_array_elements(p -> 'files') f),
            array(select (p -> 'document' ->> 'id')::uuid from jsonb_array_elements(papers) p
                where p ->> 'document' is not null)
        from wanted
        on conflict on constraint paper_bundle_once do update set digest = excluded.digest, turn = b.turn + 1,
            ready = false, done = 0, total = excluded.total, papers = excluded.papers, files = excluded.files,
            documents = excluded.documents, pages = null, size = null, sha256 = null, asked_at = now()
        where b.digest <> excluded.digest or not b.ready and not exists (
            select from outbox o where o.job = 'meetings.build_bundle' and o.done_at is null and o.failed_at is null
                and o.arguments ->> 'bundle_id' = b.id::text)
        returning b.id, b.turn
        """,
        meeting_id,
        person_id,
        keys,
    )
    return (found["id"], found["turn"]) if found else None


async def find_order(db: Connection, bundle_id: UUID, turn: int, day: date) -> Order | None:
    """What a worker has to make, by the person's rights of the day; None when it is made, asked for anew or not theirs
    any more. For workers."""
    found = await db.fetchval(
        """
        select jsonb_build_object('turn', b.turn, 'person_name', trim(p.title || ' ' || p.name),
            'digest', g.told ->> 'digest', 'collection', jsonb_build_object('meeting_id', m.id,
            'reference', m.reference, 'title', m.title, 'date', m.date, 'start_local', to_char(m.start_local, 'HH24:MI'),
            'end_local', to_char(m.end_local, 'HH24:MI'), 'place', m.place, 'host', coalesce((
                select coalesce(h.name, c.name) from authority c left join authority h on h.id = c.parent_id
                where c.kind = 'competence_centre' order by c.key limit 1), ''),
            'papers', g.told -> 'papers'))
        from paper_bundle b join meeting m on m.id = b.meeting_id join person p on p.id = b.person_id and p.active
        cross join lateral (select keys_on(p.id, p.authority_id, roles_on(p.id, $3), $3) as keys offset 0) k
        cross join lateral (select bundle_for(m, k.keys) as told offset 0) g
        where b.id = $1 and b.turn = $2 and not b.ready and visible(m.audience, k.keys)
        """,
        bundle_id,
        turn,
        day,
    )
    return msgspec.json.decode(found, type=Order) if found else None


async def mark_progress(db: Connection, bundle_id: UUID, turn: int, done: int, total: int) -> None:
    """So many papers are read; of two workers the further one counts."""
    await db.execute(
        """
        update paper_bundle set done = greatest(done, $3), total = $4
        where id = $1 and turn = $2 and not ready and (done < $3 or total <> $4)
        """,
        bundle_id,
        turn,
        done,
        total,
    )


async def mark_ready(
    db: Connection, bundle_id: UUID, order: Order, *, pages: int, size: int, sha256: str, key: str
) -> str | None:
    """The PDF is made. Returns the place of the one before ('' for none), or None when another worker was faster."""
    papers = order.collection.papers
    found: str | None = await db.fetchval(
        """
        with old as (select key from paper_bundle where id = $1 and turn = $2 and not ready for update)
        update paper_bundle b set ready = true, done = $7, total = $7, pages = $3, size = $4, sha256 = $5, key = $6,
            digest = $8, papers = $9, files = $10, documents = $11
        from old where b.id = $1 returning old.key
        """,
        bundle_id,
        order.turn,
        pages,
        size,
        sha256,
        key,
        len(papers),
        order.digest,
        [one.paper_id for one in papers],
        [file.id for one in papers for file in one.files],
        [one.document.id for one in papers if one.document],
    )
    return found


async def delete_old(db: Connection) -> list[str]:
    """Forget PDFs that were asked for more than a day ago; returns where their bytes lie."""
    rows = await db.fetch("delete from paper_bundle where asked_at < now() - interval '1 day' returning key")
    return [one["key"] for one in rows if one["key"]]


def decode(answer: Answer) -> Collection:
    """The body of `collect`."""
    return msgspec.json.decode(answer.body, type=Collection)


def decode_made(answer: Answer) -> Made:
    """The body of `get_made`."""
    return msgspec.json.decode(answer.body, type=Made)
