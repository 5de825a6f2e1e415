-- Date polls: several days are proposed for a meeting, the members say which suit them, the office fixes one.

create table date_poll (
    id uuid primary key default gen_random_uuid(),
    title text not null,
    mode text not null constraint date_poll_mode_known check (mode in ('in_person', 'online', 'hybrid')),
    place text not null default '',
    note text not null default '',
    answer_until date not null,
    state text not null default 'open' constraint date_poll_state_known check (state in ('open', 'fixed', 'closed')),
    -- The meeting that came of it.
    meeting_id uuid constraint date_poll_meeting_exists references meeting,
    created_by uuid constraint date_poll_creator_exists references person,
    created_on date not null,
    revision integer not null default 1,
    audience text[] not null generated always as (array['circle']) stored,
    constraint date_poll_fixed_by_a_meeting check ((state = 'fixed') = (meeting_id is not null))
);
create index date_poll_page on date_poll (created_on, id);

create table date_poll_date (
    poll_id uuid not null constraint date_poll_date_poll_exists references date_poll,
    number integer not null,
    date date not null,
    start_local time not null,
    end_local time not null,
    -- The name under which calendars keep the day. When it is fixed, the meeting takes it over.
    calendar_id uuid not null default gen_random_uuid() constraint date_poll_date_calendar_unique unique,
    constraint date_poll_date_unique primary key (poll_id, number),
    constraint date_poll_date_times_ordered check (end_local > start_local)
);

-- Whom the office has asked; each of them has one answer for each day, the last one counts.
create table date_poll_person (
    poll_id uuid not null constraint date_poll_person_poll_exists references date_poll,
    person_id uuid not null constraint date_poll_person_exists references person,
    constraint date_poll_person_unique primary key (poll_id, person_id)
);

create table date_poll_answer (
    poll_id uuid not null,
    number integer not null,
    person_id uuid not null,
    answer text not null constraint date_poll_answer_known check (answer in ('yes', 'if_needed', 'no')),
    constraint date_poll_answer_unique primary key (poll_id, number, person_id),
    constraint date_poll_answer_date_exists foreign key (poll_id, number) references date_poll_date,
    constraint date_poll_answer_of_somebody_asked foreign key (poll_id, person_id) references date_poll_person
);

-- A poll for whoever may see it: its days with the counts and everybody's answers, and whether the reader was asked.
create function date_poll_body(poll date_poll, keys text[], reader uuid) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'title', $1.title, 'mode', $1.mode, 'place', $1.place, 'note', $1.note,
        'answer_until', $1.answer_until, 'state', $1.state, 'created_on', $1.created_on,
        'meeting_reference', (select m.reference from meeting m where m.id = $1.meeting_id and visible(m.audience, $2)),
        'asked', (select count(*) from date_poll_person p where p.poll_id = $1.id),
        'answered', (select count(distinct a.person_id) from date_poll_answer a where a.poll_id = $1.id),
        'asks_me', exists (select from date_poll_person p where p.poll_id = $1.id and p.person_id = $3),
        'dates', (
            select jsonb_agg(jsonb_build_object('number', d.number, 'date', d.date,
                'start_local', to_char(d.start_local, 'HH24:MI'), 'end_local', to_char(d.end_local, 'HH24:MI'),
                'yes', a.yes, 'if_needed', a.if_needed, 'no', a.no, 'mine', a.mine) order by d.number)
            from date_poll_date d cross join lateral (
                select count(*) filter (where w.answer = 'yes') as yes,
                    count(*) filter (where w.answer = 'if_needed') as if_needed,
                    count(*) filter (where w.answer = 'no') as no,
                    max(w.answer) filter (where w.person_id = $3) as mine
                from date_poll_answer w where w.poll_id = d.poll_id and w.number = d.number) a
            where d.poll_id = $1.id),
        'people', (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', p.id, 'name', trim(p.title || ' ' || p.name),
                'authority_name', h.short,
                'answers', (
                    select coalesce(jsonb_object_agg(a.number, a.answer), '{}')
                    from date_poll_answer a where a.poll_id = $1.id and a.person_id = p.id)) order by h.name, p.name), '[]')
            from date_poll_person q join person p on p.id = q.person_id join authority h on h.id = p.authority_id
            where q.poll_id = $1.id),
        'revision', $1.revision)
$$;
