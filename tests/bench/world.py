"""The data that is read: a circle after many years. Everything is made by PostgreSQL, in seconds."""

import asyncpg

from circle.core import auth, clock
from db import migrate
from tests import make

MEETINGS, ITEMS, PEOPLE, DOCUMENTS = 1_000, 10, 100, 400
TEXT = "Die Häuser berichten über die Sprachmittlung in Beratungsgesprächen und verabreden ein gemeinsames Vorgehen. "

FILL = """
set circle.system = 'on';
insert into procedure (version, adopted_on, in_force_from, rules)
values (1, '2025-01-01', '2025-01-01', '{}') on conflict do nothing;
insert into person (name, email, authority_id, function)
    select 'Person ' || n, 'p' || n || '@bench.example', a.id, 'Prüfperson'
    from generate_series(1, %(people)s) n, authority a where a.key = 'kfi';
insert into meeting (reference, number, title, date, start_local, end_local, mode, place, state, procedure_version)
    select 'KK-' || 1000 + n / 10 || '-' || n %% 10, n, 'Sitzung ' || n, date '2000-01-03' + n * 7, '10:00', '13:00',
        'in_person', 'Arnsberg', 'held', 1
    from generate_series(1, %(meetings)s) n;
insert into agenda_item (meeting_id, "order", number, status, frozen)
    select m.id, n, n::text, 'treated', true from meeting m, generate_series(1, %(items)s) n;
insert into agenda_content (item_id, meeting_id, title, description, aim, minutes, result)
    select i.id, i.meeting_id, 'Punkt ' || i.number, repeat('%(text)s', 2), 'information', '%(text)s', 'noted'
    from agenda_item i;
insert into attendance (meeting_id, person_id, status)
    select m.id, p.id, 'present' from meeting m
    cross join lateral (select id from person where name like 'Person %%' order by md5(m.id::text || id) limit 12) p;
insert into document (reference, title, kind, abstract, body, confidentiality, state, owner_id, authority_id, released_on)
    select 'WD-' || 1000 + n, 'Dokument ' || n, 'handout', '%(text)s', repeat('%(text)s', 180), 'internal', 'released',
        p.id, p.authority_id, '2026-01-07'
    from generate_series(1, %(documents)s) n, person p where p.email = 'anna@example.org';
"""


async def build(admin_url: str, runtime_url: str) -> dict[str, list[str]]:
    """Migrate and fill the database. Returns the ids to ask for, and a token of Anna and of Ben."""
    await migrate.migrate(admin_url, runtime_url)
    db = await asyncpg.connect(admin_url)
    try:
        await clock.wind(db, "2026-11-23T09:00:00+01:00")
        await make.world(db)
        sizes = {"people": PEOPLE, "meetings": MEETINGS, "items": ITEMS, "documents": DOCUMENTS, "text": TEXT}
        await db.execute(FILL % sizes)
        await db.execute("vacuum analyze")
        return {
            "meetings": [str(row["id"]) for row in await db.fetch("select id from meeting order by id")],
            "documents": [str(row["id"]) for row in await db.fetch("select id from document order by id")],
            "tokens": [
                await auth.open_session(db, await make.person_id(db, nick), "bearer")
                for nick in ("anna", "ben")
            ],
        }
    finally:
        await db.close()
