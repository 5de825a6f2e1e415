-- Accounts: links to a new password, how often one was asked for, and sessions that their owner can name and end.
alter table session
    add column id uuid not null default gen_random_uuid() constraint session_id_unique unique,
    -- A word or two such as „Firefox, Windows“; not what the browser sent.
    add column device text not null default '';

-- A new address for sign-in that waits for a second person: it is the key to the account.
alter table person
    add column pending_email text,
    add column pending_by uuid constraint person_pending_by_exists references person,
    add constraint person_pending_complete check ((pending_email is null) = (pending_by is null));

-- A role that ends at once on its first day keeps its row: it ended the day before, and counts on no day.
alter table role_grant
    add constraint role_grant_period_ordered check (valid_to is null or valid_to >= valid_from - 1),
    add constraint role_grant_no_overlap exclude using gist (
        person_id with =, role with =, daterange(valid_from, valid_to + 1) with &&);

-- A link to set a password. Its token is made when the mail is written and never stored; `person_id` is null when
-- nobody has the address that was asked for, so that asking does the same work. A notice goes the same way and opens
-- nothing; `address` is where it goes, the person's own when empty.
create table account_link (
    id uuid primary key default gen_random_uuid(),
    person_id uuid constraint account_link_person_exists references person,
    kind text not null constraint account_link_kind_known check (kind in ('invitation', 'reset', 'notice')),
    address text not null default '',
    token_hash bytea constraint account_link_token_unique unique,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    leased_until timestamptz,
    sent_at timestamptz,
    failure text not null default ''
);
create index account_link_person on account_link (person_id);

-- Who asked for a new password, by address typed and address of the network.
create table account_request (
    at timestamptz not null default now(),
    account text not null,
    address text not null
);
create index account_request_account on account_request (account, at);
create index account_request_address on account_request (address, at);

create function account_body(p person, house authority, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'title', $1.title, 'name', $1.name, 'function', $1.function,
        'email', $1.email, 'phone', $1.phone, 'authority_id', $1.authority_id, 'authority_name', $2.short,
        'revision', $1.revision, 'roles', roles_on($1.id, $3),
        'state', case when not $1.active then 'inactive' when $1.password_hash is not null then 'active'
            when l.id is not null and l.expires_at > now() then 'invited' else 'no_access' end,
        'pending_email', $1.pending_email,
        'pending_by_name', (select q.name from person q where q.id = $1.pending_by),
        'invited_at', l.created_at, 'invitation_failure', coalesce(l.failure, ''),
        'grants', (
            select coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'valid_from', g.valid_from, 'valid_to', g.valid_to)
                order by g.valid_from, g.role), '[]')
            from role_grant g where g.person_id = $1.id))
    from (select) one left join lateral (
        select id, created_at, expires_at, failure from account_link
        where person_id = $1.id and kind = 'invitation' order by created_at desc limit 1) l on true
$$;
