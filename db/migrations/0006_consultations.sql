-- By which keys a house sees a request of its own that was received on a day: a confidential one is open to the tenure of
-- its commissioner, in a vacancy to who asked, until it is handed over to the next.
create function house_keys(authority uuid, confidentiality text, day date, asker uuid) returns text[]
language sql stable as $$
    select coalesce(
        (select array_agg('tenure:' || c.id) from appointment c
            where $2 = 'confidential' and c.authority_id = $1 and c.kind = 'commissioner' and c.valid_from <= $3
                and (c.valid_to is null or c.valid_to >= $3)),
        array[case when $2 = 'confidential' then 'person:' || $4 else 'asking:' || $1 end])
$$;

-- Consultation requests: open to the asking house, the office and those who work on them, whatever the level.
create table consultation (
    id uuid primary key default gen_random_uuid(),
    -- Given at receipt. What never had a number was never received and stays with the asking house.
    reference text constraint consultation_reference_unique unique,
    subject text not null,
    question text not null,
    purpose text not null default '',
    tried text not null default '',
    topics text[] not null default '{}',
    priority text not null default 'normal' constraint consultation_priority_known check (priority in ('normal', 'urgent')),
    urgency_reason text not null default '',
    wish_date date,
    confidentiality text not null default 'circle' constraint consultation_level_known
        check (confidentiality in ('public', 'internal', 'circle', 'confidential')),
    contains_personal_data boolean not null default false,
    state text not null constraint consultation_state_known check (state in (
        'draft', 'received', 'clarification', 'assigned', 'in_progress', 'in_review', 'answered', 'release_review',
        'released', 'closed', 'withdrawn', 'referred', 'answered_from_stock')),
    requested_by uuid not null constraint consultation_requester_exists references person,
    authority_id uuid not null constraint consultation_authority_exists references authority,
    received_on date,
    acknowledge_by date,
    acknowledged_on date,
    due_on date,
    due_on_effective date,
    due_steps jsonb not null default '[]',
    assignee_id uuid constraint consultation_assignee_exists references person,
    deputy_id uuid constraint consultation_deputy_exists references person,
    reviewer_id uuid constraint consultation_reviewer_exists references person,
    approver_id uuid constraint consultation_approver_exists references person,
    answer text not null default '',
    answer_summary text not null default '',
    sources jsonb not null default '[]',
    review_note text not null default '',
    answered_by uuid constraint consultation_author_exists references person,
    answered_on date,
    -- The document that answered the request without a new text.
    answered_with uuid constraint consultation_stock_exists references document,
    reviewed_by uuid constraint consultation_reviewed_by_exists references person,
    reviewed_on date,
    proposed_by uuid constraint consultation_proposer_exists references person,
    release_title text not null default '',
    release_abstract text not null default '',
    release_text text not null default '',
    release_level text not null default '',
    release_topics text[] not null default '{}',
    release_review_on date,
    -- What the machine found in the proposal, and the proposer confirmed one by one.
    release_findings jsonb not null default '[]',
    released_on date,
    released_as uuid constraint consultation_document_exists references document,
    referred_to text not null default '',
    closed_on date,
    note text not null default '',
    -- The due date a reminder or an escalation was sent for; a moved date is reminded of anew.
    reminded_for date,
    escalated_for date,
    revision integer not null default 1,
    -- How the asking house sees it once it is received; empty is the whole house.
    house_keys text[] not null default '{}',
    constraint consultation_received_has_reference check (state in ('draft', 'withdrawn') or reference is not null),
    constraint consultation_author_is_not_reviewer check (reviewed_by is null or reviewed_by is distinct from answered_by),
    constraint consultation_proposer_is_not_approver check (approver_id is null or approver_id is distinct from proposed_by),
    constraint consultation_urgent_has_reason check (priority <> 'urgent' or urgency_reason <> ''),
    audience text[] not null generated always as (
        case when state = 'draft' or reference is null then array['asking:' || authority_id::text]
            else case when house_keys = '{}' then array['asking:' || authority_id::text] else house_keys end
                || array_remove(array['role:circle_office', 'expert:' || id::text,
                'person:' || assignee_id::text, 'person:' || deputy_id::text,
                'person:' || reviewer_id::text, 'person:' || approver_id::text], null) end) stored
);
create index consultation_audience on consultation using gin (audience);
create index consultation_page on consultation (received_on desc, id);
create index consultation_due on consultation (due_on_effective)
    where state in ('received', 'clarification', 'assigned', 'in_progress', 'in_review');
select raise_wall('consultation');

create table clarification (
    id uuid primary key default gen_random_uuid(),
    consultation_id uuid not null constraint clarification_consultation_exists references consultation,
    question text not null,
    asked_on date not null,
    asked_by uuid not null constraint clarification_asker_exists references person,
    reply text not null default '',
    replied_on date,
    replied_by uuid constraint clarification_replier_exists references person,
    audience text[] not null
);
create unique index clarification_one_open on clarification (consultation_id) where replied_on is null;
create index clarification_consultation on clarification (consultation_id);
select raise_wall('clarification');

create table consultation_file (
    consultation_id uuid not null constraint consultation_file_consultation_exists references consultation,
    file_id uuid not null constraint consultation_file_file_exists references file,
    part text not null default 'question' constraint consultation_file_part_known check (part in ('question', 'answer')),
    constraint consultation_file_unique primary key (consultation_id, file_id)
);

-- What was sent, together with the question as it stood. Never altered.
create table consultation_answer (
    consultation_id uuid primary key constraint consultation_answer_consultation_exists references consultation,
    frozen text not null,
    sha256 text not null,
    sent_on date not null,
    audience text[] not null
);
select raise_wall('consultation_answer');
select write_once('consultation_answer');

-- Late on a day: the clock stands while a clarification is open, and stops for good with the answer.
create function consultation_overdue(c consultation, day date) returns boolean
language sql stable as $$
    select c.state in ('received', 'clarification', 'assigned', 'in_progress', 'in_review')
        and c.due_on_effective < least($2, (
            select q.asked_on from clarification q where q.consultation_id = c.id and q.replied_on is null))
$$;

-- A confidential request that the commissioner of the day does not see: one is appointed, and it was asked under another
-- appointment. In a vacancy there is nobody to hand it to.
create function awaits_handover(c consultation, day date) returns boolean
language sql stable as $$
    select c.confidentiality = 'confidential' and c.house_keys <> '{}'
        and 'asking:' || c.authority_id <> all(c.house_keys) and exists (
            select from appointment a
            where a.authority_id = c.authority_id and a.kind = 'commissioner' and a.valid_from <= $2
                and (a.valid_to is null or a.valid_to >= $2) and 'tenure:' || a.id <> all(c.house_keys))
$$;

-- Who works on a request: of its audience, all but the asking house and its experts.
create function consultation_workers(c consultation) returns text[]
language sql immutable parallel safe as $$
    select array(select key from unnest(c.audience) key where key <> all(c.house_keys)
        and key not in ('asking:' || c.authority_id::text, 'expert:' || c.id::text))
$$;

-- Those who work on a request see the unsent answer, its review and the proposal for release; the asking house
-- and its experts do not.
create function consultation_works(c consultation, keys text[]) returns boolean
language sql immutable parallel safe as $$
    select $2 && consultation_workers(c)
$$;

-- Mails about a request are for who may see it now: an expert who wrote one and was replaced sees it no more.
create function dispatch_open(object_kind text, object_id uuid, keys text[]) returns boolean
language sql stable as $$
    select $1 <> 'consultation'
        or exists (select from consultation c where c.id = $2 and visible(c.audience, $3))
$$;

-- Two hats: the person belongs to a house, or is appointed there on a day.
create function acts_for(person uuid, own uuid, house uuid, day date) returns boolean
language sql stable as $$
    select $2 = $3 or exists (
        select from appointment a where a.person_id = $1 and a.authority_id = $3
            and a.valid_from <= $4 and (a.valid_to is null or a.valid_to >= $4))
$$;

-- Whether a person was ever called in on a request by its house: they never work on it for the competence centre.
create function was_expert(person uuid, consultation uuid) returns boolean
language sql stable as $$
    select exists (select from expert_involvement e where e.person_id = $1 and e.object_id = $2)
$$;

-- A request in a list.
create function consultation_line(c consultation, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', c.id, 'reference', c.reference, 'subject', c.subject, 'state', c.state,
        'priority', c.priority, 'confidentiality', c.confidentiality, 'topics', c.topics,
        'authority_id', c.authority_id, 'authority_name', a.short,
        'requested_by_id', c.requested_by, 'requested_by_name', p.name,
        'assignee_id', c.assignee_id, 'assignee_name', (select name from person where id = c.assignee_id),
        'received_on', c.received_on, 'acknowledge_by', c.acknowledge_by, 'acknowledged_on', c.acknowledged_on,
        'due_on', c.due_on, 'due_on_effective', c.due_on_effective, 'overdue', coalesce(consultation_overdue(c, $2), false),
        'answered_on', c.answered_on, 'released_on', c.released_on, 'closed_on', c.closed_on, 'revision', c.revision)
    from authority a, person p where a.id = c.authority_id and p.id = c.requested_by
$$;

-- The whole request as `keys` may see it on a day.
create function consultation_body(c consultation, keys text[], day date) returns jsonb
language sql stable as $$
    select consultation_line(c, $3) || jsonb_build_object('question', c.question, 'purpose', c.purpose, 'tried', c.tried,
        'urgency_reason', c.urgency_reason, 'wish_date', c.wish_date, 'contains_personal_data', c.contains_personal_data,
        'handover_open', 'role:circle_office' = any($2) and awaits_handover(c, $3),
        'due_steps', c.due_steps, 'deputy_id', c.deputy_id, 'deputy_name', (select name from person where id = c.deputy_id),
        'referred_to', c.referred_to, 'note', c.note,
        'clarifications', (
            select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'question', q.question, 'asked_on', q.asked_on,
                'asked_by_id', q.asked_by, 'asked_by_name', b.name, 'reply', nullif(q.reply, ''),
                'replied_on', q.replied_on, 'replied_by_id', q.replied_by,
                'replied_by_name', (select name from person where id = q.replied_by)) order by q.asked_on, q.replied_on nulls last), '[]')
            from clarification q join person b on b.id = q.asked_by where q.consultation_id = c.id and visible(q.audience, $2)),
        'files', (
            select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'content_type', f.content_type,
                'size', f.size, 'sha256', f.sha256, 'part', u.part) order by u.part desc, f.name), '[]')
            from consultation_file u join file f on f.id = u.file_id
            where u.consultation_id = c.id and (u.part = 'question' or shown.answer)),
        'answer', case when shown.answer then nullif(c.answer, '') end,
        'answer_summary', case when shown.answer then nullif(c.answer_summary, '') end,
        'sources', case when shown.answer then c.sources else '[]' end,
        'answered_by_id', case when shown.answer then c.answered_by end,
        'answered_by_name', case when shown.answer then (select name from person where id = c.answered_by) end,
        'sha256', (select s.sha256 from consultation_answer s where s.consultation_id = c.id and visible(s.audience, $2)),
        'answered_with', (
            select jsonb_build_object('id', d.id, 'reference', d.reference, 'title', d.title)
            from document d where d.id = c.answered_with and visible(d.audience, $2)),
        'released_as', (
            select jsonb_build_object('id', d.id, 'reference', d.reference, 'title', d.title)
            from document d where d.id = c.released_as and visible(d.audience, $2)),
        'reviewer_id', case when shown.works then c.reviewer_id end,
        'reviewer_name', case when shown.works then (select name from person where id = c.reviewer_id) end,
        'reviewed_by_id', case when shown.works then c.reviewed_by end,
        'reviewed_by_name', case when shown.works then (select name from person where id = c.reviewed_by) end,
        'reviewed_on', case when shown.works then c.reviewed_on end,
        'review_note', case when shown.works then nullif(c.review_note, '') end,
        'proposal', case when shown.works and c.proposed_by is not null then jsonb_build_object(
            'title', c.release_title, 'abstract', c.release_abstract, 'text', c.release_text, 'level', c.release_level,
            'topics', c.release_topics, 'review_on', c.release_review_on, 'findings', c.release_findings,
            'proposed_by_id', c.proposed_by, 'proposed_by_name', (select name from person where id = c.proposed_by),
            'approver_id', c.approver_id, 'approver_name', (select name from person where id = c.approver_id)) end)
    from (select works, works or (c.answered_on is not null and c.answered_with is null) as answer from consultation_works(c, $2) works) shown
$$;

-- What the forms of a request offer: people of the competence centre with their roles of the day, and the topics.
-- `conflicted` are those who belong to the asking house or act for it.
create function consultation_choices(asking uuid, keys text[], day date) returns jsonb
language sql stable as $$
    select jsonb_build_object(
        'staff', (
            select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'roles', r.roles,
                'conflicted', coalesce(acts_for(p.id, p.authority_id, $1, $3), false)) order by p.name), '[]')
            from person p cross join lateral (select roles_on(p.id, $3) as roles) r
            where p.active and 'internal' = any($2) and r.roles && array['circle_office', 'circle_moderator',
                'kfi_head', 'kfi_expert', 'knowledge_editor', 'quality_reviewer', 'release_approver']),
        'topics', (select coalesce(jsonb_agg(jsonb_build_array(t.id, t.label) order by t.label), '[]') from topic t))
$$;
