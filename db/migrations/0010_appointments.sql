-- Appointments with proofs, attachments, successors and the notice to the ministry (decree Nr. 3).
alter table appointment
    add column requirements_confirmed_on date,
    -- When the open tasks went over to the successor; empty while a confidential one waits for the successor to be named.
    add column handed_over_on date,
    -- The first run of the hand-over: what the predecessor is asked to do after it is theirs.
    add column handover_began_on date,
    -- Whether the succession set the last day, and which stood there before: a succession entered by mistake gives it back.
    add column ended_by_succession boolean not null default false,
    add column end_before_succession date,
    -- Entered by mistake (irrtümlich erfasst): by whom, why, and the last day that had been entered.
    add column annulled_on date,
    add column annulled_by uuid constraint appointment_annuller_exists references person,
    add column annulled_reason text not null default '',
    add column annulled_to date,
    add constraint appointment_annulled_holds_never
        check ((annulled_on is not null) = (valid_to is not distinct from '-infinity'::date));

-- Where the commissioner is attached, from a day on (decree Nr. 4 (1)); `appointment.attached_to` is the first entry.
create table appointment_attachment (
    appointment_id uuid not null constraint appointment_attachment_appointment_exists references appointment,
    valid_from date not null,
    text text not null,
    set_by uuid constraint appointment_attachment_setter_exists references person,
    set_at timestamptz not null default now(),
    constraint appointment_attachment_unique primary key (appointment_id, valid_from)
);

-- That an appointment was made known. A withdrawn entry stays; its day leaves the appointment.
create table appointment_proof (
    id uuid primary key default gen_random_uuid(),
    appointment_id uuid not null constraint appointment_proof_appointment_exists references appointment,
    duty text not null constraint appointment_proof_duty_known
        check (duty in ('announced_internally', 'announced_externally', 'ministry_informed')),
    done_on date not null,
    reference text not null,
    proof text not null default '',
    file_id uuid constraint appointment_proof_file_exists references file,
    recorded_by uuid constraint appointment_proof_recorder_exists references person,
    recorded_at timestamptz not null default now(),
    withdrawn_on date,
    withdrawn_by uuid constraint appointment_proof_withdrawer_exists references person,
    withdrawn_reason text not null default ''
);
create unique index appointment_proof_one on appointment_proof (appointment_id, duty) where withdrawn_on is null;
create index appointment_proof_appointment on appointment_proof (appointment_id);

-- Which ministry is in charge of integration, from a day on. `recipient_id` is its mailbox.
create table responsible_ministry (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    short text not null,
    recipient_id uuid not null constraint responsible_ministry_recipient_exists references person,
    valid_from date not null constraint responsible_ministry_day_unique unique,
    set_by uuid constraint responsible_ministry_setter_exists references person
);

create table ministry_notice (
    id uuid primary key default gen_random_uuid(),
    reference text not null constraint ministry_notice_reference_unique unique,
    appointment_id uuid not null constraint ministry_notice_appointment_exists references appointment,
    ministry_id uuid not null constraint ministry_notice_ministry_exists references responsible_ministry,
    requested_by uuid not null constraint ministry_notice_requester_exists references person,
    requested_on date not null,
    dispatch_id uuid constraint ministry_notice_dispatch_unique unique
        constraint ministry_notice_dispatch_exists references dispatch,
    file_id uuid constraint ministry_notice_file_exists references file,
    sent_on date
);
create index ministry_notice_appointment on ministry_notice (appointment_id);

create function attachment_on(a appointment, day date) returns text
language sql stable as $$
    select coalesce((
        select t.text from appointment_attachment t where t.appointment_id = $1.id and t.valid_from <= $2
        order by t.valid_from desc limit 1), $1.attached_to)
$$;

-- An appointment as it stands on a day: its state follows from the dates alone.
create function appointment_body(a appointment, p person, house authority, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'person_id', $1.person_id, 'person_name', $2.name, 'person_active', $2.active,
        'authority_id', $1.authority_id, 'authority_key', $3.key, 'authority_name', $3.short, 'kind', $1.kind,
        'valid_from', $1.valid_from, 'order_date', $1.order_date,
        'valid_to', case when $1.annulled_on is null then $1.valid_to else $1.annulled_to end,
        'file_reference', $1.file_reference, 'attached_to', attachment_on($1, $4),
        'announced_internally_on', $1.announced_internally_on,
        'announced_externally_on', $1.announced_externally_on, 'ministry_informed_on', $1.ministry_informed_on,
        'requirements_confirmed_on', $1.requirements_confirmed_on, 'succeeded_by', $1.succeeded_by,
        'annulled_on', $1.annulled_on, 'annulled_reason', $1.annulled_reason,
        'annulled_by_name', (select q.name from person q where q.id = $1.annulled_by),
        'state', case when $1.annulled_on is not null then 'annulled' when $1.valid_from > $4 then 'prepared'
            when $1.valid_to < $4 then 'ended' else 'valid' end,
        'valid_today', $1.valid_from <= $4 and ($1.valid_to is null or $1.valid_to >= $4))
$$;

create function appointment_detail(a appointment, p person, house authority, day date) returns jsonb
language sql stable as $$
    select appointment_body($1, $2, $3, $4) || jsonb_build_object(
        'successor_name', (
            select q.name from appointment s join person q on q.id = s.person_id where s.id = $1.succeeded_by),
        'predecessors', (
            select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'person_name', q.name, 'valid_to', s.valid_to)
                order by s.valid_to, s.id), '[]')
            from appointment s join person q on q.id = s.person_id where s.succeeded_by = $1.id),
        'attachments', jsonb_build_array(jsonb_build_object(
                'valid_from', $1.valid_from, 'text', $1.attached_to, 'set_by_name', null)) || (
            select coalesce(jsonb_agg(jsonb_build_object('valid_from', t.valid_from, 'text', t.text,
                'set_by_name', q.name) order by t.valid_from), '[]')
            from appointment_attachment t left join person q on q.id = t.set_by where t.appointment_id = $1.id),
        'proofs', (
            select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'duty', o.duty, 'done_on', o.done_on,
                'reference', o.reference, 'proof', o.proof, 'file_id', o.file_id, 'file_name', f.name,
                'recorded_by_name', q.name, 'withdrawn_on', o.withdrawn_on, 'withdrawn_reason', o.withdrawn_reason)
                order by o.done_on, o.recorded_at, o.id), '[]')
            from appointment_proof o left join person q on q.id = o.recorded_by left join file f on f.id = o.file_id
            where o.appointment_id = $1.id),
        'notices', (
            select coalesce(jsonb_agg(jsonb_build_object('reference', n.reference, 'ministry_name', m.name,
                'requested_on', n.requested_on, 'requested_by_name', q.name, 'file_id', n.file_id,
                'dispatch_id', n.dispatch_id, 'sent_on', n.sent_on) order by n.requested_on, n.reference), '[]')
            from ministry_notice n join responsible_ministry m on m.id = n.ministry_id
            join person q on q.id = n.requested_by where n.appointment_id = $1.id))
$$;

-- What the notice to a ministry says about an appointment when somebody writes it on a day; its number comes with it.
create function notice_letter(a appointment, ministry responsible_ministry, sender uuid, day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('sent_on', $4, 'ministry_name', $2.name, 'authority_name', o.name, 'authority_short', o.short,
        'kind', $1.kind, 'person_name', trim(p.title || ' ' || p.name), 'function', p.function, 'email', p.email,
        'phone', p.phone, 'attached_to', attachment_on($1, $4), 'valid_from', $1.valid_from, 'valid_to', $1.valid_to,
        'order_date', $1.order_date, 'file_reference', $1.file_reference, 'predecessor_name', coalesce((
            select trim(v.title || ' ' || v.name) from appointment s join person v on v.id = s.person_id
            where s.succeeded_by = $1.id order by s.valid_to desc limit 1), ''),
        'sender_name', q.name, 'sender_role', q.function, 'sender_house', h.name, 'sender_seat', coalesce(h.seat, ''))
    from person p, authority o, person q join authority h on h.id = q.authority_id
    where p.id = $1.person_id and o.id = $1.authority_id and q.id = $3
$$;

-- Who was entitled on a day, house by house: the commissioner, and in their absence the deputy appointed then.
create function entitled_on(day date) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'authority_id', a.id, 'authority_key', a.key, 'authority_name', a.short,
        'appointment_id', c.id, 'commissioner_id', c.person_id, 'commissioner_name', p.name,
        'absent_until', w.ends_on, 'deputy_id', w.deputy_id, 'deputy_name', w.name,
        'entitled_id', case when w.ends_on is null then c.person_id else w.deputy_id end,
        'entitled_name', case when w.ends_on is null then p.name else w.name end) order by a.name), '[]')
    from authority a
    left join appointment c on c.authority_id = a.id and c.kind = 'commissioner'
        and c.valid_from <= $1 and (c.valid_to is null or c.valid_to >= $1)
    left join person p on p.id = c.person_id
    left join lateral (
        select b.ends_on, d.person_id as deputy_id, q.name
        from absence b
        left join appointment d on d.person_id = b.deputy_id and d.kind = 'deputy' and d.authority_id = a.id
            and d.valid_from <= $1 and (d.valid_to is null or d.valid_to >= $1)
        left join person q on q.id = d.person_id
        where b.person_id = c.person_id and b.starts_on <= $1 and b.ends_on >= $1
        order by d.id is null, b.starts_on, b.id limit 1
    ) w on true
    where a.kind = 'district_government'
$$;

-- What is missing for the appointments of a day (decree Nr. 3 S. 2 and 3); the decree sets no period.
create function open_duties(day date) returns table (
    appointment_id uuid, duty text, since date, kind text, person_id uuid, person_name text, authority_id uuid,
    authority_key text, authority_name text)
language sql stable as $$
    select b.id, d.duty, b.valid_from, b.kind, b.person_id, p.name, a.id, a.key, a.short
    from appointment b join person p on p.id = b.person_id join authority a on a.id = b.authority_id
    cross join lateral (values ('announced_internally', b.announced_internally_on),
        ('announced_externally', b.announced_externally_on), ('ministry_informed', b.ministry_informed_on)
    ) d (duty, done_on)
    where d.done_on is null and b.valid_from <= $1 and (b.valid_to is null or b.valid_to >= $1)
$$;

-- A task that came with the office: from whom, and when.
alter table task
    add column handed_over_from uuid constraint task_predecessor_exists references person,
    add column handed_over_on date;

create or replace function task_body(t task, keys text[], day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', t.id, 'reference', t.reference, 'title', t.title, 'owner_id', t.owner_id,
        'owner_name', (select name from person where id = t.owner_id), 'due', t.due, 'resubmission_on', t.resubmission_on,
        'item_id', t.item_id, 'source', t.source, 'meeting_reference', (
            select m.reference from agenda_item i join meeting m on m.id = i.meeting_id
            where i.id = t.item_id and visible(m.audience, $2)),
        'status', t.status, 'overdue', coalesce(t.status in ('open', 'accepted') and t.due < $3, false),
        'confidential', t.confidential, 'accepted_by', t.accepted_by, 'accepted_on', t.accepted_on,
        'declined_reason', t.declined_reason, 'done_on', t.done_on, 'created_by', t.created_by,
        'created_by_name', (select name from person where id = t.created_by),
        'handed_over_from_name', (select name from person where id = t.handed_over_from),
        'handed_over_on', t.handed_over_on)
$$;
