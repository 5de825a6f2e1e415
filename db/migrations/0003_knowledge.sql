-- Knowledge documents and the one index over everything that can be found.
create table topic (
    id text primary key,
    label text not null
);

create table document (
    id uuid primary key default gen_random_uuid(),
    reference text not null constraint document_reference_unique unique,
    title text not null,
    kind text not null,
    abstract text not null default '',
    body text not null default '',
    topics text[] not null default '{}',
    confidentiality text not null constraint document_level_known
        check (confidentiality in ('public', 'internal', 'circle', 'confidential')),
    state text not null default 'draft' constraint document_state_known
        check (state in ('draft', 'in_review', 'released', 'review_overdue', 'superseded', 'retired')),
    owner_id uuid not null constraint document_owner_exists references person,
    authority_id uuid not null constraint document_authority_exists references authority,
    version integer not null default 1,
    language_level text not null default 'standard',
    legal_basis text not null default '',
    released_on date,
    released_by uuid constraint document_releaser_exists references person,
    review_on date,
    retired_note text not null default '',
    superseded_by uuid constraint document_successor_exists references document,
    updated_at timestamptz not null default now(),
    revision integer not null default 1,
    audience text[] not null generated always as (
        case
            when confidentiality = 'confidential' then array['named:' || id::text, 'person:' || owner_id::text]
            when state in ('draft', 'in_review') then array['person:' || owner_id::text, 'role:knowledge_editor',
                'role:quality_reviewer', 'role:release_approver', 'role:circle_office']
            else array[confidentiality, 'person:' || owner_id::text]
        end) stored
);
create index document_audience on document using gin (audience);
create index document_page on document (released_on desc nulls first, id);
select raise_wall('document');

create table document_version (
    document_id uuid not null constraint document_version_document_exists references document,
    number integer not null,
    title text not null,
    abstract text not null,
    body text not null,
    files jsonb not null default '[]',
    sha256 text not null,
    confidentiality text not null,
    released_on date not null,
    released_by_name text not null,
    audience text[] not null,
    constraint document_version_unique primary key (document_id, number)
);
select raise_wall('document_version');
select write_once('document_version');

create table document_file (
    document_id uuid not null constraint document_file_document_exists references document,
    file_id uuid not null constraint document_file_file_exists references file,
    constraint document_file_unique primary key (document_id, file_id)
);

-- Drafts of a released document are kept apart, so that readers keep the released text until the next release.
create table document_draft (
    document_id uuid primary key constraint document_draft_document_exists references document,
    title text not null,
    abstract text not null,
    body text not null
);

-- Folds umlauts and ß so that „Foerderung“ and „Förderung“ meet, then stems as German.
create function fold_german(words text) returns text
language sql immutable parallel safe as $$
    select replace(replace(replace(replace(lower($1), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss')
$$;

create table search_entry (
    source_kind text not null,
    source_id uuid not null,
    reference text not null default '',
    title text not null,
    body text not null default '',
    kind text not null default '',
    level text not null,
    topics text[] not null default '{}',
    authority_id uuid,
    year smallint,
    url text not null,
    trust real not null default 1,
    audience text[] not null,
    words tsvector not null generated always as (
        setweight(to_tsvector('german', title), 'A') || setweight(to_tsvector('german', fold_german(title)), 'A')
        || setweight(to_tsvector('simple', reference), 'A')
        || setweight(to_tsvector('german', left(body, 200000)), 'C')
        || setweight(to_tsvector('german', fold_german(left(body, 200000))), 'C')) stored,
    constraint search_entry_unique primary key (source_kind, source_id)
);
create index search_entry_words on search_entry using gin (words);
select raise_wall('search_entry');
