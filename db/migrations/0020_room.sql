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

-- Who attends a meeting, houses first. Once somebody has come in, who is only expected is not said to attend.
create function attendance_body(meeting uuid) returns json
language sql stable as $$
    select coalesce(json_agg(json_build_object('person_id', a.person_id, 'name', trim(p.title || ' ' || p.name),
        'authority_id', h.id, 'authority_name', h.short, 'house', h.kind = 'district_government', 'status', a.status,
        'represented_by', a.represented_by,
        'represented_by_name', (select trim(d.title || ' ' || d.name) from person d where d.id = a.represented_by),
        'from_local', to_char(a.from_local, 'HH24:MI'), 'to_local', to_char(a.to_local, 'HH24:MI'))
        order by h.kind <> 'district_government', h.name, p.name, p.id), '[]')
    from attendance a join person p on p.id = a.person_id join authority h on h.id = p.authority_id
    where a.meeting_id = $1 and (a.status = 'excused' or exists (
            select from presence s
            where s.meeting_id = $1 and s.person_id = coalesce(a.represented_by, a.person_id))
        or not exists (
            select from presence s join meeting m on m.id = s.meeting_id where m.id = $1 and m.state = 'running'))
$$;

-- What the room adds to a meeting: stays, calls of items and minutes given. Of an item whose content `keys` do not open
-- it says no more than that it is being dealt with.
create function room_body(meeting uuid, keys text[]) returns json
language sql stable as $$
    select json_build_object(
        'stays', (
            select coalesce(json_agg(json_build_object('id', s.id, 'person_id', s.person_id,
                'name', trim(p.title || ' ' || p.name), 'house_name', h.short, 'authority_id', s.authority_id,
                'member_id', s.member_id,
                'member_name', (select trim(o.title || ' ' || o.name) from person o where o.id = s.member_id),
                'office', roles_on(p.id, m.date) && array['circle_office', 'circle_moderator'], 'mode', s.mode,
                'arrived_at', s.arrived_at, 'left_at', s.left_at, 'left_for', s.left_for)
                order by s.arrived_at, h.kind <> 'district_government', h.name, p.name, s.id), '[]')
            from presence s join person p on p.id = s.person_id join authority h on h.id = p.authority_id
            where s.meeting_id = m.id),
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
