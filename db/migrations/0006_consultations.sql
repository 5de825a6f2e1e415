-- Consultation requests: open to the asking house, the office and those who work on them, whatever the level.
create table consultation (
    id uuid primary key default gen_random_uuid(),
    reference text not null constraint consultation_reference_unique unique,
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
    reviewed_by uuid constraint consultation_reviewed_by_exists references person,
    reviewed_on date,
    release_title text not null default '',
    release_text text not null default '',
    release_level text not null default '',
    released_on date,
    released_as uuid constraint consultation_document_exists references document,
    referred_to text not null default '',
    closed_on date,
    note text not null default '',
    revision integer not null default 1,
    constraint consultation_author_is_not_reviewer check (reviewed_by is null or reviewed_by is distinct from answered_by),
    constraint consultation_urgent_has_reason check (priority <> 'urgent' or urgency_reason <> ''),
    audience text[] not null generated always as (
        case when state = 'draft' then array['asking:' || authority_id::text]
            else array_remove(array['asking:' || authority_id::text, 'role:circle_office',
                'person:' || assignee_id::text, 'person:' || deputy_id::text,
                'person:' || reviewer_id::text, 'person:' || approver_id::text], null) end) stored
);
create index consultation_audience on consultation using gin (audience);
create index consultation_page on consultation (received_on desc, id);
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
