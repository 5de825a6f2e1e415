-- Who is asked to a meeting, and what they answer.

-- Whom the office has invited, from the first agenda that went to them on.
create table invitee (
    meeting_id uuid not null constraint invitee_meeting_exists references meeting,
    person_id uuid not null constraint invitee_person_exists references person,
    invited_on date not null,
    -- Not by the invitation, but named as deputy in an answer.
    as_deputy boolean not null default false,
    -- The day of the one reminder.
    reminded_on date,
    constraint invitee_unique primary key (meeting_id, person_id)
);
create index invitee_person on invitee (person_id);

-- Every answer is kept; the last one of a person counts. `entered_by` is who was signed in; without one it came by a link
-- or a calendar.
create table reply (
    number bigint generated always as identity primary key,
    meeting_id uuid not null,
    person_id uuid not null,
    answer text not null constraint reply_answer_known
        check (answer in ('in_person', 'online', 'coming', 'declined', 'represented', 'tentative')),
    deputy_id uuid constraint reply_deputy_exists references person,
    note text not null default '',
    way text not null constraint reply_way_known check (way in ('page', 'api', 'link', 'calendar', 'telephone')),
    entered_by uuid constraint reply_author_exists references person,
    answered_at timestamptz not null,
    constraint reply_of_an_invitee foreign key (meeting_id, person_id) references invitee,
    constraint reply_deputy_named check ((answer = 'represented') = (deputy_id is not null)),
    constraint reply_other_deputy check (deputy_id <> person_id)
);
create index reply_last on reply (meeting_id, person_id, number desc);
select write_once('reply');

-- A letter may ask for an answer: each mail of it then bears a link of its own to that page.
alter table dispatch add column answer_page text not null default '';

-- Links in mails by which one person answers one thing without sign-in. The token is 256 random bits and stands in the mail
-- alone; who made one up finds no hash.
create table answer_link (
    token_hash bytea constraint answer_link_unique primary key,
    object_id uuid not null,
    person_id uuid not null constraint answer_link_person_exists references person,
    made_at timestamptz not null default now(),
    revoked_at timestamptz
);
create index answer_link_object on answer_link (object_id, person_id);

-- Answers of calendars that came by mail, taken over or not: the mail's hash, so that none counts twice, and why it was
-- refused; nothing of its content. `stamp` orders the answers of one person by the sender's own clock.
create table calendar_reply (
    digest bytea constraint calendar_reply_unique primary key,
    received_at timestamptz not null default now(),
    reason text not null default '',
    meeting_id uuid constraint calendar_reply_meeting_exists references meeting,
    person_id uuid constraint calendar_reply_person_exists references person,
    stamp timestamptz
);
create index calendar_reply_meeting on calendar_reply (meeting_id, person_id);

-- One who is asked, with the answer that counts. `inside`: the reader is of the same house or of the office, and reads the
-- note and what was answered before. `acting` is who stands in for the person that day by an absence that is entered.
create function invitee_body(i invitee, m meeting, inside boolean) returns jsonb
language sql stable as $$
    select jsonb_build_object('person_id', p.id, 'name', trim(p.title || ' ' || p.name), 'authority_id', a.id,
        'authority_name', a.short, 'house', a.kind = 'district_government',
        'commissioner', r.roles && array['commissioner'], 'voice', r.roles && array['commissioner', 'deputy'],
        'invited_on', $1.invited_on, 'reminded_on', $1.reminded_on,
        'answer', l.answer, 'deputy_id', l.deputy_id, 'way', l.way, 'answered_at', l.answered_at,
        'deputy_name', (select trim(d.title || ' ' || d.name) from person d where d.id = l.deputy_id),
        'acting_id', b.deputy_id,
        'acting_name', (select trim(d.title || ' ' || d.name) from person d where d.id = b.deputy_id),
        'note', case when $3 then coalesce(l.note, '') end,
        'history', case when $3 then (
            select coalesce(jsonb_agg(jsonb_build_object('answer', y.answer, 'note', y.note, 'way', y.way,
                'answered_at', y.answered_at,
                'deputy_name', (select trim(d.title || ' ' || d.name) from person d where d.id = y.deputy_id),
                'entered_by_name', (select e.name from person e where e.id = y.entered_by)) order by y.number desc), '[]')
            from reply y where y.meeting_id = $1.meeting_id and y.person_id = $1.person_id) end)
    from person p join authority a on a.id = p.authority_id
    cross join lateral (select roles_on(p.id, $2.date) as roles) r
    left join lateral (
        select y.* from reply y where y.meeting_id = $1.meeting_id and y.person_id = $1.person_id
        order by y.number desc limit 1) l on true
    left join absence b on b.person_id = p.id and $2.date between b.starts_on and b.ends_on
    where p.id = $1.person_id
$$;
