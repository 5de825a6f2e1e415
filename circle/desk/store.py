"""One statement for the start page."""

from circle.core.db import Answer, Caller, Connection, read_one


async def get(db: Connection, caller: Caller) -> Answer:
    """The caller's desk. What waits follows from roles, what is shown from the audience of each row."""
    return await read_one(
        db,
        """
        with me as materialized (
            select *, ($2 at time zone 'Europe/Berlin')::date as today from whoami($1, $2)
        ),
        request as materialized (
            select c.* from me, consultation c where visible(c.audience, me.keys)
        ),
        waiting as (
            select 'assign' as kind, c.subject as title, c.reference, c.acknowledge_by as due,
                '/anfragen/' || c.reference as url
            from me, request c where c.state = 'received' and 'circle_office' = any(me.roles)
            union all
            select 'answer', c.subject, c.reference, c.due_on_effective, '/anfragen/' || c.reference
            from me, request c where c.state in ('assigned', 'in_progress') and c.assignee_id = me.person_id
            union all
            select 'review', c.subject, c.reference, c.due_on_effective, '/anfragen/' || c.reference
            from me, request c
            where c.state = 'in_review' and c.reviewed_on is null and c.reviewer_id = me.person_id
            union all
            select 'send', c.subject, c.reference, c.due_on_effective, '/anfragen/' || c.reference
            from me, request c
            where c.state = 'in_review' and c.reviewed_on is not null and 'circle_office' = any(me.roles)
            union all
            select 'reply', c.subject, c.reference, null, '/anfragen/' || c.reference
            from me, request c where c.state = 'clarification' and 'asking:' || c.authority_id = any(me.keys)
            union all
            select 'finish', c.subject, '', c.wish_date, '/anfragen/' || c.id
            from me, request c where c.state = 'draft' and 'asking:' || c.authority_id = any(me.keys)
            union all
            select 'release', c.subject, c.reference, null, '/anfragen/' || c.reference
            from me, request c where c.state = 'release_review' and c.approver_id = me.person_id
            union all
            select 'release_document', coalesce(r.title, d.title), d.reference, null, '/wissen/' || d.reference
            from me, document d
            left join document_draft r on r.document_id = d.id and visible(r.audience, (select k.keys from me k))
            where me.roles && array['release_approver', 'quality_reviewer', 'kfi_head']
                and visible(d.audience, me.keys) and 'in_review' in (d.state, r.state)
                and me.person_id not in (d.owner_id, coalesce(r.edited_by, d.edited_by, d.owner_id))
            union all
            select case when 'draft' in (d.state, r.state) then 'mend' else 'check' end, coalesce(r.title, d.title),
                d.reference, case when r.state is null and d.state <> 'draft' then d.review_on end,
                '/wissen/' || d.reference
            from me, document d
            left join document_draft r on r.document_id = d.id and visible(r.audience, (select k.keys from me k))
            where d.owner_id = me.person_id and visible(d.audience, me.keys)
                and (d.state = 'draft' and d.return_note <> '' or r.state = 'draft' and r.return_note <> ''
                    or d.state in ('released', 'review_overdue') and d.review_on < me.today and r.state is null)
            union all
            select 'task', t.title, t.reference, t.due, '/aufgaben/' || t.id
            from me, task t
            where t.owner_id = me.person_id and t.status in ('open', 'accepted') and visible(t.audience, me.keys)
            union all
            select 'admit', coalesce(a.title, 'Vertraulicher Tagesordnungspunkt'), m.reference,
                (m.deadlines -> 'invitation_latest' ->> 'on')::date, '/sitzungen/' || m.reference || '/tagesordnung'
            from me, meeting m
            join agenda_item i on i.meeting_id = m.id and i.status = 'registered'
            left join lateral (
                select c.title from agenda_content c, me k where c.item_id = i.id and visible(c.audience, k.keys)
            ) a on true
            where m.state in ('agenda_open', 'invited') and 'circle_office' = any(me.roles)
                and visible(m.audience, me.keys)
            union all
            select 'amend', c.title, m.reference, null, '/sitzungen/' || m.reference || '/top/' || i.id
            from me, meeting m
            join agenda_item i on i.meeting_id = m.id and i.status = 'returned'
            join agenda_content c on c.item_id = i.id
            join person p on p.id = c.submitted_by
            where m.state in ('agenda_open', 'invited') and visible(m.audience, me.keys) and visible(c.audience, me.keys)
                and me.keys && array['person:' || p.id, 'asking:' || p.authority_id]
            union all
            select 'invite', m.title, m.reference, (m.deadlines -> 'invitation_latest' ->> 'on')::date,
                '/sitzungen/' || m.reference
            from me, meeting m
            where m.state = 'agenda_open' and 'circle_office' = any(me.roles) and visible(m.audience, me.keys)
                and (m.deadlines -> 'invitation_latest' ->> 'on')::date <= me.today + 14
            union all
            select 'send_on', w.name, m.reference, m.date, '/sitzungen/' || m.reference || '/ladung#nachsenden'
            from me, meeting m cross join lateral late_invitees(m, me.today) w
            where m.state = 'invited' and 'circle_office' = any(me.roles) and visible(m.audience, me.keys)
            union all
            select 'come', m.title, m.reference, m.date, '/sitzungen/' || m.reference || '#rueckmeldung'
            from me join invitee i on i.person_id = me.person_id join meeting m on m.id = i.meeting_id
            where m.state = 'invited' and m.date >= me.today and visible(m.audience, me.keys) and coalesce((
                select r.answer from reply r where r.meeting_id = m.id and r.person_id = me.person_id
                order by r.number desc limit 1), 'tentative') = 'tentative'
            union all
            select 'suit', p.title, '', p.answer_until, '/terminabfragen/' || p.id
            from me join date_poll_person q on q.person_id = me.person_id join date_poll p on p.id = q.poll_id
            where p.state = 'open' and p.answer_until >= me.today and visible(p.audience, me.keys) and not exists (
                select from date_poll_answer a where a.poll_id = p.id and a.person_id = me.person_id)
            union all
            select 'fix', p.title, '', p.answer_until, '/terminabfragen/' || p.id
            from me, date_poll p
            where p.state = 'open' and 'circle_office' = any(me.roles) and visible(p.audience, me.keys) and (
                p.answer_until < me.today or (select count(*) from date_poll_person q where q.poll_id = p.id)
                    = (select count(distinct a.person_id) from date_poll_answer a where a.poll_id = p.id))
            union all
            select 'object', m.title, m.reference, s.objection_until, '/sitzungen/' || m.reference || '/niederschrift'
            from me, minutes s join meeting m on m.id = s.meeting_id
            where s.state = 'sent' and s.objection_until >= me.today and visible(m.audience, me.keys)
                and (me.roles && array['commissioner', 'deputy'] or exists (
                    select from attendance a where a.meeting_id = m.id and a.represented_by = me.person_id))
            union all
            select 'run', m.title, m.reference, m.date, '/sitzungen/' || m.reference || '/raum'
            from me, meeting m
            where m.state = 'running' and me.roles && array['circle_office', 'circle_moderator'] and visible(m.audience, me.keys)
            union all
            select 'write', m.title, m.reference, (m.deadlines -> 'minutes_draft' ->> 'on')::date,
                '/sitzungen/' || m.reference || '/niederschrift'
            from me, meeting m
            where m.state = 'held' and me.roles && array['circle_office', 'circle_moderator'] and visible(m.audience, me.keys)
            union all
            select 'dispatch', d.title, '', null, '/versand/' || d.id
            from me, dispatch d
            where d.state = 'prepared' and 'circle_office' = any(me.roles) and visible(d.audience, me.keys)
            union all
            select 'settle', d.title, '', null, '/versand/' || d.id
            from me, dispatch d
            where d.state in ('sending', 'done') and 'circle_office' = any(me.roles) and visible(d.audience, me.keys)
                and exists (select from delivery v where v.dispatch_id = d.id and v.state = 'uncertain')
            union all
            select 'decide', m.title, m.reference, s.objection_until, '/sitzungen/' || m.reference || '/niederschrift'
            from me, minutes_objection o join minutes s on s.id = o.minutes_id join meeting m on m.id = s.meeting_id
            where o.decision is null and s.state = 'sent' and 'circle_office' = any(me.roles)
                and visible(o.audience, me.keys)
            union all
            select 'duty', case o.duty when 'announced_internally' then 'Bekanntmachung in der Behörde'
                    when 'announced_externally' then 'Bekanntmachung nach außen' else 'Mitteilung an das Ministerium' end
                || ': ' || o.person_name, o.authority_name, null, '/bestellungen/' || o.appointment_id || '#duties'
            from me, open_duties(me.today) o
            where 'circle_office' = any(me.roles)
                or me.roles && array['commissioner', 'deputy'] and o.authority_id = me.authority_id
            union all
            select 'deputise', 'Sie vertreten ' || p.name, coalesce(m.reference, ''), b.ends_on,
                coalesce('/sitzungen/' || m.reference, '/vertretungen')
            from me join absence b on b.deputy_id = me.person_id and b.ends_on >= me.today
            join person p on p.id = b.person_id
            left join meeting m on m.id = b.meeting_id and visible(m.audience, me.keys)
            where b.starts_on <= me.today and 'deputy' = any(me.roles) or m.id is not null
            union all
            select 'expert', 'Sie sind hinzugezogen: ' || t.title, t.reference, e.valid_to, t.url
            from me join expert_involvement e on e.person_id = me.person_id and 'expert:' || e.object_id = any(me.keys)
                and e.valid_from <= me.today and coalesce(e.ended_on - 1, e.valid_to) >= me.today
            cross join lateral (
                select c.title, m.reference, '/sitzungen/' || m.reference || '/top/' || c.item_id as url
                from agenda_content c join meeting m on m.id = c.meeting_id
                where e.object_kind = 'agenda_item' and c.item_id = e.object_id and visible(c.audience, me.keys)
                union all
                select c.subject, c.reference, '/anfragen/' || c.reference
                from request c where e.object_kind = 'consultation' and c.id = e.object_id) t
            union all
            select 'reachability', 'Stimmen Ihre Angaben im Verzeichnis noch?', '',
                (p.contact_confirmed_on + interval '6 months')::date, '/personen/' || p.id || '#check'
            from me join person p on p.id = me.person_id
            where p.contact_doubtful_on is not null and 'internal' = any(me.keys) or contact_due(p, me.today)
            union all
            select 'approve', m.title, m.reference, null, '/sitzungen/' || m.reference || '/niederschrift'
            from me, minutes s join meeting m on m.id = s.meeting_id
            where s.state = 'sent' and s.objection_until < me.today and 'circle_office' = any(me.roles)
                and visible(m.audience, me.keys) and exists (
                    select from meeting f where f.date > m.date and f.state in ('running', 'held', 'minutes_draft')
                        and visible(f.audience, me.keys))
            union all
            select 'statement', m.title, department_name(p.department_id), p.answer_due,
                '/haus/massnahmen/' || m.id || '/beteiligungen/' || p.id
            from me, participation p join measure m on m.id = p.measure_id
            where p.state = 'open' and m.stage <> 'ended' and visible(p.audience, me.keys) and visible(m.audience, me.keys)
            union all
            select 'co_sign', m.title, s.unit, null, '/haus/massnahmen/' || m.id
            from me, measure m cross join lateral (select next_co_signature(m.id) as unit) s
            where not m.draft and m.stage <> 'ended' and visible(m.audience, me.keys) and s.unit is not null
            union all
            select 'resubmit', m.title, '', m.resubmission_on, '/haus/massnahmen/' || m.id
            from me, measure m
            where m.stage <> 'ended' and m.resubmission_on <= me.today and visible(m.audience, me.keys)
            union all
            select 'resubmit', r.occasion, '', r.resubmission_on, '/haus/vortraege/' || r.id
            from me, report_to_head r
            where r.state in ('draft', 'open') and r.resubmission_on <= me.today and visible(r.audience, me.keys)
        ),
        upcoming as (
            select m.id, m.reference, m.title, m.date, m.start_local, m.end_local, m.place, m.state, (
                select coalesce(json_agg(json_build_object('number', i.number,
                    'title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt')) order by i."order"), '[]')
                from agenda_item i
                left join agenda_content c on c.item_id = i.id and visible(c.audience, me.keys)
                where i.meeting_id = m.id and i.status in ('admitted', 'on_agenda', 'treated')
            ) as agenda
            from me, meeting m
            where m.date >= me.today and m.state not in ('cancelled', 'moved') and visible(m.audience, me.keys)
            order by m.date, m.id
            limit 1
        )
        select me.card as me, 0 as revision, json_build_object(
            'next_meeting', (select to_json(upcoming) from upcoming),
            'waiting', (select coalesce(json_agg(w order by w.due nulls last, w.reference), '[]')
                from (select * from waiting order by due nulls last, reference limit 30) w),
            'requests', (select coalesce(json_agg(r), '[]') from (
                select c.reference, c.subject, c.state, c.due_on_effective as due_on,
                    '/anfragen/' || coalesce(c.reference, c.id::text) as url from request c
                where c.state not in ('closed', 'withdrawn', 'referred')
                order by c.received_on desc nulls first, c.reference desc limit 5) r),
            'documents', (select coalesce(json_agg(d), '[]') from (
                select d.reference, d.title, d.kind, d.released_on, d.confidentiality from document d
                where d.state in ('released', 'review_overdue') and visible(d.audience, me.keys)
                order by d.released_on desc nulls last, d.id limit 5) d)
        ) as body
        from me
        """,
        caller,
    )
