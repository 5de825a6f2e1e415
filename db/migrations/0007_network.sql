-- Contacts of the network (Nr. 5 d of the decree) and the office's text templates.
create table partner (
    id uuid primary key default gen_random_uuid(),
    reference text constraint partner_reference_unique unique,
    kind text not null,
    organisation text not null,
    authority_id uuid not null constraint partner_authority_exists references authority,
    person_id uuid constraint partner_person_exists references person,
    audience_level text not null default 'public',
    subscribed boolean not null default true
);

create table template (
    id text primary key,
    name text not null,
    subject text not null,
    body text not null
);
