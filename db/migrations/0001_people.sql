-- People, appointments, sign-in, rights, and the record of what was done.
create extension if not exists btree_gist;
create extension if not exists unaccent;
create extension if not exists pg_trgm;
create extension if not exists fuzzystrmatch;

-- Office time = real time + this offset. It is written once, at the first start (demo and test only).
create table office_clock (
    only_one boolean primary key default true constraint office_clock_only_one check (only_one),
    offset_seconds bigint not null
);

create table authority (
    id uuid primary key default gen_random_uuid(),
    key text not null constraint authority_key_unique unique,
    name text not null,
    short text not null,
    code text,
    seat text,
    kind text not null constraint authority_kind_known
        check (kind in ('district_government', 'competence_centre', 'ministry', 'municipal')),
    parent_id uuid constraint authority_parent_exists references authority
);

create table person (
    id uuid primary key default gen_random_uuid(),
    reference text constraint person_reference_unique unique,
    title text not null default '',
    name text not null,
    email text not null,
    phone text not null default '',
    function text not null default '',
    authority_id uuid not null constraint person_authority_exists references authority,
    active boolean not null default true,
    password_hash text,
    -- A recipient of letters behind contacts of the network, and no account: nobody signs in as it, and its address is
    -- free for an account.
    letters_only boolean not null default false,
    revision integer not null default 1,
    constraint person_letters_only_without_password check (not letters_only or password_hash is null)
);
create unique index person_email_unique on person (lower(email)) where not letters_only;
create unique index person_letters_email_unique on person (lower(email)) where letters_only;
create index person_authority on person (authority_id);

-- Roles that do not follow from an appointment (domain rules 3.2).
create table role_grant (
    person_id uuid not null constraint role_grant_person_exists references person,
    role text not null constraint role_grant_role_known check (role in (
        'circle_office', 'circle_moderator', 'kfi_head', 'kfi_expert', 'knowledge_editor', 'quality_reviewer',
        'release_approver', 'records_manager', 'assistant', 'regional_staff', 'ministry_observer',
        'municipal_contact', 'partner', 'data_protection_officer', 'technical_admin', 'former_commissioner')),
    valid_from date not null default '2000-01-01',
    valid_to date,
    constraint role_grant_unique primary key (person_id, role, valid_from)
);

create table appointment (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null constraint appointment_person_exists references person,
    authority_id uuid not null constraint appointment_authority_exists references authority,
    kind text not null constraint appointment_kind_known check (kind in ('commissioner', 'deputy')),
    valid_from date not null,
    valid_to date,
    order_date date not null,
    file_reference text not null,
    attached_to text not null default '',
    announced_internally_on date,
    announced_externally_on date,
    ministry_informed_on date,
    succeeded_by uuid constraint appointment_successor_exists references appointment,
    revision integer not null default 1,
    -- What was entered by mistake is annulled: it ended before all days, so that it holds on none.
    constraint appointment_period_ordered check (valid_to is null or valid_to >= valid_from or valid_to = '-infinity'),
    constraint appointment_no_overlap exclude using gist (
        authority_id with =, daterange(valid_from, valid_to, '[]') with &&)
        where (kind = 'commissioner' and valid_to is distinct from '-infinity')
);
create index appointment_person on appointment (person_id);

-- A deputy acts only while the commissioner is away.
create table absence (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null constraint absence_person_exists references person,
    deputy_id uuid not null constraint absence_deputy_exists references person,
    starts_on date not null,
    ends_on date not null,
    -- The one meeting that the deputy stands in for: its papers are open to them from the entry on.
    meeting_id uuid,
    constraint absence_period_ordered check (ends_on >= starts_on)
);
create index absence_deputy on absence (deputy_id);

-- Persons named for one confidential thing (agenda item, document, request).
create table named_access (
    object_id uuid not null,
    person_id uuid not null constraint named_access_person_exists references person,
    granted_by uuid constraint named_access_granter_exists references person,
    constraint named_access_unique primary key (object_id, person_id)
);
create index named_access_person on named_access (person_id);

-- Staff of a house who advise on one item or one request for a time (decree Nr. 4 (3) S. 1).
create table expert_involvement (
    id uuid primary key default gen_random_uuid(),
    object_kind text not null constraint expert_involvement_object_known check (object_kind in ('agenda_item', 'consultation')),
    object_id uuid not null,
    person_id uuid not null constraint expert_involvement_person_exists references person,
    authority_id uuid not null constraint expert_involvement_authority_exists references authority,
    granted_by uuid constraint expert_involvement_granter_exists references person,
    valid_from date not null,
    valid_to date not null,
    -- The first day without the right again, when it was ended early.
    ended_on date,
    revision integer not null default 1,
    constraint expert_involvement_period_ordered check (valid_to between valid_from and valid_from + 366),
    constraint expert_involvement_once exclude using gist (object_id with =, person_id with =,
        daterange(valid_from, coalesce(ended_on, valid_to + 1)) with &&)
);
create index expert_involvement_person on expert_involvement (person_id);
create index expert_involvement_object on expert_involvement (object_id);

-- Attendance of meetings stands here because it gives rights: guests and deputies see the meeting they attend.
create table attendance (
    meeting_id uuid not null,
    person_id uuid not null constraint attendance_person_exists references person,
    status text not null constraint attendance_status_known
        check (status in ('present', 'represented', 'excused', 'guest', 'office')),
    represented_by uuid constraint attendance_deputy_exists references person,
    from_local time,
    to_local time,
    constraint attendance_unique primary key (meeting_id, person_id)
);
create index attendance_person on attendance (person_id);
create index attendance_represented_by on attendance (represented_by) where represented_by is not null;

-- Sessions live on the database's clock. The token itself is never stored.
create table session (
    token_hash bytea primary key,
    person_id uuid not null constraint session_person_exists references person,
    kind text not null constraint session_kind_known check (kind in ('cookie', 'bearer')),
    signed_in_at timestamptz not null default now(),
    last_seen timestamptz not null default now(),
    expires_at timestamptz not null default now() + interval '10 hours'
);
create index session_person on session (person_id);

create table sign_in_failure (
    at timestamptz not null default now(),
    account text not null,
    address text not null
);
create index sign_in_failure_account on sign_in_failure (account, at);
create index sign_in_failure_address on sign_in_failure (address, at);

create table audit_event (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    office_at timestamptz not null,
    actor_id uuid,
    actor_name text not null,
    action text not null,
    object_kind text not null,
    object_id uuid,
    reference text not null default '',
    detail jsonb not null default '{}'
);
create index audit_event_object on audit_event (object_id, id);

-- The stored answer to a request with an Idempotency-Key. `roles` are those of the person at the time of the act.
create table idempotent_answer (
    person_id uuid not null,
    key text not null,
    request_hash bytea not null,
    roles text[] not null default '{}',
    status smallint not null,
    answer bytea not null,
    etag text not null default '',
    created_at timestamptz not null default now(),
    constraint idempotent_answer_unique primary key (person_id, key)
);

create table number_series (
    series text not null,
    year smallint not null,
    last integer not null,
    constraint number_series_unique primary key (series, year)
);

-- The next number of a yearly series. The row lock makes it free of gaps: a rolled-back number is given again.
create function next_number(series text, year integer) returns integer
language sql volatile as $$
    insert into number_series (series, year, last) values ($1, $2, 1)
    on conflict on constraint number_series_unique do update set last = number_series.last + 1
    returning last
$$;

-- The first wall. Every read of a protected row asks this; it is inlined, so an index on audience serves it.
create function visible(audience text[], keys text[]) returns boolean
language sql immutable parallel safe as $$ select audience && keys $$;

-- Roles held on a day: granted ones, the appointment, and the deputy's in its time (domain rules 3.2).
create function roles_held(persons uuid[], day date) returns table (person_id uuid, role text)
language sql stable as $$
    select g.person_id, g.role from role_grant g
    where g.person_id = any($1) and g.valid_from <= $2 and (g.valid_to is null or g.valid_to >= $2)
    union
    select a.person_id, r.role from appointment a
    cross join lateral (
        select 'commissioner' as role where a.kind = 'commissioner'
        union all select 'regional_staff' where a.kind = 'deputy'
        union all select 'deputy' where a.kind = 'deputy' and exists (
            select from absence b
            join appointment c on c.person_id = b.person_id and c.kind = 'commissioner'
                and c.authority_id = a.authority_id
                and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
            where b.deputy_id = a.person_id and b.starts_on <= $2 and b.ends_on >= $2)
    ) r
    where a.person_id = any($1) and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
$$;

create function roles_on(person uuid, day date) returns text[]
language sql stable as $$ select array(select role from roles_held(array[$1], $2) order by role) $$;

-- What a person may open on a day, as keys; a row is visible when its audience shares a key (domain rules 3.2 and 4).
-- Whoever holds no role opens nothing, but for one thing: who attended for somebody keeps the meeting for a year, its
-- minutes are read, objected to and approved in that time. Its `papers` are open, to who holds a role, until the day of
-- the meeting is over.
-- `named` is for roles that may see confidential matter at all. `tenure` is the appointment of the house's
-- commissioner: what is confidential stays with it and does not go over to the next one by itself.
create function keys_on(person uuid, authority uuid, roles text[], day date) returns text[]
language plpgsql stable as $$
#variable_conflict use_column
begin
    return case when $3 = '{}' then '{}' else array['person:' || $1] end
        || case when not $3 <@ array['technical_admin', 'data_protection_officer'] then array['public'] else '{}' end
        || case when $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'kfi_expert', 'knowledge_editor',
            'quality_reviewer', 'release_approver', 'records_manager', 'assistant', 'regional_staff', 'commissioner',
            'deputy', 'ministry_observer'] then array['internal'] else '{}' end
        || case when $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'quality_reviewer',
            'release_approver', 'records_manager', 'commissioner', 'deputy'] then array['circle'] else '{}' end
        || case when $3 && array['commissioner', 'deputy', 'assistant'] then array['asking:' || $2] else '{}' end
        || array(
            select 'role:' || role from unnest($3) role
            union all
            select 'meeting:' || a.meeting_id from attendance a
            where a.person_id = $1 and $3 <> '{}' and not $3 && array['technical_admin']
            union all
            select 'meeting:' || a.meeting_id from attendance a
            join meeting m on m.id = a.meeting_id and m.date >= $4 - 365
            where a.represented_by = $1 and not $3 && array['technical_admin']
            union all
            select 'papers:' || m.id from meeting m
            where m.date >= $4 and $3 <> '{}' and not $3 && array['technical_admin'] and exists (
                select from attendance a where a.meeting_id = m.id and $1 in (a.person_id, a.represented_by))
            union all
            select unnest(array['meeting:' || b.meeting_id, 'papers:' || b.meeting_id]) from absence b
            join appointment d on d.person_id = b.deputy_id and d.kind = 'deputy'
            join appointment c on c.person_id = b.person_id and c.kind = 'commissioner' and c.authority_id = d.authority_id
            where b.deputy_id = $1 and b.meeting_id is not null and b.ends_on >= $4
                and $4 between d.valid_from and coalesce(d.valid_to, 'infinity')
                and b.ends_on between d.valid_from and coalesce(d.valid_to, 'infinity')
                and b.ends_on between c.valid_from and coalesce(c.valid_to, 'infinity')
            union all
            select 'tenure:' || c.id from appointment c
            where c.authority_id = $2 and c.kind = 'commissioner' and $3 && array['commissioner', 'deputy', 'assistant']
                and c.valid_from <= $4 and (c.valid_to is null or c.valid_to >= $4)
            union all
            select 'named:' || n.object_id from named_access n
            where n.person_id = $1 and $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'kfi_expert',
                'knowledge_editor', 'quality_reviewer', 'release_approver', 'commissioner', 'deputy',
                'data_protection_officer']
            union all
            select 'expert:' || e.object_id from expert_involvement e
            where e.person_id = $1 and e.authority_id = $2
                and e.valid_from <= $4 and coalesce(e.ended_on - 1, e.valid_to) >= $4);
end $$;

-- Whom the house has announced outside by a day as its commissioner of that day.
create function is_announced(person uuid, day date) returns boolean
language sql stable as $$
    select exists (
        select from appointment a
        where a.person_id = $1 and a.kind = 'commissioner' and a.announced_externally_on <= $2
            and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
    )
$$;

-- The directory: staff see everybody, contacts outside only members of the circle see. Whoever is outside finds whom the
-- public page names, and no one else (decree Nr. 3: made known inside and outside).
create function in_directory(p person, house_kind text, keys text[], day date) returns boolean
language sql stable as $$
    select $1.active and case
        when 'internal' = any($3) then $2 <> 'municipal' or 'circle' = any($3)
        when 'role:technical_admin' = any($3) then true
        else 'public' = any($3) and is_announced($1.id, $4)
    end
$$;

create function house_in_directory(house_kind text, keys text[]) returns boolean
language sql immutable parallel safe as $$
    select $2 && array['public', 'role:technical_admin'] and ($1 <> 'municipal' or $2 && array['circle', 'role:technical_admin'])
$$;

-- The caller behind a token: none when the token is unknown, expired, idle for 30 minutes, or the person inactive.
-- Sessions are judged by the database's clock, rights by office time. Rights are worked out once in a statement: for the
-- walls in it they are put down under the statement's own time, so that no later statement finds them.
create function whoami(token_hash bytea, office_now timestamptz) returns table (
    person_id uuid, authority_id uuid, name text, email text, roles text[], keys text[], kind text,
    signed_in_at timestamptz, stale boolean, card jsonb)
language plpgsql stable rows 1 as $$
#variable_conflict use_column
declare
    caller text := current_setting('circle.caller', true);
    stamp text := statement_timestamp() || ' ';
    today date := ($2 at time zone 'Europe/Berlin')::date;
begin
    select p.id, p.authority_id, p.name, p.email, r.roles, keys_on(p.id, p.authority_id, r.roles, today), s.kind,
        s.signed_in_at, s.last_seen < now() - interval '1 minute',
        jsonb_build_object('stale', s.last_seen < now() - interval '1 minute', 'person_id', p.id, 'name', p.name,
            'title', p.title, 'email', p.email, 'function', p.function, 'authority_id', p.authority_id,
            'authority_name', a.short, 'roles', r.roles,
            'acting_for', case when r.roles && array['deputy', 'assistant'] then acting_for(p.id, today) end)
    into person_id, authority_id, name, email, roles, keys, kind, signed_in_at, stale, card
    from session s
    join person p on p.id = s.person_id and p.active
    join authority a on a.id = p.authority_id
    -- `offset 0`: the roles are asked for once, not wherever they are named.
    cross join lateral (select roles_on(p.id, today) as roles offset 0) r
    where s.token_hash = $1 and s.expires_at > now() and s.last_seen > now() - interval '30 minutes';
    if not found then
        return;
    end if;
    if coalesce(caller, '') = '' then
        if current_setting('circle.wall', true) = stamp then
            raise exception 'a wall was asked before the caller was known' using errcode = 'CW001';
        end if;
        perform set_config('circle.wall', stamp || keys::text, true);
    elsif split_part(caller, ' ', 1) = encode($1, 'hex') and split_part(caller, ' ', 2)::timestamptz = $2 then
        perform set_config('circle.wall', stamp || keys::text, true);
    end if;
    return next;
end $$;

-- The second wall. Row-level security knows the caller from the transaction's setting, or from `whoami` when the
-- statement has asked it before. It is shut otherwise; that it was is put down, so that `whoami` cannot come too late
-- unnoticed: the statement fails and is said again in a transaction that names the caller (`circle/core/db.py`).
create function wall_keys() returns text[]
language plpgsql stable as $$
declare
    caller text := current_setting('circle.caller', true);
    kept text := current_setting('circle.wall', true);
    stamp text := statement_timestamp() || ' ';
begin
    if starts_with(kept, stamp) then
        return nullif(substr(kept, length(stamp) + 1), '')::text[];
    end if;
    if coalesce(caller, '') = '' then
        perform set_config('circle.wall', stamp, true);
        return null;
    end if;
    return (select w.keys from whoami(decode(split_part(caller, ' ', 1), 'hex'), split_part(caller, ' ', 2)::timestamptz) w);
end $$;

create function wall_open() returns boolean
language sql stable as $$ select coalesce(current_setting('circle.system', true), '') = 'on' $$;

create function raise_wall(target regclass) returns void
language plpgsql as $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy wall on %s using ((select wall_open()) or audience && (select wall_keys())) with check (true)', target);
end $$;

create function refuse_change() returns trigger
language plpgsql as $$
begin
    raise exception '% is written once', tg_table_name using errcode = 'restrict_violation', constraint = 'written_once';
end $$;

create function write_once(target regclass) returns void
language plpgsql as $$
begin
    execute format('create trigger written_once before update or delete on %s for each row execute function refuse_change()', target);
end $$;

-- Rights of the service's own role, which owns nothing. Called after every migration.
create function grant_runtime(runtime name) returns void
language plpgsql as $$
declare target text;
begin
    execute format('grant usage on schema public to %I', runtime);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', runtime);
    execute format('grant usage on all sequences in schema public to %I', runtime);
    for target in select tgrelid::regclass::text from pg_trigger where tgname = 'written_once' loop
        execute format('revoke update, delete on %s from %I', target, runtime);
    end loop;
    execute format('revoke insert, update, delete on migration from %I', runtime);
end $$;

select write_once('audit_event');
