-- The room of a meeting: who is there from when to when, and which item was called up when.

-- One row a stay, on the office's clock. A house has one voice at a time: the member's own or the deputy's. Guests and
-- the office carry none. `member_id` is whom a deputy stands in for; nobody while the office is vacant.
create table presence (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint presence_meeting_exists references meeting,
    person_id uuid not null constraint presence_person_exists references person,
    authority_id uuid constraint presence_house_exists references authority,
    member_id uuid constraint presence_member_exists references person,
    mode text not null default 'on_site' constraint presence_mode_known check (mode in ('on_site', 'online')),
    arrived_at timestamptz not null,
    left_at timestamptz,
    -- The confidential item for whose time a guest left the room.
    left_for uuid constraint presence_item_exists references agenda_item,
    constraint presence_times_ordered check (left_at >= arrived_at),
    constraint presence_deputy_has_house check (member_id is null or authority_id is not null),
    constraint presence_once exclude using gist (
        meeting_id with =, person_id with =, tstzrange(arrived_at, left_at) with &&),
    constraint presence_one_voice exclude using gist (
        meeting_id with =, authority_id with =, tstzrange(arrived_at, left_at) with &&) where (authority_id is not null)
);
create index presence_meeting on presence (meeting_id, arrived_at);

-- The time an item was dealt with. Going back to it is another row; one item is open at a time.
create table item_call (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint item_call_meeting_exists references meeting,
    item_id uuid not null constraint item_call_item_exists references agenda_item,
    called_at timestamptz not null,
    ended_at timestamptz,
    constraint item_call_times_ordered check (ended_at >= called_at)
);
create unique index item_call_one_open on item_call (meeting_id) where ended_at is null;
create index item_call_item on item_call (item_id);

-- Minutes that the moderation gave an item in the meeting; what was planned stays as it was called.
alter table agenda_content add column extra_minutes integer not null default 0
    constraint agenda_content_extra_sane check (extra_minutes between 0 and 600);

-- The houses whose voice is in the room at an instant.
create function voices_at(meeting uuid, at timestamptz) returns setof uuid
language sql stable as $$
    select p.authority_id from presence p
    where p.meeting_id = $1 and p.authority_id is not null and p.arrived_at <= $2 and (p.left_at is null or p.left_at > $2)
$$;

-- Once somebody has come in, who is only expected is not said to attend.
create function attends(a attendance) returns boolean
language sql stable as $$
    select $1.status = 'excused' or exists (
            select from presence s
            where s.meeting_id = $1.meeting_id and case when $1.status = 'represented'
                then s.person_id = $1.represented_by and s.member_id = $1.person_id else s.person_id = $1.person_id end)
        or not exists (
            select from presence s join meeting m on m.id = s.meeting_id
            where m.id = $1.meeting_id and m.state = 'running')
$$;

-- Who attends a meeting, houses first.
create function attendance_body(meeting uuid) returns json
language sql stable as $$
    select coalesce(json_agg(json_build_object('person_id', a.person_id, 'name', trim(p.title || ' ' || p.name),
        'authority_id', h.id, 'authority_name', h.short, 'house', h.kind = 'district_government', 'status', a.status,
        'represented_by', a.represented_by,
        'represented_by_name', (select trim(d.title || ' ' || d.name) from person d where d.id = a.represented_by),
        'from_local', to_char(a.from_local, 'HH24:MI'), 'to_local', to_char(a.to_local, 'HH24:MI'))
        order by h.kind <> 'district_government', h.name, p.name, p.id), '[]')
    from attendance a join person p on p.id = a.person_id join authority h on h.id = p.authority_id
    where a.meeting_id = $1 and attends(a)
$$;

-- What the room adds to a meeting: stays, calls of items and minutes given. Of an item whose content `keys` do not open
-- it says no more than that it is being dealt with. Without `whole`, which office and moderation have, the stays are of those
-- who are there now, or were at the end: when a guest was asked out, and for how long, would tell of the item that they
-- were not to hear. Who was there more than once stands in the minutes.
create function room_body(meeting uuid, keys text[], whole boolean) returns json
language sql stable as $$
    select json_build_object(
        'stays', (
            select coalesce(json_agg(json_build_object('id', s.id, 'person_id', s.person_id,
                'name', trim(p.title || ' ' || p.name), 'house_name', h.short, 'authority_id', s.authority_id,
                'member_id', s.member_id,
                'member_name', (select trim(o.title || ' ' || o.name) from person o where o.id = s.member_id),
                'office', roles_on(p.id, m.date) && array['circle_office', 'circle_moderator'], 'mode', s.mode,
                'arrived_at', s.arrived_at, 'left_at', s.left_at,
                'left_for', case when $3 then s.left_for end)
                order by s.arrived_at, h.kind <> 'district_government', h.name, p.name, s.id), '[]')
            from presence s join person p on p.id = s.person_id join authority h on h.id = p.authority_id
            where s.meeting_id = m.id and ($3 or s.left_at is null or s.left_at >= m.ended_at)),
        'calls', (
            select coalesce(json_agg(json_build_object('item_id', c.item_id,
                'called_at', case when t.item_id is not null then c.called_at end, 'ended_at', c.ended_at)
                order by c.called_at, c.id), '[]')
            from item_call c left join agenda_content t on t.item_id = c.item_id and visible(t.audience, $2)
            where c.meeting_id = m.id and (t.item_id is not null or c.ended_at is null)),
        'extra', (
            select coalesce(json_object_agg(t.item_id, t.extra_minutes), '{}')
            from agenda_content t
            where t.meeting_id = m.id and t.extra_minutes > 0 and visible(t.audience, $2)))
    from meeting m where m.id = $1
$$;

-- The houses that had a voice at once, at most: in the time that an item was dealt with, or else in the whole meeting, and
-- while it runs now. Null when nobody's coming was recorded.
create function most_voices(meeting uuid, item uuid, at timestamptz) returns bigint
language sql stable as $$
    with called as (
        select called_at, coalesce(ended_at, 'infinity') as ended_at from item_call where item_id = $2
    ),
    span as (
        select called_at, ended_at from called
        union all
        select case when m.state = 'running' then $3 else '-infinity' end, 'infinity' from meeting m
        where m.id = $1 and not exists (select from called)
    )
    -- A voice is added only where a span begins or somebody comes in.
    select coalesce(max(case when p.arrived_at < s.ended_at
        then (select count(*) from voices_at($1, greatest(s.called_at, p.arrived_at))) end), 0)
    from span s, presence p
    where p.meeting_id = $1
    having count(*) > 0
$$;

-- From when to when somebody attended who was there more than once, on the clock of the meeting's place; else empty. Who has a
-- voice attends while they carry it, and a member who is represented while the deputy does.
create function attended_times(m meeting, a attendance) returns jsonb
language sql stable as $$
    with span as (
        select r as times from (
            select unnest(range_agg(tstzrange(s.arrived_at, coalesce(s.left_at, $1.ended_at)))) as r
            from presence s
            where s.meeting_id = $1.id and s.person_id = coalesce($2.represented_by, $2.person_id)
                and case $2.status when 'represented' then s.member_id = $2.person_id
                    when 'present' then s.authority_id is not null else true end) one
    )
    select case when count(*) > 1 then jsonb_agg(jsonb_build_object(
            'from_local', to_char(lower(times) at time zone $1.time_zone, 'HH24:MI'),
            'to_local', to_char(upper(times) at time zone $1.time_zone, 'HH24:MI')) order by times) else '[]' end
    from span
$$;

-- How those who were in the room differ from the whole list while an item was dealt with: who was absent all the time of those
-- that carried the voice of a house in the meeting, who came or left meanwhile, and where a voice went from one to another.
create function item_presence(m meeting, item uuid) returns jsonb
language sql stable as $$
    with called as (
        select tstzrange(c.called_at, c.ended_at) as span from item_call c
        where c.item_id = $2 and c.ended_at is distinct from c.called_at
    ),
    treated as (select range_agg(span) as spans from called having count(*) > 0),
    there as (
        select s.person_id, range_agg(tstzrange(s.arrived_at, s.left_at)) as spans,
            bool_or(s.authority_id is not null) as voice
        from presence s where s.meeting_id = $1.id group by s.person_id
    ),
    change as (
        select t.person_id, 'absent' as kind, null::timestamptz as at from there t, treated c
        where t.voice and not t.spans && c.spans
        union all
        select t.person_id, 'came', lower(r) from there t cross join unnest(t.spans) r join called c on c.span @> lower(r)
        where lower(r) > lower(c.span)
        union all
        select t.person_id, 'left', upper(r) from there t cross join unnest(t.spans) r join called c on c.span @> upper(r)
        where upper(r) > lower(c.span)
        union all
        select s.person_id, 'voice', s.arrived_at from presence s join called c on c.span @> s.arrived_at
        where s.meeting_id = $1.id and s.arrived_at > lower(c.span) and exists (
            select from presence b
            where b.meeting_id = s.meeting_id and b.authority_id = s.authority_id and b.left_at = s.arrived_at)
    )
    select coalesce(jsonb_agg(jsonb_build_object('kind', x.kind, 'name', trim(p.title || ' ' || p.name),
        'authority_name', h.short, 'at_local', to_char(x.at at time zone $1.time_zone, 'HH24:MI'))
        order by x.at nulls first, x.kind, h.name, p.name, p.id), '[]')
    from change x join person p on p.id = x.person_id join authority h on h.id = p.authority_id
$$;

-- The minutes of a meeting as they stand now, names as text. An item that `keys` may not open is masked in the way in
-- which the main version files it; `whole` is for the service, which freezes every word. A confidential task stands only
-- with a confidential item: one that was lowered leaves its tasks out, whoever reads. The room adds from when to when people
-- were there more than once, and who was not there, came or left while an item was dealt with.
create function minutes_content(meeting uuid, keys text[], whole boolean) returns jsonb
language sql stable as $$
    select jsonb_build_object('reference', m.reference, 'title', m.title, 'number', m.number, 'date', m.date,
        'begins', to_char(coalesce((m.started_at at time zone m.time_zone)::time, m.start_local), 'HH24:MI'),
        'ends', to_char(coalesce((m.ended_at at time zone m.time_zone)::time, m.end_local), 'HH24:MI'),
        'time_zone', m.time_zone, 'mode', m.mode, 'place', m.place, 'file_reference', m.file_reference,
        'kind', coalesce(i.kind, (select p.rules ->> 'minutes_kind' from procedure p where p.version = m.procedure_version), 'result'),
        'chair_name', (select trim(p.title || ' ' || p.name) from person p where p.id = i.chair_id),
        'keeper_name', (select trim(p.title || ' ' || p.name) from person p where p.id = i.keeper_id),
        'attendance', (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', a.person_id, 'name', trim(p.title || ' ' || p.name),
                'authority_name', h.short, 'status', a.status,
                'represented_by_name', (select trim(d.title || ' ' || d.name) from person d where d.id = a.represented_by),
                'from_local', to_char(a.from_local, 'HH24:MI'), 'to_local', to_char(a.to_local, 'HH24:MI'),
                'times', attended_times(m, a))
                order by h.name, p.name), '[]')
            from attendance a join person p on p.id = a.person_id join authority h on h.id = p.authority_id
            where a.meeting_id = m.id and attends(a)),
        'items', (
            select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'number', t.number,
                'title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt'), 'status', t.status,
                'confidentiality', coalesce(c.confidentiality, 'confidential'), 'aim', c.aim, 'kind', c.kind,
                'minutes', c.minutes, 'result', c.result, 'resolution_text', c.resolution_text, 'votes', c.votes,
                'reservations', coalesce(c.reservations, '[]'),
                'presence', case when c.item_id is not null then item_presence(m, t.id) else '[]' end,
                'tasks', (
                    select coalesce(jsonb_agg(jsonb_build_object('reference', k.reference, 'title', k.title,
                        'owner_name', trim(o.title || ' ' || o.name), 'due', k.due) order by k.reference), '[]')
                    from task k join person o on o.id = k.owner_id
                    where k.item_id = c.item_id and k.status <> 'declined'
                        and ($3 or visible(k.audience, $2)) and (c.confidentiality = 'confidential' or not k.confidential)))
                order by t."order"), '[]')
            from agenda_item t left join agenda_content c on c.item_id = t.id and ($3 or visible(c.audience, $2))
            where t.meeting_id = m.id and t.number <> ''))
        -- A meeting of which nothing is known about the summons has minutes without a word about it.
        || coalesce((
            select jsonb_build_object('summons', jsonb_build_object('finding', u.finding, 'defects', u.defects,
                'statement', u.statement))
            from summons u where u.meeting_id = m.id), '{}')
    from meeting m left join minutes i on i.meeting_id = m.id
    where m.id = $1
$$;
