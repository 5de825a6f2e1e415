-- The own-house register (decree Nr. 4 and 5 a): what a commissioner does inside the own authority. It is for the acting
-- commissioner, deputy and assistant of that house and for nobody else, the competence centre included (Nr. 6: tasks are
-- done on own responsibility). The key `asking:<authority>` marks exactly these people.
create table department (
    id uuid primary key default gen_random_uuid(),
    authority_id uuid not null constraint department_authority_exists references authority,
    number text not null,
    name text not null,
    active boolean not null default true,
    revision integer not null default 1,
    audience text[] not null generated always as (array['asking:' || authority_id::text]) stored,
    constraint department_number_unique unique (authority_id, number)
);
select raise_wall('department');

create table report_to_head (
    id uuid primary key default gen_random_uuid(),
    authority_id uuid not null constraint report_to_head_authority_exists references authority,
    occasion text not null,
    field text not null constraint report_to_head_field_known check (field in ('concerns', 'intercultural_opening')),
    reported_on date not null,
    text text not null default '',
    outcome text not null default '',
    state text not null default 'draft' constraint report_to_head_state_known check (state in ('draft', 'open', 'told', 'closed')),
    -- The number of an agenda item or a request. Whether the reader may open that is decided there.
    source text not null default '',
    resubmission_on date,
    created_by uuid constraint report_to_head_author_exists references person,
    revision integer not null default 1,
    audience text[] not null generated always as (array['asking:' || authority_id::text]) stored,
    constraint report_to_head_told_has_outcome check (state <> 'told' or outcome <> '')
);
create index report_to_head_house on report_to_head (authority_id, reported_on);
select raise_wall('report_to_head');

-- One revision covers a measure and all that stands below it: who signs, signs the text that they saw.
create table measure (
    id uuid primary key default gen_random_uuid(),
    authority_id uuid not null constraint measure_authority_exists references authority,
    title text not null,
    description text not null default '',
    text_version integer not null default 1,
    lead_unit uuid constraint measure_lead_unit_exists references department,
    stage text not null constraint measure_stage_known
        check (stage in ('planned', 'in_development', 'in_introduction', 'implemented', 'ended')),
    draft boolean not null default true,
    resubmission_on date,
    created_by uuid constraint measure_author_exists references person,
    revision integer not null default 1,
    audience text[] not null generated always as (array['asking:' || authority_id::text]) stored
);
create index measure_house on measure (authority_id);
select raise_wall('measure');

create table measure_department (
    measure_id uuid not null constraint measure_department_measure_exists references measure on delete cascade,
    department_id uuid not null constraint measure_department_department_exists references department,
    audience text[] not null,
    constraint measure_department_unique primary key (measure_id, department_id)
);
select raise_wall('measure_department');

-- Each stage with its day, as it was told.
create table measure_stage (
    id bigint generated always as identity primary key,
    measure_id uuid not null constraint measure_stage_measure_exists references measure on delete cascade,
    stage text not null,
    changed_on date not null,
    note text not null default '',
    changed_by uuid constraint measure_stage_person_exists references person,
    audience text[] not null
);
create index measure_stage_measure on measure_stage (measure_id);
select raise_wall('measure_stage');

create table participation (
    id uuid primary key default gen_random_uuid(),
    measure_id uuid not null constraint participation_measure_exists references measure on delete cascade,
    department_id uuid not null constraint participation_department_exists references department,
    subject text not null default '',
    asked_on date not null,
    answer_due date,
    statement text not null default '',
    answered_on date,
    state text not null default 'open' constraint participation_state_known check (state in ('open', 'answered', 'closed')),
    closing_note text not null default '',
    audience text[] not null,
    constraint participation_days_ordered check (answer_due is null or answer_due >= asked_on),
    constraint participation_answered_has_statement check (state <> 'answered' or statement <> '' and answered_on is not null)
);
create index participation_measure on participation (measure_id);
select raise_wall('participation');

-- `earlier` keeps the signatures that a later text took away.
create table co_signature (
    measure_id uuid not null constraint co_signature_measure_exists references measure on delete cascade,
    step integer not null,
    department_id uuid not null constraint co_signature_department_exists references department,
    state text not null default 'open' constraint co_signature_state_known check (state in ('open', 'signed', 'refused')),
    initials text not null default '',
    signed_on date,
    remark text not null default '',
    text_version integer,
    reopened_on date,
    earlier jsonb not null default '[]',
    audience text[] not null,
    constraint co_signature_step_unique primary key (measure_id, step),
    constraint co_signature_signed_is_dated check (state = 'open' or initials <> '' and signed_on is not null),
    constraint co_signature_refused_has_reason check (state <> 'refused' or remark <> '')
);
select raise_wall('co_signature');

create function department_name(department uuid) returns text
language sql stable as $$ select number || ' ' || name from department where id = $1 $$;

create function department_body(d department) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', d.id, 'number', d.number, 'name', d.name, 'active', d.active, 'revision', d.revision)
$$;

create function report_body(r report_to_head, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', r.id, 'authority_id', r.authority_id, 'occasion', r.occasion, 'field', r.field,
        'reported_on', r.reported_on, 'text', r.text, 'outcome', r.outcome, 'state', r.state, 'source', r.source,
        'resubmission_on', r.resubmission_on, 'resubmitted', coalesce(r.state in ('draft', 'open') and r.resubmission_on <= $2, false),
        'created_by_name', (select name from person where id = r.created_by), 'revision', r.revision)
$$;

-- A measure with all that stands below it.
create function measure_body(m measure, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', m.id, 'authority_id', m.authority_id, 'title', m.title, 'description', m.description,
        'text_version', m.text_version, 'lead_unit', m.lead_unit, 'lead_unit_name', department_name(m.lead_unit),
        'stage', m.stage, 'draft', m.draft, 'resubmission_on', m.resubmission_on,
        'resubmitted', coalesce(m.stage <> 'ended' and m.resubmission_on <= $2, false),
        'created_by_name', (select name from person where id = m.created_by), 'revision', m.revision,
        'departments', (
            select coalesce(jsonb_agg(jsonb_build_object('id', d.id, 'name', d.number || ' ' || d.name) order by d.number), '[]')
            from measure_department u join department d on d.id = u.department_id where u.measure_id = m.id),
        'stages', (
            select coalesce(jsonb_agg(jsonb_build_object('stage', s.stage, 'changed_on', s.changed_on, 'note', s.note,
                'changed_by_name', (select name from person where id = s.changed_by)) order by s.id), '[]')
            from measure_stage s where s.measure_id = m.id),
        'participations', (
            select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'department_id', p.department_id,
                'department_name', department_name(p.department_id), 'subject', p.subject, 'asked_on', p.asked_on,
                'answer_due', p.answer_due, 'statement', p.statement, 'answered_on', p.answered_on, 'state', p.state,
                'closing_note', p.closing_note, 'overdue', coalesce(p.state = 'open' and p.answer_due < $2, false))
                order by p.asked_on, p.id), '[]')
            from participation p where p.measure_id = m.id),
        'co_signatures', (
            select coalesce(jsonb_agg(jsonb_build_object('step', c.step, 'department_id', c.department_id,
                'department_name', department_name(c.department_id), 'state', c.state, 'initials', c.initials,
                'signed_on', c.signed_on, 'remark', c.remark, 'text_version', c.text_version,
                'reopened_on', c.reopened_on, 'earlier', c.earlier) order by c.step), '[]')
            from co_signature c where c.measure_id = m.id))
$$;

-- The unit whose turn it is to sign: all before it have signed, and none after it can.
create function next_co_signature(measure uuid) returns text
language sql stable as $$
    select department_name(department_id) from co_signature
    where measure_id = $1 and state <> 'signed' order by step limit 1
$$;
