-- Dispatches and one delivery for each recipient. Leases and retries run on the database's clock.
create table dispatch (
    id uuid primary key default gen_random_uuid(),
    kind text not null constraint dispatch_kind_known check (kind in (
        'invitation', 'supplement', 'minutes_draft', 'minutes_approved', 'correction', 'receipt', 'clarification',
        'answer', 'document', 'notice', 'cancellation')),
    object_kind text not null,
    object_id uuid not null,
    title text not null,
    subject text not null,
    text text not null,
    level text not null constraint dispatch_level_known
        check (level in ('public', 'internal', 'circle', 'confidential')),
    state text not null default 'prepared' constraint dispatch_state_known
        check (state in ('prepared', 'sending', 'done', 'cancelled')),
    details jsonb not null default '{}',
    requested_by uuid constraint dispatch_requester_exists references person,
    created_at timestamptz not null default now(),
    sent_on date,
    parts integer not null default 0,
    -- The job that renders the papers and starts the dispatch; empty when there is nothing to render.
    build text not null default '',
    revision integer not null default 1,
    audience text[] not null,
    -- Who may read the letter itself, as the act that wrote it said; checked again when it goes out.
    readers text[] not null
);
create index dispatch_object on dispatch (object_id);
create index dispatch_page on dispatch (created_at desc, id desc);

-- The papers of a dispatch, fixed at its time. `audience` decides per recipient whether it goes along.
create table dispatch_part (
    dispatch_id uuid not null constraint dispatch_part_dispatch_exists references dispatch,
    position integer not null,
    title text not null,
    level text not null constraint dispatch_part_level_known
        check (level in ('public', 'internal', 'circle', 'confidential')),
    file_id uuid constraint dispatch_part_file_exists references file,
    url text not null default '',
    calendar boolean not null default false,
    audience text[] not null,
    constraint dispatch_part_unique primary key (dispatch_id, position)
);
select raise_wall('dispatch_part');

create table delivery (
    id uuid primary key default gen_random_uuid(),
    dispatch_id uuid not null constraint delivery_dispatch_exists references dispatch,
    person_id uuid not null constraint delivery_person_exists references person,
    name text not null,
    address text not null,
    state text not null default 'new' constraint delivery_state_known
        check (state in ('new', 'leased', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')),
    attempts integer not null default 0,
    first_try_at timestamptz,
    next_try timestamptz not null default now(),
    lease_until timestamptz,
    fence bigint not null default 0,
    message_id text not null default '',
    sent_at timestamptz,
    error text not null default '',
    audience text[] not null,
    constraint delivery_once_per_person unique (dispatch_id, person_id)
);
create index delivery_open on delivery (dispatch_id, next_try) where state in ('new', 'leased', 'sending');
create index delivery_person on delivery (person_id);
select raise_wall('delivery');

-- A recipient may read the letter that was sent to them, besides those who may see the whole dispatch; a confidential
-- one only while they may still read what it is about.
alter table dispatch enable row level security;
alter table dispatch force row level security;
create policy wall on dispatch using (
    (select wall_open()) or audience && (select wall_keys())
    or (level <> 'confidential' or readers && (select wall_keys())) and exists (select from delivery d
        where d.dispatch_id = dispatch.id and 'person:' || d.person_id = any((select wall_keys())::text[])))
    with check (true);
