"""What somebody may on a day, as far as the asker may know; and what is kept of one's own answers."""

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


async def kept_answers(db: Connection, caller: Caller, person_id: UUID | None = None) -> Answer:
    """`model.KeptAnswers` of the caller, or for data protection of anybody, whatever they may see today (Art. 15 GDPR).

    A meeting or poll that the person may not see any more is named by its number and day, which they were told.
    """
    return await read_one(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        subject as (
            select p.id from me join person p on p.id = coalesce($3, me.person_id)
            where p.id = me.person_id or 'role:data_protection_officer' = any(me.keys)
        )
        select me.card as me, 0 as revision, case when s.id is not null then jsonb_build_object('id', s.id,
            'invitations', (
                select coalesce(jsonb_agg(jsonb_build_object('meeting', m.reference, 'date', m.date,
                    'invited_on', i.invited_on, 'as_deputy', i.as_deputy, 'reminded_on', i.reminded_on,
                    'replies', (
                        select coalesce(jsonb_agg(jsonb_build_object('answer', y.answer, 'note', y.note, 'way', y.way,
                            'answered_at', y.answered_at, 'deputy_name', (
                                select trim(d.title || ' ' || d.name) from person d where d.id = y.deputy_id))
                            order by y.number), '[]')
                        from reply y where y.meeting_id = i.meeting_id and y.person_id = i.person_id))
                    order by m.date, m.reference), '[]')
                from invitee i join meeting m on m.id = i.meeting_id where i.person_id = s.id),
            'named_as_deputy', (
                select coalesce(jsonb_agg(jsonb_build_object('meeting', m.reference, 'date', m.date,
                    'answered_at', y.answered_at) order by y.number), '[]')
                from reply y join meeting m on m.id = y.meeting_id where y.deputy_id = s.id),
            'polls', (
                select coalesce(jsonb_agg(jsonb_build_object('title', p.title, 'asked_on', p.created_on,
                    'answers', (
                        select coalesce(jsonb_agg(jsonb_build_object('date', d.date, 'answer', a.answer) order by d.number), '[]')
                        from date_poll_answer a join date_poll_date d on d.poll_id = a.poll_id and d.number = a.number
                        where a.poll_id = p.id and a.person_id = s.id))
                    order by p.created_on, p.id), '[]')
                from date_poll_person q join date_poll p on p.id = q.poll_id where q.person_id = s.id),
            'answer_links', (
                select coalesce(jsonb_agg(jsonb_build_object('made_at', l.made_at, 'revoked_at', l.revoked_at)
                    order by l.made_at), '[]')
                from answer_link l where l.person_id = s.id),
            'calendar_feeds', (
                select coalesce(jsonb_agg(jsonb_build_object('made_on', f.made_on, 'revoked_on', f.revoked_on,
                    'last_used_on', f.last_used_on) order by f.made_on, f.revoked_on nulls last, f.id), '[]')
                from calendar_feed f where f.person_id = s.id))::text end as body
        from me left join subject s on true
        """,
        caller,
        person_id,
    )
