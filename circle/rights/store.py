"""One statement: what somebody may on a day, as far as the asker may know."""

from datetime import date
from uuid import UUID

from circle.core.db import Answer, Caller, Connection, read_one


async def explain(
    db: Connection, caller: Caller, roles: list[str], person_id: UUID | None, day: date | None, reference: str
) -> Answer:
    """`model.Facts`. `roles` are those of the table of levels; without `person_id` there is that table alone.

    A person is found in the asker's directory, by data protection everywhere. A thing is found when the asker sees it;
    data protection is told of none (domain rules 3.2). Whether the person sees it is no wall of the asker's, so it is
    asked of the keys themselves.
    """
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        known as materialized (
            select p as person, p.id, trim(p.title || ' ' || p.name) as name, a.short as authority_name
            from me, person p join authority a on a.id = p.authority_id
            where p.active and (in_directory(p, a.kind, me.keys, me.today) or 'role:data_protection_officer' = any(me.keys))
        ),
        subject as materialized (
            select k.id, k.name, k.authority_name,
                keys_on(k.id, (k.person).authority_id, r.roles, coalesce($5, me.today)) as keys
            from me, known k cross join lateral (select roles_on(k.id, coalesce($5, me.today)) as roles offset 0) r
            where k.id = $4
        ),
        thing as materialized (
            select t.* from me cross join lateral thing_by_reference($6, me.keys) t
            where me.keys && array['role:circle_office', 'role:kfi_head']
        )
        select me.card as me, 0 as revision, jsonb_build_object(
            'on', coalesce($5, me.today),
            'people', (
                select coalesce(jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name, 'authority_name', k.authority_name)
                    order by lower(unaccent((k.person).name)), k.id), '[]')
                from known k),
            'roles', (
                select jsonb_agg(jsonb_build_object('role', r.role, 'keys', keys_on(n.nobody, n.nobody, array[r.role], me.today))
                    order by r.n)
                from unnest($3::text[]) with ordinality r (role, n),
                    (select '00000000-0000-0000-0000-000000000000'::uuid as nobody) n),
            'person', (
                select jsonb_build_object('id', s.id, 'name', s.name, 'authority_name', s.authority_name, 'keys', s.keys,
                    'roles', (
                        select coalesce(jsonb_agg(jsonb_build_object('role', r.role, 'from', r.valid_from,
                            'until', r.valid_to, 'source', r.source, 'about', r.about)
                            order by r.role, r.valid_from, r.about), '[]')
                        from role_sources(s.id, coalesce($5, me.today)) r))
                from subject s),
            'object', (
                select jsonb_build_object('reference', min(t.reference), 'kind', min(t.kind), 'url', min(t.url),
                    'visible', bool_and(t.audience && s.keys),
                    'gates', jsonb_agg(jsonb_build_object('asked', t.audience, 'opened', array(
                        select k from unnest(t.audience) k where k = any(s.keys))) order by t.gate),
                    'involved_until', (
                        select max(coalesce(e.ended_on - 1, e.valid_to)) from expert_involvement e
                        where 'expert:' || e.object_id = any(s.keys) and e.object_id in (select id from thing)
                            and e.person_id = s.id))
                from subject s, thing t group by s.id, s.keys)
            ) as body
        from me
        """,
        caller,
        roles,
        person_id,
        day,
        reference,
    )
