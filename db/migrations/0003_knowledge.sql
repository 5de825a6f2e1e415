-- Knowledge documents and the one index over everything that can be found.
create table topic (
    id text primary key,
    label text not null
);

-- Who may read a document. Whoever is named for it reads its draft too.
create function document_audience(id uuid, owner_id uuid, confidentiality text, state text) returns text[]
language sql immutable parallel safe as $$
    select case
        when $3 = 'confidential' then array['named:' || $1::text, 'person:' || $2::text]
        when $4 in ('draft', 'in_review') then array['person:' || $2::text, 'named:' || $1::text,
            'role:knowledge_editor', 'role:quality_reviewer', 'role:release_approver', 'role:kfi_head',
            'role:circle_office']
        else array[$3, 'person:' || $2::text]
    end
$$;

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
    edited_by uuid constraint document_editor_exists references person,
    version integer not null default 1,
    language_level text not null default 'standard' constraint document_language_known
        check (language_level in ('standard', 'plain', 'easy')),
    legal_basis text not null default '',
    released_on date,
    released_by uuid constraint document_releaser_exists references person,
    review_on date,
    retired_note text not null default '',
    return_note text not null default '',
    superseded_by uuid constraint document_successor_exists references document,
    updated_at timestamptz not null default now(),
    revision integer not null default 1,
    audience text[] not null generated always as (document_audience(id, owner_id, confidentiality, state)) stored,
    constraint document_has_other_successor check (superseded_by <> id)
);
create index document_audience on document using gin (audience);
create index document_page on document ((coalesce(released_on, '9999-12-31')) desc, id desc);
create index document_successor on document (superseded_by) where superseded_by is not null;
create index document_review on document (review_on) where state = 'released';
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
create index document_file_file on document_file (file_id);

-- Drafts of a released document are kept apart, so that readers keep the released text until the next release.
create table document_draft (
    document_id uuid primary key constraint document_draft_document_exists references document,
    title text not null,
    kind text not null,
    abstract text not null,
    body text not null,
    topics text[] not null,
    confidentiality text not null constraint document_draft_level_known
        check (confidentiality in ('public', 'internal', 'circle', 'confidential')),
    language_level text not null,
    legal_basis text not null,
    review_on date,
    file_ids uuid[] not null default '{}',
    state text not null default 'draft' constraint document_draft_state_known check (state in ('draft', 'in_review')),
    return_note text not null default '',
    edited_by uuid not null constraint document_draft_editor_exists references person,
    audience text[] not null
);
select raise_wall('document_draft');

-- Writes ä as ae and ß as ss, so that „Foerderung“ finds „Förderung“.
create function fold_german(words text) returns text
language sql immutable parallel safe as $$
    select replace(replace(replace(replace(lower($1), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss')
$$;

-- Both spellings are indexed: stemming alone drops the dots of ü, so „Forderung“ typed for „Förderung“ is found too.
create function search_words(title text, reference text, body text) returns tsvector
language sql immutable parallel safe as $$
    select setweight(to_tsvector('pg_catalog.german', $1), 'A')
        || setweight(to_tsvector('pg_catalog.german', fold_german($1)), 'A')
        || setweight(to_tsvector('pg_catalog.simple', $2), 'A')
        || setweight(to_tsvector('pg_catalog.german', left($3, 200000)), 'C')
        || setweight(to_tsvector('pg_catalog.german', fold_german(left($3, 200000))), 'C')
$$;

-- What public, internal or circle level opens. The wall would keep the index on words from being used (the text
-- match is not leakproof), so here the predicate in the statement stands alone; what is sealed has its own table.
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
    words tsvector not null generated always as (search_words(title, reference, body)) stored,
    constraint search_entry_unique primary key (source_kind, source_id)
);
create index search_entry_words on search_entry using gin (words) with (fastupdate = off);
create index search_entry_reference on search_entry (upper(reference));

-- Drafts, requests, confidential things: a few thousand rows behind both walls.
create table search_sealed (like search_entry including all);
select raise_wall('search_sealed');

-- Words of the open index by the level at which they stand, for compounds, typos and „Meinten Sie“. Nobody is
-- offered a word that stands only in what they may not open. `spelling` is the word as texts write it.
create table search_word (
    word text not null,
    level text not null,
    spelling text not null,
    constraint search_word_unique primary key (word, level)
);
create index search_word_shape on search_word using gin (word gin_trgm_ops);

-- Learns the words of a text. Two transactions that meet the same new word would wait on each other; the second one
-- leaves the words to the next text instead.
create function learn_words(texts text, levels text[]) returns void
language plpgsql as $$
begin
    if pg_try_advisory_xact_lock(7205205, 1) then
        insert into search_word (word, level, spelling)
        select fold_german(word), level, mode() within group (order by word)
        from regexp_split_to_table($1, '[^a-zA-Z0-9äöüÄÖÜß]+') word, unnest($2) level
        where length(fold_german(word)) between 4 and 40 and fold_german(word) ~ '[a-z]{3}'
        group by 1, 2
        on conflict on constraint search_word_unique do nothing;
    end if;
end $$;

-- A word and a phrase as they are looked for: in both spellings that search_words keeps.
create function word_query(word text) returns tsquery
language sql immutable parallel safe as $$
    select plainto_tsquery('pg_catalog.german', $1) || plainto_tsquery('pg_catalog.german', fold_german($1))
$$;

create function phrase_query(words text) returns tsquery
language sql immutable parallel safe as $$
    select phraseto_tsquery('pg_catalog.german', $1) || phraseto_tsquery('pg_catalog.german', fold_german($1))
$$;

-- A filter of a search: no choice, or one of the chosen values.
create function fits(held anyarray, chosen anyarray) returns boolean
language sql immutable parallel safe as $$ select $2 is null or $1 && $2 $$;

create aggregate any_of (tsquery) (sfunc = tsquery_or, stype = tsquery);
create aggregate all_of (tsquery) (sfunc = tsquery_and, stype = tsquery);
