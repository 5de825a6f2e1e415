-- Absences are entered, changed and called off by people (domain rules 3.2). No reason is kept: illness is nobody's business.
alter table absence
    add column revision integer not null default 1,
    add constraint absence_own_deputy check (deputy_id <> person_id),
    add constraint absence_no_overlap exclude using gist (
        person_id with =, daterange(starts_on, ends_on, '[]') with &&);
create index absence_meeting on absence (meeting_id) where meeting_id is not null;

-- An absence as staff of the houses see it. The meeting is named to those who see it, and to nobody else.
create function absence_body(b absence, keys text[], day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'person_id', $1.person_id, 'person_name', p.name, 'deputy_id', $1.deputy_id,
        'deputy_name', d.name, 'authority_id', a.id, 'authority_key', a.key, 'authority_name', a.short,
        'starts_on', $1.starts_on, 'ends_on', $1.ends_on,
        'meeting_id', m.id, 'meeting_reference', m.reference,
        'state', case when $1.starts_on > $3 then 'ahead' when $1.ends_on < $3 then 'over' else 'running' end)
    from person p join authority a on a.id = p.authority_id
    join person d on d.id = $1.deputy_id
    left join meeting m on m.id = $1.meeting_id and visible(m.audience, $2)
    where p.id = $1.person_id
$$;

-- For whom somebody acts on a day: a deputy for the commissioner who is away, an assistant for that of their house.
create function acting_for(person uuid, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('role', f.role, 'person_id', p.id, 'name', p.name)
    from (
        select 'deputy' as role, b.person_id, 1 as rank
        from absence b
        join appointment c on c.person_id = b.person_id and c.kind = 'commissioner'
            and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
        join appointment d on d.person_id = b.deputy_id and d.kind = 'deputy' and d.authority_id = c.authority_id
            and d.valid_from <= $2 and (d.valid_to is null or d.valid_to >= $2)
        where b.deputy_id = $1 and b.starts_on <= $2 and b.ends_on >= $2
        union all
        select 'assistant', c.person_id, 2
        from role_grant g join person o on o.id = g.person_id
        join appointment c on c.authority_id = o.authority_id and c.kind = 'commissioner'
            and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
        where g.person_id = $1 and g.role = 'assistant' and g.valid_from <= $2 and (g.valid_to is null or g.valid_to >= $2)
    ) f join person p on p.id = f.person_id
    order by f.rank, p.name limit 1
$$;

-- A request in a list, with the commissioner in whose name it was asked.
create or replace function consultation_line(c consultation, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', c.id, 'reference', c.reference, 'subject', c.subject, 'state', c.state,
        'priority', c.priority, 'confidentiality', c.confidentiality, 'topics', c.topics,
        'authority_id', c.authority_id, 'authority_name', a.short,
        'requested_by_id', c.requested_by, 'requested_by_name', p.name,
        'requested_for', acting_for(c.requested_by, coalesce(c.received_on, $2)),
        'assignee_id', c.assignee_id, 'assignee_name', (select name from person where id = c.assignee_id),
        'received_on', c.received_on, 'acknowledge_by', c.acknowledge_by, 'acknowledged_on', c.acknowledged_on,
        'due_on', c.due_on, 'due_on_effective', c.due_on_effective, 'overdue', coalesce(consultation_overdue(c, $2), false),
        'answered_on', c.answered_on, 'released_on', c.released_on, 'closed_on', c.closed_on, 'revision', c.revision)
    from authority a, person p where a.id = c.authority_id and p.id = c.requested_by
$$;
