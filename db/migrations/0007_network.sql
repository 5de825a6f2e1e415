-- Contacts of the network (Nr. 5 d of the decree) and the office's text templates.

-- Each contact belongs to one district government. Whatever is sent to one is public material.
create table partner (
    id uuid primary key default gen_random_uuid(),
    reference text constraint partner_reference_unique unique,
    kind text not null constraint partner_kind_known check (kind in ('municipal_contact', 'institution', 'association')),
    organisation text not null,
    authority_id uuid not null constraint partner_authority_exists references authority,
    person_id uuid constraint partner_person_exists references person,
    name text not null default '',
    function text not null default '',
    address text not null default '',
    email text not null default '',
    phone text not null default '',
    municipality text not null default '',
    -- The official municipality key; its third digit names the Regierungsbezirk.
    ags text constraint partner_ags_of_the_land check (ags ~ '^05[13579][0-9]{5}$'),
    topics text[] not null default '{}',
    -- From whom we have the address, and since when (data protection).
    source text not null,
    source_on date not null,
    audience_level text not null default 'public' constraint partner_gets_public_only check (audience_level = 'public'),
    subscribed boolean not null default true,
    unsubscribed_on date,
    -- Who holds the link in a letter ends the subscription with it; it opens nothing.
    opt_out uuid not null default gen_random_uuid() constraint partner_opt_out_unique unique,
    -- Of several contacts with one address, the first says how its letters are addressed.
    entered_at timestamptz not null default clock_timestamp(),
    revision integer not null default 1,
    constraint partner_unsubscribed_has_day check (subscribed = (unsubscribed_on is null))
);
create index partner_authority on partner (authority_id);
create index partner_person on partner (person_id) where person_id is not null;
create index partner_email on partner (lower(email)) where email <> '';
create index partner_municipality on partner (ags);

-- Addresses that get no letters: the sha256 of the address in lower case, and no address. It stays when the contact goes,
-- so that a new entry does not bring the letters back. Without a house it was ended by the link, for every house; with one,
-- by that house, whose contact is gone.
create table partner_opt_out (
    address bytea not null,
    authority_id uuid constraint partner_opt_out_authority_exists references authority,
    opted_out_on date not null,
    constraint partner_opt_out_once unique nulls not distinct (address, authority_id)
);

-- Links in letters whose contact is gone, or has another address by now. They still work, for two years.
create table partner_opt_out_link (
    opt_out uuid constraint partner_opt_out_link_unique primary key,
    address bytea not null,
    kept_at timestamptz not null default now()
);

create function address_key(email text) returns bytea
language sql immutable parallel safe as $$
    select sha256(convert_to(lower($1), 'UTF8'))
$$;

-- An exchange with a contact, for the own house only.
create table partner_note (
    id uuid primary key default gen_random_uuid(),
    partner_id uuid not null constraint partner_note_partner_exists references partner on delete cascade,
    held_on date not null,
    participants text not null default '',
    text text not null,
    written_by uuid constraint partner_note_writer_exists references person
);
create index partner_note_partner on partner_note (partner_id, held_on);

-- A file that was read and waits for its author's word; the lines go when it is given, or after a day.
create table partner_import (
    id uuid primary key default gen_random_uuid(),
    person_id uuid not null constraint partner_import_person_exists references person,
    authority_id uuid not null constraint partner_import_authority_exists references authority,
    created_at timestamptz not null default now(),
    content jsonb not null,
    added integer
);
create index partner_import_person on partner_import (person_id);

-- The circle reads all contacts; the staff of a house read those of their own house.
create function partner_open(house uuid, own_house uuid, keys text[]) returns boolean
language sql immutable parallel safe as $$
    select 'circle' = any($3) or ('internal' = any($3) and $1 = $2)
$$;

create function partner_body(p partner, house authority) returns jsonb
language sql immutable parallel safe as $$
    select jsonb_build_object('id', $1.id, 'reference', $1.reference, 'kind', $1.kind, 'organisation', $1.organisation,
        'name', $1.name, 'function', $1.function, 'address', $1.address, 'email', $1.email, 'phone', $1.phone,
        'municipality', $1.municipality, 'ags', $1.ags, 'topics', $1.topics, 'source', $1.source,
        'source_on', $1.source_on, 'subscribed', $1.subscribed, 'unsubscribed_on', $1.unsubscribed_on,
        'authority_id', $1.authority_id, 'authority_key', $2.key, 'authority_name', $2.short)
$$;

create table template (
    id text primary key,
    name text not null,
    subject text not null,
    body text not null
);
