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
