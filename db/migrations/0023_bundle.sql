-- All papers of a meeting in one file: each reader's own.

-- What `keys` open of a meeting's papers, in the order of the agenda: files, and documents with their attachments. A paper
-- whose file or document is not open is left out. `whole` brings the text of documents along; without it their check sum.
-- The answer holds where bytes lie and is for the service alone.
create function bundle_papers(meeting uuid, keys text[], whole boolean) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('paper_id', p.id, 'item_id', i.id, 'item_number', i.number,
        'item_title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt'), 'title', p.title, 'version', p.version,
        'label', p.label, 'submitted_on', p.submitted_on,
        'level', case when 'confidential' in (p.confidentiality, d.confidentiality) then 'confidential' else p.confidentiality end,
        'files', case when d.id is null then (
            select jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type, 'size', f.size,
                'sha256', f.sha256, 'key', f.key))
            from file f where f.id = p.file_id)
            else (
            select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type,
                'size', f.size, 'sha256', f.sha256, 'key', f.key) order by f.name, f.id), '[]')
            from document_file t join file f on f.id = t.file_id
            where t.document_id = d.id and exists (
                select from file_use u where u.file_id = f.id and visible(u.audience, $2))) end,
        'document', case when d.id is not null then jsonb_build_object('id', d.id, 'reference', d.reference, 'title', d.title,
            'confidentiality', d.confidentiality, 'state', d.state, 'version', d.version, 'released_on', d.released_on,
            'updated_at', d.updated_at, 'legal_basis', d.legal_basis, 'owner_name', o.name, 'authority_name', h.short,
            'body', case when $3 then coalesce(nullif(d.body, ''), d.abstract) else md5(d.body || d.abstract) end) end)
        order by i."order", p.number), '[]')
    from paper p
    join agenda_item i on i.id = p.item_id
    left join agenda_content c on c.item_id = i.id and visible(c.audience, $2)
    left join document d on d.id = p.document_id and visible(d.audience, $2)
    left join person o on o.id = d.owner_id
    left join authority h on h.id = d.authority_id
    where p.meeting_id = $1 and visible(p.audience, $2) and item_open(i, $2)
        and case when p.document_id is null then exists (
            select from file_use u where u.file_id = p.file_id and visible(u.audience, $2)) else d.id is not null end
$$;

-- The PDF of all papers that one person had made: one for each person and meeting, replaced when it is asked for anew.
-- `papers`, `files` and `documents` are what it holds, so that each look asks again whether they are still open.
create table paper_bundle (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint paper_bundle_meeting_exists references meeting,
    person_id uuid not null constraint paper_bundle_person_exists references person,
    -- SHA-256 of the papers it is to hold, then of those it holds.
    digest text not null,
    -- Grows with every request; a worker that comes with an earlier one writes nothing.
    turn integer not null default 1,
    ready boolean not null default false,
    done integer not null default 0,
    total integer not null,
    papers uuid[] not null,
    files uuid[] not null,
    documents uuid[] not null,
    pages integer,
    size bigint,
    sha256 text,
    key text not null default '',
    asked_at timestamptz not null default now(),
    audience text[] not null generated always as (array['person:' || person_id::text]) stored,
    constraint paper_bundle_once unique (meeting_id, person_id)
);
select raise_wall('paper_bundle');

create function bundle_digest(meeting meeting, keys text[]) returns text
language sql stable as $$
    select encode(sha256(convert_to(jsonb_build_array($1.reference, $1.title, $1.date, bundle_papers($1.id, $2, false))::text,
        'UTF8')), 'hex')
$$;

-- Whether all that a bundle holds is still open to `keys`. A bundle that is not is as one that never was.
create function bundle_open(b paper_bundle, keys text[]) returns boolean
language sql stable as $$
    select visible($1.audience, $2)
        and exists (select from meeting m where m.id = $1.meeting_id and visible(m.audience, $2))
        and not exists (select from unnest($1.papers) x where not exists (
            select from paper p join agenda_item i on i.id = p.item_id
            where p.id = x and visible(p.audience, $2) and item_open(i, $2)))
        and not exists (select from unnest($1.files) x where not exists (
            select from file_use u where u.file_id = x and visible(u.audience, $2)))
        and not exists (select from unnest($1.documents) x where not exists (
            select from document d where d.id = x and visible(d.audience, $2)))
$$;

-- How far a bundle is. `current`: the reader may open the same papers today.
create function bundle_body(b paper_bundle, m meeting, keys text[]) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'meeting_reference', $2.reference,
        'state', case when $1.ready then 'ready' when exists (
            select from outbox o where o.job = 'meetings.build_bundle' and o.done_at is null and o.failed_at is null
                and o.arguments ->> 'bundle_id' = $1.id::text) then 'building' else 'failed' end,
        'done', $1.done, 'total', $1.total, 'pages', $1.pages, 'size', $1.size, 'sha256', $1.sha256,
        'current', $1.digest = bundle_digest($2, $3))
$$;

-- The same for a worker, which stands before no wall: while it gathers for somebody, the second wall stands as it does for
-- them.
create function bundle_for(m meeting, keys text[]) returns jsonb
language plpgsql stable as $$
declare
    open text := coalesce(current_setting('circle.system', true), '');
    before text := coalesce(current_setting('circle.wall', true), '');
    told jsonb;
begin
    perform set_config('circle.system', '', true);
    perform set_config('circle.wall', statement_timestamp() || ' ' || keys::text, true);
    told := jsonb_build_object('papers', bundle_papers(m.id, keys, true), 'digest', bundle_digest(m, keys));
    perform set_config('circle.wall', before, true);
    perform set_config('circle.system', open, true);
    return told;
end $$;
