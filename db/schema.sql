-- The schema after all migrations, for reading. Written by „make snapshots“; change db/migrations instead.

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

COMMENT ON EXTENSION btree_gist IS 'support for indexing common datatypes in GiST';

CREATE EXTENSION IF NOT EXISTS fuzzystrmatch WITH SCHEMA public;

COMMENT ON EXTENSION fuzzystrmatch IS 'determine similarities and distance between strings';

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE EXTENSION IF NOT EXISTS unaccent WITH SCHEMA public;

COMMENT ON EXTENSION unaccent IS 'text search dictionary that removes accents';

CREATE TABLE absence (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_id uuid NOT NULL,
    deputy_id uuid NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    meeting_id uuid,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT absence_own_deputy CHECK ((deputy_id <> person_id)),
    CONSTRAINT absence_period_ordered CHECK ((ends_on >= starts_on))
);

CREATE FUNCTION absence_body(b absence, keys text[], day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', $1.id, 'person_id', $1.person_id, 'person_name', p.name, 'deputy_id', $1.deputy_id,
        'deputy_name', d.name, 'authority_id', a.id, 'authority_key', a.key, 'authority_name', a.short,
        'starts_on', $1.starts_on, 'ends_on', $1.ends_on,
        'meeting_id', m.id, 'meeting_reference', m.reference,
        'state', case when $1.starts_on > $3 then 'ahead' when $1.ends_on < $3 then 'over' else 'running' end)
    from person p join authority a on a.id = p.authority_id
    join person d on d.id = $1.deputy_id
    left join meeting m on m.id = $1.meeting_id and visible(m.audience, $2)
    where p.id = $1.person_id
$_$;

CREATE TABLE authority (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    key text NOT NULL,
    name text NOT NULL,
    short text NOT NULL,
    code text,
    seat text,
    kind text NOT NULL,
    parent_id uuid,
    address text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    website text DEFAULT ''::text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT authority_kind_known CHECK ((kind = ANY (ARRAY['district_government'::text, 'competence_centre'::text, 'ministry'::text, 'municipal'::text])))
);

CREATE TABLE person (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text,
    title text DEFAULT ''::text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    function text DEFAULT ''::text NOT NULL,
    authority_id uuid NOT NULL,
    active boolean DEFAULT true NOT NULL,
    password_hash text,
    letters_only boolean DEFAULT false NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    pending_email text,
    pending_by uuid,
    contact_email text DEFAULT ''::text NOT NULL,
    room text DEFAULT ''::text NOT NULL,
    hours text DEFAULT ''::text NOT NULL,
    public_fields text[] DEFAULT '{}'::text[] NOT NULL,
    contact_confirmed_on date,
    contact_reminded_on date,
    contact_doubtful_on date,
    CONSTRAINT person_letters_only_without_password CHECK (((NOT letters_only) OR (password_hash IS NULL))),
    CONSTRAINT person_pending_complete CHECK (((pending_email IS NULL) = (pending_by IS NULL))),
    CONSTRAINT person_public_fields_known CHECK ((public_fields <@ ARRAY['email'::text, 'phone'::text, 'room'::text, 'hours'::text]))
);

CREATE FUNCTION account_body(p person, house authority, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION acting_for(person uuid, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('role', f.role, 'person_id', p.id, 'name', p.name)
    from (
        select 'deputy' as role, b.person_id, 1 as rank
        from absence b
        join appointment c on c.person_id = b.person_id and c.kind = 'commissioner'
            and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
        join appointment d on d.person_id = b.deputy_id and d.kind = 'deputy' and d.authority_id = c.authority_id
            and d.valid_from <= $2 and (d.valid_to is null or d.valid_to >= $2)
        where b.deputy_id = $1 and b.starts_on <= $2 and b.ends_on >= $2
        union all
        select 'assistant', c.person_id, 2
        from role_grant g join person o on o.id = g.person_id
        join appointment c on c.authority_id = o.authority_id and c.kind = 'commissioner'
            and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
        where g.person_id = $1 and g.role = 'assistant' and g.valid_from <= $2 and (g.valid_to is null or g.valid_to >= $2)
    ) f join person p on p.id = f.person_id
    order by f.rank, p.name limit 1
$_$;

CREATE FUNCTION acts_for(person uuid, own uuid, house uuid, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $2 = $3 or exists (
        select from appointment a where a.person_id = $1 and a.authority_id = $3
            and a.valid_from <= $4 and (a.valid_to is null or a.valid_to >= $4))
$_$;

CREATE FUNCTION address_key(email text) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select sha256(convert_to(lower($1), 'UTF8'))
$_$;

CREATE FUNCTION agenda_as(meeting uuid, keys text[], own text[]) RETURNS json
    LANGUAGE plpgsql STABLE
    AS $$
declare
    before text := coalesce(current_setting('circle.wall', true), '');
    theirs jsonb;
begin
    perform set_config('circle.wall', statement_timestamp() || ' ' || keys::text, true);
    theirs := agenda_body(meeting, keys)::jsonb;
    perform set_config('circle.wall', before, true);
    return (
        select coalesce(json_agg(case when o.item ->> 'kind' is null then o.item
                else jsonb_set(t.item, '{papers}', (
                    select case when jsonb_typeof(t.item -> 'papers') = 'array' then coalesce((
                            select jsonb_agg(p.paper order by (p.paper ->> 'number')::integer)
                            from jsonb_array_elements(t.item -> 'papers') p (paper)
                            where exists (
                                select from jsonb_array_elements(o.item -> 'papers') q (paper)
                                where q.paper ->> 'id' = p.paper ->> 'id')), '[]')
                        else 'null' end)) end order by (t.item ->> 'order')::integer), '[]')
        from jsonb_array_elements(theirs) t (item)
        join jsonb_array_elements(agenda_body(meeting, own)::jsonb) o (item) on o.item ->> 'id' = t.item ->> 'id');
end $$;

CREATE FUNCTION agenda_body(meeting uuid, keys text[]) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select coalesce(json_agg(json_build_object('id', t.id, 'meeting_id', t.meeting_id, 'meeting_reference', t.reference,
        'order', t.n, 'number', t.number, 'status', t.status, 'frozen', t.frozen, 'late_submission', t.late_submission,
        'revision', t.revision, 'title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt'),
        'description', c.description, 'aim', c.aim, 'kind', c.kind,
        'confidentiality', coalesce(c.confidentiality, 'confidential'), 'rapporteur_id', c.rapporteur_id,
        'rapporteur_name', trim(r.title || ' ' || r.name), 'submitted_by_id', c.submitted_by,
        'submitted_by_name', trim(q.title || ' ' || q.name), 'authority_id', s.id, 'authority_name', s.short,
        'planned_minutes', c.planned_minutes, 'return_reason', c.return_reason,
        'minutes', case when t.told then c.minutes else left(c.minutes, 0) end, 'result', c.result,
        'resolution_text', c.resolution_text, 'votes', c.votes, 'reservations', c.reservations,
        'named', case when c.confidentiality = 'confidential' then (
            select coalesce(json_agg(json_build_object('id', p.id, 'name', p.name) order by p.name, p.id), '[]')
            from named_access n join person p on p.id = n.person_id where n.object_id = t.id) end,
        'papers', case when c.item_id is not null then (
            select coalesce(json_agg(paper_body(a, f, d, p) order by a.number), '[]')
            from paper a
            left join file f on f.id = a.file_id
            left join document d on d.id = a.document_id and visible(d.audience, $2)
            left join person p on p.id = a.author_id
            where a.item_id = t.id and visible(a.audience, $2)) end,
        'adjourned_to', case when c.item_id is not null then t.adjourned_to end,
        'adjourned_to_reference', case when c.item_id is not null and t.adjourned_to is not null then (
            select l.reference from agenda_item s join meeting l on l.id = s.meeting_id
            where s.id = t.adjourned_to and visible(l.audience, $2)) end) order by t.n), '[]')
    from (
        select i.*, m.reference, row_number() over (order by i."order") - 1 as n,
            m.state in ('minutes_draft', 'minutes_approved', 'filed')
                or $2 && array['role:circle_office', 'role:circle_moderator'] or exists (
                    select from minutes d where d.meeting_id = m.id
                        and $2 && array['person:' || d.keeper_id, 'person:' || d.chair_id]) as told
        from agenda_item i join meeting m on m.id = i.meeting_id
        where i.meeting_id = $1 and item_open(i, $2)
    ) t
    left join agenda_content c on c.item_id = t.id and visible(c.audience, $2)
    left join person q on q.id = c.submitted_by
    left join authority s on s.id = q.authority_id
    left join person r on r.id = c.rapporteur_id
$_$;

CREATE TABLE appointment (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_id uuid NOT NULL,
    authority_id uuid NOT NULL,
    kind text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    order_date date NOT NULL,
    file_reference text NOT NULL,
    attached_to text DEFAULT ''::text NOT NULL,
    announced_internally_on date,
    announced_externally_on date,
    ministry_informed_on date,
    succeeded_by uuid,
    revision integer DEFAULT 1 NOT NULL,
    requirements_confirmed_on date,
    handed_over_on date,
    handover_began_on date,
    ended_by_succession boolean DEFAULT false NOT NULL,
    end_before_succession date,
    annulled_on date,
    annulled_by uuid,
    annulled_reason text DEFAULT ''::text NOT NULL,
    annulled_to date,
    CONSTRAINT appointment_annulled_holds_never CHECK (((annulled_on IS NOT NULL) = (NOT (valid_to IS DISTINCT FROM '-infinity'::date)))),
    CONSTRAINT appointment_kind_known CHECK ((kind = ANY (ARRAY['commissioner'::text, 'deputy'::text]))),
    CONSTRAINT appointment_period_ordered CHECK (((valid_to IS NULL) OR (valid_to >= valid_from) OR (valid_to = '-infinity'::date)))
);

CREATE FUNCTION appointment_body(a appointment, p person, house authority, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION appointment_detail(a appointment, p person, house authority, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION attachment_on(a appointment, day date) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
    select coalesce((
        select t.text from appointment_attachment t where t.appointment_id = $1.id and t.valid_from <= $2
        order by t.valid_from desc limit 1), $1.attached_to)
$_$;

CREATE FUNCTION attendance_body(meeting uuid) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select coalesce(json_agg(json_build_object('person_id', a.person_id, 'name', trim(p.title || ' ' || p.name),
        'authority_id', h.id, 'authority_name', h.short, 'house', h.kind = 'district_government', 'status', a.status,
        'represented_by', a.represented_by,
        'represented_by_name', (select trim(d.title || ' ' || d.name) from person d where d.id = a.represented_by),
        'from_local', to_char(a.from_local, 'HH24:MI'), 'to_local', to_char(a.to_local, 'HH24:MI'))
        order by h.kind <> 'district_government', h.name, p.name, p.id), '[]')
    from attendance a join person p on p.id = a.person_id join authority h on h.id = p.authority_id
    where a.meeting_id = $1 and attends(a)
$_$;

CREATE TABLE attendance (
    meeting_id uuid NOT NULL,
    person_id uuid NOT NULL,
    status text NOT NULL,
    represented_by uuid,
    from_local time without time zone,
    to_local time without time zone,
    CONSTRAINT attendance_status_known CHECK ((status = ANY (ARRAY['present'::text, 'represented'::text, 'excused'::text, 'guest'::text, 'office'::text])))
);

CREATE TABLE meeting (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    date date NOT NULL,
    start_local time without time zone NOT NULL,
    end_local time without time zone NOT NULL,
    time_zone text DEFAULT 'Europe/Berlin'::text NOT NULL,
    mode text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    link text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'agenda_open'::text NOT NULL,
    file_reference text DEFAULT ''::text NOT NULL,
    deadlines jsonb DEFAULT '{}'::jsonb NOT NULL,
    procedure_version integer NOT NULL,
    invitation_sent_on date,
    agenda_version integer DEFAULT 0 NOT NULL,
    sequence integer DEFAULT 0 NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    moved_to uuid,
    reason text DEFAULT ''::text NOT NULL,
    calendar_id uuid,
    note text DEFAULT ''::text NOT NULL,
    convened_by uuid,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY['circle'::text, ('meeting:'::text || (id)::text)]) STORED NOT NULL,
    CONSTRAINT meeting_mode_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'online'::text, 'hybrid'::text]))),
    CONSTRAINT meeting_state_known CHECK ((state = ANY (ARRAY['planned'::text, 'agenda_open'::text, 'invited'::text, 'running'::text, 'held'::text, 'minutes_draft'::text, 'minutes_approved'::text, 'filed'::text, 'cancelled'::text, 'moved'::text]))),
    CONSTRAINT meeting_times_ordered CHECK ((end_local > start_local))
);

CREATE FUNCTION attended_times(m meeting, a attendance) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    with span as (
        select r as times from (
            select unnest(range_agg(tstzrange(s.arrived_at, coalesce(s.left_at, $1.ended_at)))) as r
            from presence s
            where s.meeting_id = $1.id and s.person_id = coalesce($2.represented_by, $2.person_id)
                and case $2.status when 'represented' then s.member_id = $2.person_id
                    when 'present' then s.authority_id is not null else true end) one
    )
    select case when count(*) > 1 then jsonb_agg(jsonb_build_object(
            'from_local', to_char(lower(times) at time zone $1.time_zone, 'HH24:MI'),
            'to_local', to_char(upper(times) at time zone $1.time_zone, 'HH24:MI')) order by times) else '[]' end
    from span
$_$;

CREATE FUNCTION attends(a attendance) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $1.status = 'excused' or exists (
            select from presence s
            where s.meeting_id = $1.meeting_id and case when $1.status = 'represented'
                then s.person_id = $1.represented_by and s.member_id = $1.person_id else s.person_id = $1.person_id end)
        or not exists (
            select from presence s join meeting m on m.id = s.meeting_id
            where m.id = $1.meeting_id and m.state = 'running')
$_$;

CREATE TABLE consultation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text,
    subject text NOT NULL,
    question text NOT NULL,
    purpose text DEFAULT ''::text NOT NULL,
    tried text DEFAULT ''::text NOT NULL,
    topics text[] DEFAULT '{}'::text[] NOT NULL,
    priority text DEFAULT 'normal'::text NOT NULL,
    urgency_reason text DEFAULT ''::text NOT NULL,
    wish_date date,
    confidentiality text DEFAULT 'circle'::text NOT NULL,
    contains_personal_data boolean DEFAULT false NOT NULL,
    state text NOT NULL,
    requested_by uuid NOT NULL,
    authority_id uuid NOT NULL,
    received_on date,
    acknowledge_by date,
    acknowledged_on date,
    due_on date,
    due_on_effective date,
    due_steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    assignee_id uuid,
    deputy_id uuid,
    reviewer_id uuid,
    approver_id uuid,
    answer text DEFAULT ''::text NOT NULL,
    answer_summary text DEFAULT ''::text NOT NULL,
    sources jsonb DEFAULT '[]'::jsonb NOT NULL,
    review_note text DEFAULT ''::text NOT NULL,
    answered_by uuid,
    answered_on date,
    answered_with uuid,
    reviewed_by uuid,
    reviewed_on date,
    proposed_by uuid,
    release_title text DEFAULT ''::text NOT NULL,
    release_abstract text DEFAULT ''::text NOT NULL,
    release_text text DEFAULT ''::text NOT NULL,
    release_level text DEFAULT ''::text NOT NULL,
    release_topics text[] DEFAULT '{}'::text[] NOT NULL,
    release_review_on date,
    release_findings jsonb DEFAULT '[]'::jsonb NOT NULL,
    released_on date,
    released_as uuid,
    referred_to text DEFAULT ''::text NOT NULL,
    closed_on date,
    note text DEFAULT ''::text NOT NULL,
    reminded_for date,
    escalated_for date,
    revision integer DEFAULT 1 NOT NULL,
    house_keys text[] DEFAULT '{}'::text[] NOT NULL,
    audience text[] GENERATED ALWAYS AS (
CASE
    WHEN ((state = 'draft'::text) OR (reference IS NULL)) THEN ARRAY[('asking:'::text || (authority_id)::text)]
    ELSE (
    CASE
        WHEN (house_keys = '{}'::text[]) THEN ARRAY[('asking:'::text || (authority_id)::text)]
        ELSE house_keys
    END || array_remove(ARRAY['role:circle_office'::text, ('expert:'::text || (id)::text), ('person:'::text || (assignee_id)::text), ('person:'::text || (deputy_id)::text), ('person:'::text || (reviewer_id)::text), ('person:'::text || (approver_id)::text)], NULL::text))
END) STORED NOT NULL,
    CONSTRAINT consultation_author_is_not_reviewer CHECK (((reviewed_by IS NULL) OR (reviewed_by IS DISTINCT FROM answered_by))),
    CONSTRAINT consultation_level_known CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text]))),
    CONSTRAINT consultation_priority_known CHECK ((priority = ANY (ARRAY['normal'::text, 'urgent'::text]))),
    CONSTRAINT consultation_proposer_is_not_approver CHECK (((approver_id IS NULL) OR (approver_id IS DISTINCT FROM proposed_by))),
    CONSTRAINT consultation_received_has_reference CHECK (((state = ANY (ARRAY['draft'::text, 'withdrawn'::text])) OR (reference IS NOT NULL))),
    CONSTRAINT consultation_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'received'::text, 'clarification'::text, 'assigned'::text, 'in_progress'::text, 'in_review'::text, 'answered'::text, 'release_review'::text, 'released'::text, 'closed'::text, 'withdrawn'::text, 'referred'::text, 'answered_from_stock'::text]))),
    CONSTRAINT consultation_urgent_has_reason CHECK (((priority <> 'urgent'::text) OR (urgency_reason <> ''::text)))
);

ALTER TABLE ONLY consultation FORCE ROW LEVEL SECURITY;

CREATE FUNCTION awaits_handover(c consultation, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select c.confidentiality = 'confidential' and c.house_keys <> '{}'
        and 'asking:' || c.authority_id <> all(c.house_keys) and exists (
            select from appointment a
            where a.authority_id = c.authority_id and a.kind = 'commissioner' and a.valid_from <= $2
                and (a.valid_to is null or a.valid_to >= $2) and 'tenure:' || a.id <> all(c.house_keys))
$_$;

CREATE TABLE ballot (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    text text NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    opened_by uuid,
    opened_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    voices uuid[],
    present integer,
    houses integer,
    needed integer,
    quorum boolean,
    consent integer,
    reservation integer,
    against integer,
    abstained integer,
    result text,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT ballot_counted CHECK (((state = 'closed'::text) = (num_nulls(voices, present, houses, needed, quorum, consent, reservation, against, abstained, result) = 0))),
    CONSTRAINT ballot_counts_no_debt CHECK ((LEAST(consent, reservation, against, abstained) >= 0)),
    CONSTRAINT ballot_ended CHECK (((state = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT ballot_kind_known CHECK ((kind = ANY (ARRAY['objection'::text, 'open'::text, 'by_name'::text]))),
    CONSTRAINT ballot_state_known CHECK ((state = ANY (ARRAY['open'::text, 'closed'::text, 'cancelled'::text]))),
    CONSTRAINT ballot_within_voices CHECK (((((consent + reservation) + against) + abstained) <= cardinality(voices)))
);

ALTER TABLE ONLY ballot FORCE ROW LEVEL SECURITY;

CREATE FUNCTION ballot_body(b ballot, reader uuid, at timestamp with time zone) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    with entitled as materialized (select * from entitled_at($1.item_id, $3)),
    own as materialized (select e.authority_id from entitled e where e.person_id = $2)
    select jsonb_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'item_id', $1.item_id, 'kind', $1.kind,
        'text', $1.text, 'state', $1.state, 'opened_at', $1.opened_at, 'ended_at', $1.ended_at,
        'present', $1.present, 'houses', $1.houses, 'needed', $1.needed, 'quorum', $1.quorum,
        'counts', case when $1.state = 'closed' then jsonb_build_object('consent', $1.consent,
            'reservation', $1.reservation, 'against', $1.against, 'abstained', $1.abstained) end,
        'voices', cardinality($1.voices), 'result', $1.result, 'open_reservations', (
            select count(*) from agenda_content c cross join jsonb_array_elements(c.reservations) r
            where c.item_id = $1.item_id and $1.state = 'closed' and r ->> 'resolved_on' is null),
        'mine', (select authority_id from own),
        'votes', (
            select coalesce(jsonb_agg(jsonb_build_object('authority_id', h.id, 'authority_name', h.short,
                'name', trim(p.title || ' ' || p.name), 'present', e.authority_id is not null,
                'voted', v.number is not null, 'choice', v.choice, 'reservation_kind', v.reservation_kind, 'text', v.text,
                'decide_by', v.decide_by, 'assumed', coalesce(v.assumed, false)) order by h.name), '[]')
            from authority h
            left join entitled e on e.authority_id = h.id
            left join lateral (
                select l.number, l.person_id, l.assumed, t.told, case when t.told then l.choice end as choice,
                    case when t.told then l.reservation_kind end as reservation_kind,
                    case when t.told then l.text end as text, case when t.told then l.decide_by end as decide_by
                from ballot_vote l cross join lateral (
                    select $1.state = 'closed' or ($1.kind <> 'by_name' and $1.state = 'open')
                        or h.id in (select authority_id from own) as told) t
                where l.ballot_id = $1.id and l.authority_id = h.id order by l.number desc limit 1) v on true
            left join person p on p.id = coalesce(v.person_id, e.person_id)
            where v.number is not null or case when $1.state = 'closed' then h.id = any($1.voices)
                else e.authority_id is not null end),
        'revision', $1.revision)
$_$;

CREATE TABLE paper_bundle (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    person_id uuid NOT NULL,
    digest text NOT NULL,
    turn integer DEFAULT 1 NOT NULL,
    ready boolean DEFAULT false NOT NULL,
    done integer DEFAULT 0 NOT NULL,
    total integer NOT NULL,
    papers uuid[] NOT NULL,
    files uuid[] NOT NULL,
    documents uuid[] NOT NULL,
    pages integer,
    size bigint,
    sha256 text,
    key text DEFAULT ''::text NOT NULL,
    asked_at timestamp with time zone DEFAULT now() NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY[('person:'::text || (person_id)::text)]) STORED NOT NULL
);

ALTER TABLE ONLY paper_bundle FORCE ROW LEVEL SECURITY;

CREATE FUNCTION bundle_body(b paper_bundle, m meeting, keys text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'meeting_reference', $2.reference,
        'state', case when $1.ready then 'ready' when exists (
            select from outbox o where o.job = 'meetings.build_bundle' and o.done_at is null and o.failed_at is null
                and o.arguments ->> 'bundle_id' = $1.id::text) then 'building' else 'failed' end,
        'done', $1.done, 'total', $1.total, 'pages', $1.pages, 'size', $1.size, 'sha256', $1.sha256,
        'current', $1.digest = bundle_digest($2, $3))
$_$;

CREATE FUNCTION bundle_digest(meeting meeting, keys text[]) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
    select encode(sha256(convert_to(jsonb_build_array($1.reference, $1.title, $1.date, bundle_papers($1.id, $2, false))::text,
        'UTF8')), 'hex')
$_$;

CREATE FUNCTION bundle_for(m meeting, keys text[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION bundle_open(b paper_bundle, keys text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select visible($1.audience, $2)
        and exists (select from meeting m where m.id = $1.meeting_id and visible(m.audience, $2))
        and not exists (select from unnest($1.papers) x where not exists (
            select from paper p join agenda_item i on i.id = p.item_id
            where p.id = x and visible(p.audience, $2) and item_open(i, $2)))
        and not exists (select from unnest($1.files) x where not exists (
            select from file_use u where u.file_id = x and visible(u.audience, $2)))
        and not exists (select from unnest($1.documents) x where not exists (
            select from document d where d.id = x and visible(d.audience, $2)))
$_$;

CREATE FUNCTION bundle_papers(meeting uuid, keys text[], whole boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION consultation_body(c consultation, keys text[], day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION consultation_choices(asking uuid, keys text[], day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object(
        'staff', (
            select coalesce(jsonb_agg(jsonb_build_object('id', p.id, 'name', p.name, 'roles', r.roles,
                'conflicted', coalesce(acts_for(p.id, p.authority_id, $1, $3), false)) order by p.name), '[]')
            from person p cross join lateral (select roles_on(p.id, $3) as roles) r
            where p.active and 'internal' = any($2) and r.roles && array['circle_office', 'circle_moderator',
                'kfi_head', 'kfi_expert', 'knowledge_editor', 'quality_reviewer', 'release_approver']),
        'topics', (select coalesce(jsonb_agg(jsonb_build_array(t.id, t.label) order by t.label), '[]') from topic t))
$_$;

CREATE FUNCTION consultation_line(c consultation, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', c.id, 'reference', c.reference, 'subject', c.subject, 'state', c.state,
        'priority', c.priority, 'confidentiality', c.confidentiality, 'topics', c.topics,
        'authority_id', c.authority_id, 'authority_name', a.short,
        'requested_by_id', c.requested_by, 'requested_by_name', p.name,
        'requested_for', acting_for(c.requested_by, coalesce(c.received_on, $2)),
        'assignee_id', c.assignee_id, 'assignee_name', (select name from person where id = c.assignee_id),
        'received_on', c.received_on, 'acknowledge_by', c.acknowledge_by, 'acknowledged_on', c.acknowledged_on,
        'due_on', c.due_on, 'due_on_effective', c.due_on_effective, 'overdue', coalesce(consultation_overdue(c, $2), false),
        'answered_on', c.answered_on, 'released_on', c.released_on, 'closed_on', c.closed_on, 'revision', c.revision)
    from authority a, person p where a.id = c.authority_id and p.id = c.requested_by
$_$;

CREATE FUNCTION consultation_overdue(c consultation, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select c.state in ('received', 'clarification', 'assigned', 'in_progress', 'in_review')
        and c.due_on_effective < least($2, (
            select q.asked_on from clarification q where q.consultation_id = c.id and q.replied_on is null))
$_$;

CREATE FUNCTION consultation_workers(c consultation) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select array(select key from unnest(c.audience) key where key <> all(c.house_keys)
        and key not in ('asking:' || c.authority_id::text, 'expert:' || c.id::text))
$$;

CREATE FUNCTION consultation_works(c consultation, keys text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select $2 && consultation_workers(c)
$_$;

CREATE FUNCTION contact_due(p person, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $1.active and coalesce($1.contact_confirmed_on + interval '6 months' < $2, true)
        and 'internal' = any(keys_on($1.id, $1.authority_id, roles_on($1.id, $2), $2))
$_$;

CREATE FUNCTION count_in_minutes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update minutes set revision = revision + 1 where meeting_id = new.meeting_id and state = 'sent';
    return null;
end $$;

CREATE TABLE date_poll (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    title text NOT NULL,
    mode text NOT NULL,
    place text DEFAULT ''::text NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    answer_until date NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    meeting_id uuid,
    created_by uuid,
    created_on date NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY['circle'::text]) STORED NOT NULL,
    CONSTRAINT date_poll_fixed_by_a_meeting CHECK (((state = 'fixed'::text) = (meeting_id IS NOT NULL))),
    CONSTRAINT date_poll_mode_known CHECK ((mode = ANY (ARRAY['in_person'::text, 'online'::text, 'hybrid'::text]))),
    CONSTRAINT date_poll_state_known CHECK ((state = ANY (ARRAY['open'::text, 'fixed'::text, 'closed'::text])))
);

CREATE FUNCTION date_poll_body(poll date_poll, keys text[], reader uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', $1.id, 'title', $1.title, 'mode', $1.mode, 'place', $1.place, 'note', $1.note,
        'answer_until', $1.answer_until, 'state', $1.state, 'created_on', $1.created_on,
        'meeting_reference', (select m.reference from meeting m where m.id = $1.meeting_id and visible(m.audience, $2)),
        'asked', (select count(*) from date_poll_person p where p.poll_id = $1.id),
        'answered', (select count(distinct a.person_id) from date_poll_answer a where a.poll_id = $1.id),
        'asks_me', exists (select from date_poll_person p where p.poll_id = $1.id and p.person_id = $3),
        'dates', (
            select jsonb_agg(jsonb_build_object('number', d.number, 'date', d.date,
                'start_local', to_char(d.start_local, 'HH24:MI'), 'end_local', to_char(d.end_local, 'HH24:MI'),
                'yes', a.yes, 'if_needed', a.if_needed, 'no', a.no, 'mine', a.mine) order by d.number)
            from date_poll_date d cross join lateral (
                select count(*) filter (where w.answer = 'yes') as yes,
                    count(*) filter (where w.answer = 'if_needed') as if_needed,
                    count(*) filter (where w.answer = 'no') as no,
                    max(w.answer) filter (where w.person_id = $3) as mine
                from date_poll_answer w where w.poll_id = d.poll_id and w.number = d.number) a
            where d.poll_id = $1.id),
        'people', (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', p.id, 'name', trim(p.title || ' ' || p.name),
                'authority_name', h.short,
                'answers', (
                    select coalesce(jsonb_object_agg(a.number, a.answer), '{}')
                    from date_poll_answer a where a.poll_id = $1.id and a.person_id = p.id)) order by h.name, p.name), '[]')
            from date_poll_person q join person p on p.id = q.person_id join authority h on h.id = p.authority_id
            where q.poll_id = $1.id),
        'revision', $1.revision)
$_$;

CREATE TABLE department (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    authority_id uuid NOT NULL,
    number text NOT NULL,
    name text NOT NULL,
    active boolean DEFAULT true NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY[('asking:'::text || (authority_id)::text)]) STORED NOT NULL
);

ALTER TABLE ONLY department FORCE ROW LEVEL SECURITY;

CREATE FUNCTION department_body(d department) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    select jsonb_build_object('id', d.id, 'number', d.number, 'name', d.name, 'active', d.active, 'revision', d.revision)
$$;

CREATE FUNCTION department_name(department uuid) RETURNS text
    LANGUAGE sql STABLE
    AS $_$ select number || ' ' || name from department where id = $1 $_$;

CREATE FUNCTION dispatch_open(object_kind text, object_id uuid, keys text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $1 <> 'consultation'
        or exists (select from consultation c where c.id = $2 and visible(c.audience, $3))
$_$;

CREATE FUNCTION document_audience(id uuid, owner_id uuid, confidentiality text, state text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select case
        when $3 = 'confidential' then array['named:' || $1::text, 'person:' || $2::text]
        when $4 in ('draft', 'in_review') then array['person:' || $2::text, 'named:' || $1::text,
            'role:knowledge_editor', 'role:quality_reviewer', 'role:release_approver', 'role:kfi_head',
            'role:circle_office']
        else array[$3, 'person:' || $2::text]
    end
$_$;

CREATE FUNCTION end_speech(meeting uuid, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    AS $_$
declare before text := coalesce(current_setting('circle.system', true), '');
begin
    perform set_config('circle.system', 'on', true);
    update speech_request set state = 'done', ended_at = $2 where meeting_id = $1 and state = 'speaking';
    perform set_config('circle.system', before, true);
end $_$;

CREATE FUNCTION entitled_at(item uuid, at timestamp with time zone) RETURNS TABLE(authority_id uuid, person_id uuid, member_id uuid)
    LANGUAGE sql STABLE
    AS $_$
    select p.authority_id, p.person_id, p.member_id
    from agenda_content c
    join presence p on p.meeting_id = c.meeting_id and p.authority_id is not null and p.arrived_at <= $2
        and (p.left_at is null or p.left_at > $2)
    join person q on q.id = p.person_id
    cross join lateral (select ($2 at time zone 'Europe/Berlin')::date as day) d
    where c.item_id = $1 and (c.confidentiality <> 'confidential'
        or c.audience && keys_on(q.id, q.authority_id, roles_on(q.id, d.day), d.day))
$_$;

CREATE FUNCTION entitled_on(day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION experts_of(kind text, object_id uuid, keys text[], day date) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select (
        select coalesce(json_agg(json_build_object('id', e.id, 'object_kind', e.object_kind, 'object_id', e.object_id,
            'person_id', e.person_id, 'person_name', trim(p.title || ' ' || p.name), 'authority_id', e.authority_id,
            'authority_name', h.short, 'valid_from', e.valid_from, 'valid_to', e.valid_to) order by p.name, e.id), '[]')
        from expert_involvement e join person p on p.id = e.person_id join authority h on h.id = e.authority_id
        where e.object_id = $2 and e.object_kind = $1 and e.valid_from <= $4
            and coalesce(e.ended_on - 1, e.valid_to) >= $4)
    where case $1
        when 'agenda_item' then exists (
            select from agenda_item i join agenda_content c on c.item_id = i.id join meeting m on m.id = i.meeting_id
            where i.id = $2 and visible(c.audience, $3) and item_open(i, $3)
                and (visible(m.audience, $3) or 'expert:' || i.id = any($3)))
        else exists (select from consultation c where c.id = $2 and visible(c.audience, $3)) end
$_$;

CREATE FUNCTION fits(held anyarray, chosen anyarray) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$ select $2 is null or $1 && $2 $_$;

CREATE FUNCTION fold_german(words text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select replace(replace(replace(replace(lower($1), 'ä', 'ae'), 'ö', 'oe'), 'ü', 'ue'), 'ß', 'ss')
$_$;

CREATE FUNCTION grant_runtime(runtime name) RETURNS void
    LANGUAGE plpgsql
    AS $$
declare target text;
begin
    execute format('grant usage on schema public to %I', runtime);
    execute format('grant select, insert, update, delete on all tables in schema public to %I', runtime);
    execute format('grant usage on all sequences in schema public to %I', runtime);
    for target in select tgrelid::regclass::text from pg_trigger where tgname = 'written_once' loop
        execute format('revoke update, delete on %s from %I', target, runtime);
    end loop;
    execute format('revoke insert, update, delete on migration from %I', runtime);
end $$;

CREATE FUNCTION hats_on(p person, keys text[], day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select coalesce(jsonb_agg(jsonb_build_object('authority_key', h.key, 'authority_name', h.short, 'roles', h.roles)
        order by h.id <> $1.authority_id, h.short), '[]')
    from (
        select a.id, a.key, a.short, array_agg(distinct held.role order by held.role) as roles
        from (
            select $1.authority_id as house, g.role from role_grant g
            where g.person_id = $1.id and g.valid_from <= $3 and (g.valid_to is null or g.valid_to >= $3)
                and $2 && array['internal', 'role:technical_admin']
            union all
            select b.authority_id, b.kind from appointment b
            where b.person_id = $1.id and b.valid_from <= $3 and (b.valid_to is null or b.valid_to >= $3)
                and ($2 && array['internal', 'role:technical_admin']
                    or b.kind = 'commissioner' and b.announced_externally_on <= $3)
        ) held
        join authority a on a.id = held.house
        group by a.id
    ) h
$_$;

CREATE FUNCTION house_in_directory(house_kind text, keys text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select $2 && array['public', 'role:technical_admin'] and ($1 <> 'municipal' or $2 && array['circle', 'role:technical_admin'])
$_$;

CREATE FUNCTION house_keys(authority uuid, confidentiality text, day date, asker uuid) RETURNS text[]
    LANGUAGE sql STABLE
    AS $_$
    select coalesce(
        (select array_agg('tenure:' || c.id) from appointment c
            where $2 = 'confidential' and c.authority_id = $1 and c.kind = 'commissioner' and c.valid_from <= $3
                and (c.valid_to is null or c.valid_to >= $3)),
        array[case when $2 = 'confidential' then 'person:' || $4 else 'asking:' || $1 end])
$_$;

CREATE FUNCTION in_directory(p person, house_kind text, keys text[], day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $1.active and case
        when 'internal' = any($3) then $2 <> 'municipal' or 'circle' = any($3)
        when 'role:technical_admin' = any($3) then true
        else 'public' = any($3) and is_announced($1.id, $4)
    end
$_$;

CREATE TABLE invitee (
    meeting_id uuid NOT NULL,
    person_id uuid NOT NULL,
    invited_on date NOT NULL,
    as_deputy boolean DEFAULT false NOT NULL,
    reminded_on date
);

CREATE FUNCTION invitee_body(i invitee, m meeting, inside boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('person_id', p.id, 'name', trim(p.title || ' ' || p.name), 'authority_id', a.id,
        'authority_name', a.short, 'house', a.kind = 'district_government',
        'commissioner', r.roles && array['commissioner'], 'voice', r.roles && array['commissioner', 'deputy'],
        'invited_on', $1.invited_on, 'reminded_on', $1.reminded_on,
        'answer', l.answer, 'deputy_id', l.deputy_id, 'way', l.way, 'answered_at', l.answered_at,
        'deputy_name', (select trim(d.title || ' ' || d.name) from person d where d.id = l.deputy_id),
        'acting_id', b.deputy_id,
        'acting_name', (select trim(d.title || ' ' || d.name) from person d where d.id = b.deputy_id),
        'note', case when $3 then coalesce(l.note, '') end,
        'history', case when $3 then (
            select coalesce(jsonb_agg(jsonb_build_object('answer', y.answer, 'note', y.note, 'way', y.way,
                'answered_at', y.answered_at,
                'deputy_name', (select trim(d.title || ' ' || d.name) from person d where d.id = y.deputy_id),
                'entered_by_name', (select e.name from person e where e.id = y.entered_by)) order by y.number desc), '[]')
            from reply y where y.meeting_id = $1.meeting_id and y.person_id = $1.person_id) end)
    from person p join authority a on a.id = p.authority_id
    cross join lateral (select roles_on(p.id, $2.date) as roles) r
    left join lateral (
        select y.* from reply y where y.meeting_id = $1.meeting_id and y.person_id = $1.person_id
        order by y.number desc limit 1) l on true
    left join absence b on b.person_id = p.id and $2.date between b.starts_on and b.ends_on
    where p.id = $1.person_id
$_$;

CREATE FUNCTION is_announced(person uuid, day date) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select exists (
        select from appointment a
        where a.person_id = $1 and a.kind = 'commissioner' and a.announced_externally_on <= $2
            and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
    )
$_$;

CREATE TABLE agenda_item (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    "order" integer NOT NULL,
    number text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'registered'::text NOT NULL,
    frozen boolean DEFAULT false NOT NULL,
    late_submission boolean DEFAULT false NOT NULL,
    adjourned_to uuid,
    standing text,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT agenda_item_standing_known CHECK ((standing = ANY (ARRAY['first'::text, 'last'::text]))),
    CONSTRAINT agenda_item_status_known CHECK ((status = ANY (ARRAY['registered'::text, 'returned'::text, 'admitted'::text, 'on_agenda'::text, 'treated'::text, 'adjourned'::text, 'removed'::text, 'withdrawn'::text])))
);

CREATE FUNCTION item_open(item agenda_item, keys text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select $1.status = 'admitted' or $1.frozen or $2 && array['role:circle_office', 'role:circle_moderator']
        or proposal_open($1.id, $2)
$_$;

CREATE FUNCTION item_presence(m meeting, item uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    with called as (
        select tstzrange(c.called_at, c.ended_at) as span from item_call c
        where c.item_id = $2 and c.ended_at is distinct from c.called_at
    ),
    treated as (select range_agg(span) as spans from called having count(*) > 0),
    there as (
        select s.person_id, range_agg(tstzrange(s.arrived_at, s.left_at)) as spans,
            bool_or(s.authority_id is not null) as voice
        from presence s where s.meeting_id = $1.id group by s.person_id
    ),
    change as (
        select t.person_id, 'absent' as kind, null::timestamptz as at from there t, treated c
        where t.voice and not t.spans && c.spans
        union all
        select t.person_id, 'came', lower(r) from there t cross join unnest(t.spans) r join called c on c.span @> lower(r)
        where lower(r) > lower(c.span)
        union all
        select t.person_id, 'left', upper(r) from there t cross join unnest(t.spans) r join called c on c.span @> upper(r)
        where upper(r) > lower(c.span)
        union all
        select s.person_id, 'voice', s.arrived_at from presence s join called c on c.span @> s.arrived_at
        where s.meeting_id = $1.id and s.arrived_at > lower(c.span) and exists (
            select from presence b
            where b.meeting_id = s.meeting_id and b.authority_id = s.authority_id and b.left_at = s.arrived_at)
    )
    select coalesce(jsonb_agg(jsonb_build_object('kind', x.kind, 'name', trim(p.title || ' ' || p.name),
        'authority_name', h.short, 'at_local', to_char(x.at at time zone $1.time_zone, 'HH24:MI'))
        order by x.at nulls first, x.kind, h.name, p.name, p.id), '[]')
    from change x join person p on p.id = x.person_id join authority h on h.id = p.authority_id
$_$;

CREATE FUNCTION keep_approved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.state in ('approved', 'approved_with_changes')
        and (tg_op = 'DELETE' or to_jsonb(new) - 'revision' <> to_jsonb(old) - 'revision') then
        raise exception 'approved minutes stay' using errcode = 'restrict_violation', constraint = 'written_once';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$;

CREATE FUNCTION keys_on(person uuid, authority uuid, roles text[], day date) RETURNS text[]
    LANGUAGE plpgsql STABLE
    AS $_$
#variable_conflict use_column
begin
    return case when $3 = '{}' then '{}' else array['person:' || $1] end
        || case when not $3 <@ array['technical_admin', 'data_protection_officer'] then array['public'] else '{}' end
        || case when $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'kfi_expert', 'knowledge_editor',
            'quality_reviewer', 'release_approver', 'records_manager', 'assistant', 'regional_staff', 'commissioner',
            'deputy', 'ministry_observer'] then array['internal'] else '{}' end
        || case when $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'quality_reviewer',
            'release_approver', 'records_manager', 'commissioner', 'deputy'] then array['circle'] else '{}' end
        || case when $3 && array['commissioner', 'deputy', 'assistant'] then array['asking:' || $2] else '{}' end
        || array(
            select 'role:' || role from unnest($3) role
            union all
            select 'meeting:' || a.meeting_id from attendance a
            where a.person_id = $1 and $3 <> '{}' and not $3 && array['technical_admin']
            union all
            select 'meeting:' || a.meeting_id from attendance a
            join meeting m on m.id = a.meeting_id and m.date >= $4 - 365
            where a.represented_by = $1 and not $3 && array['technical_admin']
            union all
            select 'papers:' || m.id from meeting m
            where m.date >= $4 and $3 <> '{}' and not $3 && array['technical_admin'] and exists (
                select from attendance a where a.meeting_id = m.id and $1 in (a.person_id, a.represented_by))
            union all
            select unnest(array['meeting:' || b.meeting_id, 'papers:' || b.meeting_id]) from absence b
            join appointment d on d.person_id = b.deputy_id and d.kind = 'deputy'
            join appointment c on c.person_id = b.person_id and c.kind = 'commissioner' and c.authority_id = d.authority_id
            where b.deputy_id = $1 and b.meeting_id is not null and b.ends_on >= $4
                and $4 between d.valid_from and coalesce(d.valid_to, 'infinity')
                and b.ends_on between d.valid_from and coalesce(d.valid_to, 'infinity')
                and b.ends_on between c.valid_from and coalesce(c.valid_to, 'infinity')
            union all
            select 'tenure:' || c.id from appointment c
            where c.authority_id = $2 and c.kind = 'commissioner' and $3 && array['commissioner', 'deputy', 'assistant']
                and c.valid_from <= $4 and (c.valid_to is null or c.valid_to >= $4)
            union all
            select 'named:' || n.object_id from named_access n
            where n.person_id = $1 and $3 && array['circle_office', 'circle_moderator', 'kfi_head', 'kfi_expert',
                'knowledge_editor', 'quality_reviewer', 'release_approver', 'commissioner', 'deputy',
                'data_protection_officer']
            union all
            select 'expert:' || e.object_id from expert_involvement e
            where e.person_id = $1 and e.authority_id = $2
                and e.valid_from <= $4 and coalesce(e.ended_on - 1, e.valid_to) >= $4);
end $_$;

CREATE FUNCTION late_invitees(m meeting, day date) RETURNS TABLE(person_id uuid, name text, authority_name text, deputy boolean)
    LANGUAGE sql STABLE
    AS $_$
    select p.id, trim(p.title || ' ' || p.name), a.short, not s.member
    from person p join authority a on a.id = p.authority_id
    cross join lateral (
        select exists (
                select from appointment b where b.person_id = p.id and b.kind = 'commissioner'
                    and b.valid_from <= least($2, $1.date) and (b.valid_to is null or b.valid_to >= $1.date)) as member,
            exists (
                select from absence b
                where b.deputy_id = p.id and $1.date between b.starts_on and b.ends_on
                    and roles_on(p.id, $1.date) && array['deputy'] and not exists (
                        select from attendance t where t.meeting_id = $1.id and t.person_id = b.person_id
                            and t.represented_by is distinct from p.id)) as acting) s
    where $1.state = 'invited' and $1.date >= $2 and p.active and (s.member or s.acting)
        and exists (select from agenda_version v where v.meeting_id = $1.id)
        and not exists (select from invitee i where i.meeting_id = $1.id and i.person_id = p.id)
    order by a.name, p.name, p.id
$_$;

CREATE FUNCTION learn_words(texts text, levels text[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
begin
    if pg_try_advisory_xact_lock(7205205, 1) then
        insert into search_word (word, level, spelling)
        select fold_german(word), level, mode() within group (order by word)
        from regexp_split_to_table($1, '[^a-zA-Z0-9äöüÄÖÜß]+') word, unnest($2) level
        where length(fold_german(word)) between 4 and 40 and fold_german(word) ~ '[a-z]{3}'
        group by 1, 2
        on conflict on constraint search_word_unique do nothing;
    end if;
end $_$;

CREATE FUNCTION leave_item() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform require_settled(new.meeting_id);
    perform end_speech(new.meeting_id, new.ended_at);
    return null;
end $$;

CREATE FUNCTION leave_room() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare before text := coalesce(current_setting('circle.system', true), '');
begin
    perform require_settled(new.id);
    perform set_config('circle.system', 'on', true);
    delete from speech_request where meeting_id = new.id;
    with ended as (
        update ballot set state = 'cancelled', ended_at = greatest(new.ended_at, opened_at), revision = revision + 1
        where meeting_id = new.id and state = 'open' returning id, item_id, ended_at
    )
    insert into audit_event (office_at, actor_name, action, object_kind, object_id, reference, detail)
    select ended_at, 'Dienst', 'ballot.cancelled', 'ballot', id, new.reference, jsonb_build_object('item_id', item_id)
    from ended;
    perform set_config('circle.system', before, true);
    return null;
end $$;

CREATE TABLE audit_event (
    id bigint NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL,
    office_at timestamp with time zone NOT NULL,
    actor_id uuid,
    actor_name text NOT NULL,
    action text NOT NULL,
    object_kind text NOT NULL,
    object_id uuid,
    reference text DEFAULT ''::text NOT NULL,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE FUNCTION may_read_event(event audit_event, reader uuid, keys text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select case
        when $1.object_kind in ('department', 'measure', 'report_to_head') then
            coalesce('asking:' || ($1.detail ->> 'authority_id') = any($3), false)
        when $3 && array['role:data_protection_officer', 'role:records_manager'] then true
        when $1.actor_id = $2 then true
        when $1.action like 'session.%' or $1.action like '%.read' then false
        when $1.action in ('papers.bundled', 'answers.exported') or $1.object_kind = 'calendar_feed' then false
        else case $1.object_kind
            when 'consultation' then exists (
                select from consultation c where c.id = $1.object_id and visible(c.audience, $3))
            when 'document' then exists (select from document d where d.id = $1.object_id and visible(d.audience, $3))
            when 'agenda_item' then exists (
                select from agenda_item i join agenda_content c on c.item_id = i.id
                where i.id = $1.object_id and visible(c.audience, $3) and item_open(i, $3))
            when 'ballot' then exists (
                select from agenda_content c where c.item_id::text = $1.detail ->> 'item_id' and visible(c.audience, $3))
            when 'paper' then exists (select from paper p where p.id = $1.object_id and visible(p.audience, $3))
            when 'task' then exists (select from task t where t.id = $1.object_id and visible(t.audience, $3))
            when 'dispatch' then exists (select from dispatch d where d.id = $1.object_id and visible(d.audience, $3))
            -- Past absences are for the own house, which reads no record, and for the office.
            when 'absence' then 'role:circle_office' = any($3)
            else true
        end
    end
$_$;

CREATE TABLE measure (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    authority_id uuid NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    text_version integer DEFAULT 1 NOT NULL,
    lead_unit uuid,
    stage text NOT NULL,
    draft boolean DEFAULT true NOT NULL,
    resubmission_on date,
    created_by uuid,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY[('asking:'::text || (authority_id)::text)]) STORED NOT NULL,
    CONSTRAINT measure_stage_known CHECK ((stage = ANY (ARRAY['planned'::text, 'in_development'::text, 'in_introduction'::text, 'implemented'::text, 'ended'::text])))
);

ALTER TABLE ONLY measure FORCE ROW LEVEL SECURITY;

CREATE FUNCTION measure_body(m measure, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION meeting_card(meeting meeting, moved_to_reference text, items bigint, proposals bigint, today date) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select json_build_object('id', $1.id, 'reference', $1.reference, 'number', $1.number, 'title', $1.title,
        'date', $1.date, 'start_local', to_char($1.start_local, 'HH24:MI'), 'end_local', to_char($1.end_local, 'HH24:MI'),
        'time_zone', $1.time_zone, 'mode', $1.mode, 'place', $1.place, 'link', $1.link, 'state', $1.state,
        'invitation_sent_on', $1.invitation_sent_on, 'invitation_until', $1.deadlines -> 'invitation_latest' ->> 'on',
        'overdue', coalesce(($1.deadlines -> 'invitation_latest' ->> 'on')::date < $5, false)
            and $1.state in ('planned', 'agenda_open'),
        'agenda_version', $1.agenda_version, 'sequence', $1.sequence,
        'moved_to', case when $2 is not null then $1.moved_to end, 'moved_to_reference', $2,
        'item_count', coalesce($3, 0), 'proposal_count', coalesce($4, 0), 'revision', $1.revision)
$_$;

CREATE FUNCTION minutes_content(meeting uuid, keys text[], whole boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('reference', m.reference, 'title', m.title, 'number', m.number, 'date', m.date,
        'begins', to_char(coalesce((m.started_at at time zone m.time_zone)::time, m.start_local), 'HH24:MI'),
        'ends', to_char(coalesce((m.ended_at at time zone m.time_zone)::time, m.end_local), 'HH24:MI'),
        'time_zone', m.time_zone, 'mode', m.mode, 'place', m.place, 'file_reference', m.file_reference,
        'kind', coalesce(i.kind, (select p.rules ->> 'minutes_kind' from procedure p where p.version = m.procedure_version), 'result'),
        'chair_name', (select trim(p.title || ' ' || p.name) from person p where p.id = i.chair_id),
        'keeper_name', (select trim(p.title || ' ' || p.name) from person p where p.id = i.keeper_id),
        'attendance', (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', a.person_id, 'name', trim(p.title || ' ' || p.name),
                'authority_name', h.short, 'status', a.status,
                'represented_by_name', (select trim(d.title || ' ' || d.name) from person d where d.id = a.represented_by),
                'from_local', to_char(a.from_local, 'HH24:MI'), 'to_local', to_char(a.to_local, 'HH24:MI'),
                'times', attended_times(m, a))
                order by h.name, p.name), '[]')
            from attendance a join person p on p.id = a.person_id join authority h on h.id = p.authority_id
            where a.meeting_id = m.id and attends(a)),
        'items', (
            select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'number', t.number,
                'title', coalesce(c.title, 'Vertraulicher Tagesordnungspunkt'), 'status', t.status,
                'confidentiality', coalesce(c.confidentiality, 'confidential'), 'aim', c.aim, 'kind', c.kind,
                'minutes', c.minutes, 'result', c.result, 'resolution_text', c.resolution_text, 'votes', c.votes,
                'reservations', coalesce(c.reservations, '[]'),
                'presence', case when c.item_id is not null then item_presence(m, t.id) else '[]' end,
                'tasks', (
                    select coalesce(jsonb_agg(jsonb_build_object('reference', k.reference, 'title', k.title,
                        'owner_name', trim(o.title || ' ' || o.name), 'due', k.due) order by k.reference), '[]')
                    from task k join person o on o.id = k.owner_id
                    where k.item_id = c.item_id and k.status <> 'declined'
                        and ($3 or visible(k.audience, $2)) and (c.confidentiality = 'confidential' or not k.confidential)))
                order by t."order"), '[]')
            from agenda_item t left join agenda_content c on c.item_id = t.id and ($3 or visible(c.audience, $2))
            where t.meeting_id = m.id and t.number <> ''))
        -- A meeting of which nothing is known about the summons has minutes without a word about it.
        || coalesce((
            select jsonb_build_object('summons', jsonb_build_object('finding', u.finding, 'defects', u.defects,
                'statement', u.statement))
            from summons u where u.meeting_id = m.id), '{}')
    from meeting m left join minutes i on i.meeting_id = m.id
    where m.id = $1
$_$;

CREATE FUNCTION most_voices(meeting uuid, item uuid, at timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE
    AS $_$
    with called as (
        select called_at, coalesce(ended_at, 'infinity') as ended_at from item_call where item_id = $2
    ),
    span as (
        select called_at, ended_at from called
        union all
        select case when m.state = 'running' then $3 else '-infinity' end, 'infinity' from meeting m
        where m.id = $1 and not exists (select from called)
    )
    -- A voice is added only where a span begins or somebody comes in.
    select coalesce(max(case when p.arrived_at < s.ended_at
        then (select count(*) from voices_at($1, greatest(s.called_at, p.arrived_at))) end), 0)
    from span s, presence p
    where p.meeting_id = $1
    having count(*) > 0
$_$;

CREATE FUNCTION next_co_signature(measure uuid) RETURNS text
    LANGUAGE sql STABLE
    AS $_$
    select department_name(department_id) from co_signature
    where measure_id = $1 and state <> 'signed' order by step limit 1
$_$;

CREATE FUNCTION next_number(series text, year integer) RETURNS integer
    LANGUAGE sql
    AS $_$
    insert into number_series (series, year, last) values ($1, $2, 1)
    on conflict on constraint number_series_unique do update set last = number_series.last + 1
    returning last
$_$;

CREATE TABLE responsible_ministry (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    short text NOT NULL,
    recipient_id uuid NOT NULL,
    valid_from date NOT NULL,
    set_by uuid
);

CREATE FUNCTION notice_letter(a appointment, ministry responsible_ministry, sender uuid, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('sent_on', $4, 'ministry_name', $2.name, 'authority_name', o.name, 'authority_short', o.short,
        'kind', $1.kind, 'person_name', trim(p.title || ' ' || p.name), 'function', p.function, 'email', p.email,
        'phone', p.phone, 'attached_to', attachment_on($1, $4), 'valid_from', $1.valid_from, 'valid_to', $1.valid_to,
        'order_date', $1.order_date, 'file_reference', $1.file_reference, 'predecessor_name', coalesce((
            select trim(v.title || ' ' || v.name) from appointment s join person v on v.id = s.person_id
            where s.succeeded_by = $1.id order by s.valid_to desc limit 1), ''),
        'sender_name', q.name, 'sender_role', q.function, 'sender_house', h.name, 'sender_seat', coalesce(h.seat, ''))
    from person p, authority o, person q join authority h on h.id = q.authority_id
    where p.id = $1.person_id and o.id = $1.authority_id and q.id = $3
$_$;

CREATE FUNCTION open_duties(day date) RETURNS TABLE(appointment_id uuid, duty text, since date, kind text, person_id uuid, person_name text, authority_id uuid, authority_key text, authority_name text)
    LANGUAGE sql STABLE
    AS $_$
    select b.id, d.duty, b.valid_from, b.kind, b.person_id, p.name, a.id, a.key, a.short
    from appointment b join person p on p.id = b.person_id join authority a on a.id = b.authority_id
    cross join lateral (values ('announced_internally', b.announced_internally_on),
        ('announced_externally', b.announced_externally_on), ('ministry_informed', b.ministry_informed_on)
    ) d (duty, done_on)
    where d.done_on is null and b.valid_from <= $1 and (b.valid_to is null or b.valid_to >= $1)
$_$;

CREATE TABLE document (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    abstract text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    topics text[] DEFAULT '{}'::text[] NOT NULL,
    confidentiality text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    owner_id uuid NOT NULL,
    authority_id uuid NOT NULL,
    edited_by uuid,
    version integer DEFAULT 1 NOT NULL,
    language_level text DEFAULT 'standard'::text NOT NULL,
    legal_basis text DEFAULT ''::text NOT NULL,
    released_on date,
    released_by uuid,
    review_on date,
    retired_note text DEFAULT ''::text NOT NULL,
    return_note text DEFAULT ''::text NOT NULL,
    superseded_by uuid,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (document_audience(id, owner_id, confidentiality, state)) STORED NOT NULL,
    CONSTRAINT document_has_other_successor CHECK ((superseded_by <> id)),
    CONSTRAINT document_language_known CHECK ((language_level = ANY (ARRAY['standard'::text, 'plain'::text, 'easy'::text]))),
    CONSTRAINT document_level_known CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text]))),
    CONSTRAINT document_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'in_review'::text, 'released'::text, 'review_overdue'::text, 'superseded'::text, 'retired'::text])))
);

ALTER TABLE ONLY document FORCE ROW LEVEL SECURITY;

CREATE TABLE file (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name text NOT NULL,
    content_type text NOT NULL,
    size bigint NOT NULL,
    sha256 text NOT NULL,
    key text NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    uploaded_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE paper (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    item_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    confidentiality text NOT NULL,
    label text DEFAULT 'advance'::text NOT NULL,
    file_id uuid,
    document_id uuid,
    author_id uuid,
    submitted_on date NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (
CASE
    WHEN (confidentiality = 'confidential'::text) THEN ARRAY[('named:'::text || (item_id)::text), ('expert:'::text || (item_id)::text)]
    ELSE ARRAY['circle'::text, ('papers:'::text || (meeting_id)::text), ('expert:'::text || (item_id)::text)]
END) STORED NOT NULL,
    CONSTRAINT paper_has_content CHECK (((file_id IS NOT NULL) OR (document_id IS NOT NULL))),
    CONSTRAINT paper_label_known CHECK ((label = ANY (ARRAY['advance'::text, 'late'::text, 'tabled'::text]))),
    CONSTRAINT paper_level_known CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text])))
);

ALTER TABLE ONLY paper FORCE ROW LEVEL SECURITY;

CREATE FUNCTION paper_body(a paper, f file, d document, p person) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select json_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'item_id', $1.item_id, 'number', $1.number,
        'title', $1.title, 'version', $1.version, 'confidentiality', $1.confidentiality, 'label', $1.label,
        'file_id', $1.file_id, 'file_name', $2.name, 'file_size', $2.size,
        'document_id', $3.id, 'document_reference', $3.reference,
        'author_id', $1.author_id, 'author_name', trim($4.title || ' ' || $4.name),
        'submitted_on', $1.submitted_on, 'revision', $1.revision)
$_$;

CREATE TABLE partner (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text,
    kind text NOT NULL,
    organisation text NOT NULL,
    authority_id uuid NOT NULL,
    person_id uuid,
    name text DEFAULT ''::text NOT NULL,
    function text DEFAULT ''::text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    email text DEFAULT ''::text NOT NULL,
    phone text DEFAULT ''::text NOT NULL,
    municipality text DEFAULT ''::text NOT NULL,
    ags text,
    topics text[] DEFAULT '{}'::text[] NOT NULL,
    source text NOT NULL,
    source_on date NOT NULL,
    audience_level text DEFAULT 'public'::text NOT NULL,
    subscribed boolean DEFAULT true NOT NULL,
    unsubscribed_on date,
    opt_out uuid DEFAULT gen_random_uuid() NOT NULL,
    entered_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT partner_ags_of_the_land CHECK ((ags ~ '^05[13579][0-9]{5}$'::text)),
    CONSTRAINT partner_gets_public_only CHECK ((audience_level = 'public'::text)),
    CONSTRAINT partner_kind_known CHECK ((kind = ANY (ARRAY['municipal_contact'::text, 'institution'::text, 'association'::text]))),
    CONSTRAINT partner_unsubscribed_has_day CHECK ((subscribed = (unsubscribed_on IS NULL)))
);

CREATE FUNCTION partner_body(p partner, house authority) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select jsonb_build_object('id', $1.id, 'reference', $1.reference, 'kind', $1.kind, 'organisation', $1.organisation,
        'name', $1.name, 'function', $1.function, 'address', $1.address, 'email', $1.email, 'phone', $1.phone,
        'municipality', $1.municipality, 'ags', $1.ags, 'topics', $1.topics, 'source', $1.source,
        'source_on', $1.source_on, 'subscribed', $1.subscribed, 'unsubscribed_on', $1.unsubscribed_on,
        'authority_id', $1.authority_id, 'authority_key', $2.key, 'authority_name', $2.short)
$_$;

CREATE FUNCTION partner_open(house uuid, own_house uuid, keys text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select 'circle' = any($3) or ('internal' = any($3) and $1 = $2)
$_$;

CREATE FUNCTION person_body(p person, house authority, inside boolean, roles text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', $1.id, 'name', $1.name, 'title', $1.title, 'function', $1.function,
        'authority_id', $1.authority_id, 'authority_key', $2.key, 'authority_name', $2.short, 'active', $1.active,
        'reference', case when $3 then $1.reference end,
        'email', case when $3 then coalesce(nullif($1.contact_email, ''), $1.email)
            when 'email' = any($1.public_fields) then $1.contact_email else '' end,
        'phone', case when $3 or 'phone' = any($1.public_fields) then $1.phone else '' end,
        'room', case when $3 or 'room' = any($1.public_fields) then $1.room else '' end,
        'hours', case when $3 or 'hours' = any($1.public_fields) then $1.hours else '' end,
        'roles', case when $3 then coalesce($4, '{}') else array['commissioner'] end)
$_$;

CREATE FUNCTION phrase_query(words text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select phraseto_tsquery('pg_catalog.german', $1) || phraseto_tsquery('pg_catalog.german', fold_german($1))
$_$;

CREATE TABLE procedure (
    version integer NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    adopted_on date NOT NULL,
    in_force_from date NOT NULL,
    reference text DEFAULT ''::text NOT NULL,
    meeting_id uuid,
    rules jsonb NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY['internal'::text]) STORED NOT NULL,
    CONSTRAINT procedure_days_ordered CHECK ((in_force_from >= adopted_on))
);

CREATE FUNCTION procedure_body(version procedure, keys text[], today date) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select json_build_object('id', $1.id, 'version', $1.version, 'adopted_on', $1.adopted_on,
        'in_force_from', $1.in_force_from, 'in_force_until', n.in_force_from - 1,
        'state', case when $1.in_force_from > $3 then 'coming' when n.in_force_from <= $3 then 'past' else 'in_force' end,
        'reference', $1.reference,
        'meeting_id', m.id, 'meeting_reference', m.reference,
        'meetings', (
            select count(*) from meeting c where c.procedure_version = $1.version and visible(c.audience, $2)),
        'rules', $1.rules,
        'before', (select b.rules from procedure b where b.version < $1.version order by b.version desc limit 1),
        'revision', $1.revision)
    from (select) one
    left join meeting m on m.id = $1.meeting_id and visible(m.audience, $2)
    left join lateral (
        select p.in_force_from from procedure p where p.version > $1.version order by p.version limit 1) n on true
$_$;

CREATE FUNCTION proposal_open(item uuid, keys text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select exists (
        select from agenda_content c left join person p on p.id = c.submitted_by
        where c.item_id = $1 and visible(c.audience, $2) and (c.confidentiality = 'confidential'
            or $2 && array['person:' || p.id, 'asking:' || p.authority_id, 'person:' || c.rapporteur_id,
                'expert:' || $1]))
$_$;

CREATE FUNCTION raise_wall(target regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    execute format('alter table %s enable row level security', target);
    execute format('alter table %s force row level security', target);
    execute format('create policy wall on %s using ((select wall_open()) or audience && (select wall_keys())) with check (true)', target);
end $$;

CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise exception '% is written once', tg_table_name using errcode = 'restrict_violation', constraint = 'written_once';
end $$;

CREATE TABLE report_to_head (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    authority_id uuid NOT NULL,
    occasion text NOT NULL,
    field text NOT NULL,
    reported_on date NOT NULL,
    text text DEFAULT ''::text NOT NULL,
    outcome text DEFAULT ''::text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    source text DEFAULT ''::text NOT NULL,
    resubmission_on date,
    created_by uuid,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (ARRAY[('asking:'::text || (authority_id)::text)]) STORED NOT NULL,
    CONSTRAINT report_to_head_field_known CHECK ((field = ANY (ARRAY['concerns'::text, 'intercultural_opening'::text]))),
    CONSTRAINT report_to_head_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'open'::text, 'told'::text, 'closed'::text]))),
    CONSTRAINT report_to_head_told_has_outcome CHECK (((state <> 'told'::text) OR (outcome <> ''::text)))
);

ALTER TABLE ONLY report_to_head FORCE ROW LEVEL SECURITY;

CREATE FUNCTION report_body(r report_to_head, day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', r.id, 'authority_id', r.authority_id, 'occasion', r.occasion, 'field', r.field,
        'reported_on', r.reported_on, 'text', r.text, 'outcome', r.outcome, 'state', r.state, 'source', r.source,
        'resubmission_on', r.resubmission_on, 'resubmitted', coalesce(r.state in ('draft', 'open') and r.resubmission_on <= $2, false),
        'created_by_name', (select name from person where id = r.created_by), 'revision', r.revision)
$_$;

CREATE FUNCTION require_settled(meeting uuid) RETURNS void
    LANGUAGE plpgsql STABLE
    AS $_$
begin
    if not wall_open()
        and exists (select from ballot b where b.meeting_id = $1 and b.state = 'open' and b.audience && (select wall_keys())) then
        raise exception 'a vote is open' using errcode = 'restrict_violation', constraint = 'ballot_settled';
    end if;
end $_$;

CREATE FUNCTION role_sources(person uuid, day date) RETURNS TABLE(role text, valid_from date, valid_to date, source text, about text)
    LANGUAGE sql STABLE
    AS $_$
    select g.role, g.valid_from, g.valid_to, 'grant', ''
    from role_grant g
    where g.person_id = $1 and g.valid_from <= $2 and (g.valid_to is null or g.valid_to >= $2)
    union all
    select case a.kind when 'commissioner' then 'commissioner' else 'regional_staff' end, a.valid_from, a.valid_to,
        'appointment', h.short
    from appointment a join authority h on h.id = a.authority_id
    where a.person_id = $1 and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
    union all
    select 'deputy', b.starts_on, b.ends_on, 'absence', trim(p.title || ' ' || p.name)
    from absence b join person p on p.id = b.person_id
    where b.deputy_id = $1 and b.starts_on <= $2 and b.ends_on >= $2 and exists (
        select from appointment a join appointment c on c.authority_id = a.authority_id
        where a.person_id = $1 and a.kind = 'deputy' and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
            and c.person_id = b.person_id and c.kind = 'commissioner'
            and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2))
$_$;

CREATE FUNCTION roles_held(persons uuid[], day date) RETURNS TABLE(person_id uuid, role text)
    LANGUAGE sql STABLE
    AS $_$
    select g.person_id, g.role from role_grant g
    where g.person_id = any($1) and g.valid_from <= $2 and (g.valid_to is null or g.valid_to >= $2)
    union
    select a.person_id, r.role from appointment a
    cross join lateral (
        select 'commissioner' as role where a.kind = 'commissioner'
        union all select 'regional_staff' where a.kind = 'deputy'
        union all select 'deputy' where a.kind = 'deputy' and exists (
            select from absence b
            join appointment c on c.person_id = b.person_id and c.kind = 'commissioner'
                and c.authority_id = a.authority_id
                and c.valid_from <= $2 and (c.valid_to is null or c.valid_to >= $2)
            where b.deputy_id = a.person_id and b.starts_on <= $2 and b.ends_on >= $2)
    ) r
    where a.person_id = any($1) and a.valid_from <= $2 and (a.valid_to is null or a.valid_to >= $2)
$_$;

CREATE FUNCTION roles_on(person uuid, day date) RETURNS text[]
    LANGUAGE sql STABLE
    AS $_$ select array(select role from roles_held(array[$1], $2) order by role) $_$;

CREATE FUNCTION room_body(meeting uuid, keys text[], whole boolean) RETURNS json
    LANGUAGE sql STABLE
    AS $_$
    select json_build_object(
        'stays', (
            select coalesce(json_agg(json_build_object('id', s.id, 'person_id', s.person_id,
                'name', trim(p.title || ' ' || p.name), 'house_name', h.short, 'authority_id', s.authority_id,
                'member_id', s.member_id,
                'member_name', (select trim(o.title || ' ' || o.name) from person o where o.id = s.member_id),
                'office', roles_on(p.id, m.date) && array['circle_office', 'circle_moderator'], 'mode', s.mode,
                'arrived_at', s.arrived_at, 'left_at', s.left_at,
                'left_for', case when $3 then s.left_for end)
                order by s.arrived_at, h.kind <> 'district_government', h.name, p.name, s.id), '[]')
            from presence s join person p on p.id = s.person_id join authority h on h.id = p.authority_id
            where s.meeting_id = m.id and ($3 or s.left_at is null or s.left_at >= m.ended_at)),
        'calls', (
            select coalesce(json_agg(json_build_object('item_id', c.item_id,
                'called_at', case when t.item_id is not null then c.called_at end, 'ended_at', c.ended_at)
                order by c.called_at, c.id), '[]')
            from item_call c left join agenda_content t on t.item_id = c.item_id and visible(t.audience, $2)
            where c.meeting_id = m.id and (t.item_id is not null or c.ended_at is null)),
        'extra', (
            select coalesce(json_object_agg(t.item_id, t.extra_minutes), '{}')
            from agenda_content t
            where t.meeting_id = m.id and t.extra_minutes > 0 and visible(t.audience, $2)))
    from meeting m where m.id = $1
$_$;

CREATE FUNCTION search_words(title text, reference text, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select setweight(to_tsvector('pg_catalog.german', $1), 'A')
        || setweight(to_tsvector('pg_catalog.german', fold_german($1)), 'A')
        || setweight(to_tsvector('pg_catalog.simple', $2), 'A')
        || setweight(to_tsvector('pg_catalog.german', left($3, 200000)), 'C')
        || setweight(to_tsvector('pg_catalog.german', fold_german(left($3, 200000))), 'C')
$_$;

CREATE FUNCTION sight_of(role text, meeting uuid, day date) RETURNS text[]
    LANGUAGE sql STABLE
    AS $_$
    select array_remove(keys_on(null, null, array[r.held], $3), null)
        || case when $1 = 'guest' or $1 = 'ministry' and exists (
                select from attendance a where a.meeting_id = $2 and (r.held = any(roles_on(a.person_id, $3))
                    or r.held = any(roles_on(a.represented_by, $3))))
            then array['meeting:' || $2] || case when m.date >= $3 then array['papers:' || $2] else '{}' end
            else '{}' end
    from meeting m cross join (select case $1 when 'member' then 'commissioner' when 'house' then 'regional_staff'
        when 'ministry' then 'ministry_observer' else 'municipal_contact' end as held) r
    where m.id = $2
$_$;

CREATE TABLE speech_request (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    item_id uuid NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    place integer NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    began_at timestamp with time zone,
    ended_at timestamp with time zone,
    audience text[] NOT NULL,
    CONSTRAINT speech_request_begun CHECK (((state = ANY (ARRAY['speaking'::text, 'done'::text])) = (began_at IS NOT NULL))),
    CONSTRAINT speech_request_kind_known CHECK ((kind = ANY (ARRAY['speech'::text, 'order'::text]))),
    CONSTRAINT speech_request_state_known CHECK ((state = ANY (ARRAY['waiting'::text, 'speaking'::text, 'done'::text, 'withdrawn'::text, 'removed'::text])))
);

ALTER TABLE ONLY speech_request FORCE ROW LEVEL SECURITY;

CREATE FUNCTION speech_body(s speech_request) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'item_id', $1.item_id, 'person_id', p.id,
        'name', trim(p.title || ' ' || p.name), 'authority_name', a.short, 'kind', $1.kind, 'state', $1.state,
        'first', not exists (
            select from speech_request o
            where o.item_id = $1.item_id and o.person_id = p.id and o.id <> $1.id and o.kind = 'speech'
                and o.state in ('speaking', 'done')),
        'place', $1.place, 'asked_at', $1.asked_at, 'began_at', $1.began_at)
    from person p join authority a on a.id = p.authority_id where p.id = $1.person_id
$_$;

CREATE FUNCTION speech_list(m meeting, keys text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('item_id', k.item_id, 'order', coalesce((
            select p.rules ->> 'speaking_order' from procedure p where p.version = $1.procedure_version), 'as_asked'),
        'items', (
            select coalesce(jsonb_agg(speech_body(s) order by s.place), '[]') from speech_request s
            where s.item_id = k.item_id and s.state in ('waiting', 'speaking') and visible(s.audience, $2)))
    from (select) one left join item_call k on k.meeting_id = $1.id and k.ended_at is null and $1.state = 'running'
$_$;

CREATE FUNCTION summons_facts(meeting uuid, day date) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $_$
declare
    before text := coalesce(current_setting('circle.system', true), '');
    told jsonb;
begin
    perform set_config('circle.system', 'on', true);
    select jsonb_build_object('meeting_id', m.id, 'reference', m.reference, 'title', m.title, 'date', m.date,
        'state', m.state, 'zone', m.time_zone, 'invitation_sent_on', m.invitation_sent_on,
        'rules', (select r.rules from procedure r where r.version = m.procedure_version),
        'moved_to', (select t.reference from meeting t where t.id = m.moved_to),
        'houses', (
            select coalesce(jsonb_agg(jsonb_build_object('id', h.id, 'name', h.short, 'person_id', p.id,
                'person_name', trim(p.title || ' ' || p.name), 'present', exists (
                    select from attendance t join person q on q.id = t.person_id
                    where t.meeting_id = m.id and q.authority_id = h.id and t.status in ('present', 'represented')),
                'deputies', (
                    select coalesce(jsonb_agg(distinct b.person_id), '[]') from appointment b
                    where b.authority_id = h.id and b.kind = 'deputy' and b.valid_from <= m.date
                        and (b.valid_to is null or b.valid_to >= m.date))) order by h.name), '[]')
            from authority h
            left join (appointment b join person p on p.id = b.person_id) on b.authority_id = h.id
                and b.kind = 'commissioner' and b.valid_from <= m.date and (b.valid_to is null or b.valid_to >= m.date)
            where h.kind = 'district_government'),
        'deliveries', (
            select coalesce(jsonb_agg(jsonb_build_object('delivery_id', e.id, 'dispatch_id', s.id, 'dispatch_title', s.title,
                'kind', s.kind, 'version', v.version, 'sha256', v.sha256, 'late', l.person_id is not null,
                'person_id', e.person_id, 'name', e.name, 'authority_name', a.short,
                'member', e.person_id = any(v.members) or l.person_id is not null, 'address', e.address,
                'state', case when s.state = 'cancelled' and e.state in ('new', 'leased') then 'cancelled' else e.state end,
                'accepted_at', e.sent_at + make_interval(secs => (
                    select coalesce(max(o.offset_seconds), 0) from office_clock o)), 'error', e.error)
                order by v.version, l.person_id is not null, a.kind <> 'district_government', a.name, e.name, e.id), '[]')
            from dispatch s join delivery e on e.dispatch_id = s.id
            join person q on q.id = e.person_id join authority a on a.id = q.authority_id
            left join late_invitation l on l.dispatch_id = s.id
            join agenda_version v on v.meeting_id = m.id and (v.dispatch_id = s.id or v.version = l.version)
            where s.object_id = m.id and s.kind in ('invitation', 'supplement')),
        'replies', (
            select coalesce(jsonb_object_agg(r.person_id, r.at), '{}') from (
                select person_id, min(answered_at) as at from reply y where y.meeting_id = m.id group by person_id) r),
        'papers', (
            select coalesce(jsonb_agg(jsonb_build_object('title', p.title, 'sent_on', v.sent_on) order by v.version, p.title), '[]')
            from agenda_version_paper p join agenda_version v on v.meeting_id = p.meeting_id and v.version = p.version
            where p.meeting_id = m.id and p.level <> 'confidential'),
        'waiting', (
            select coalesce(jsonb_agg(jsonb_build_object('person_id', w.person_id, 'name', w.name,
                'authority_name', w.authority_name, 'deputy', w.deputy)), '[]')
            from late_invitees(m, $2) w),
        'objections', u.objections, 'recorded_by_name', coalesce(u.recorded_by_name, ''), 'recorded_at', u.recorded_at,
        'revision', coalesce(u.revision, 0))
    into told from meeting m left join summons u on u.meeting_id = m.id
    where m.id = $1;
    perform set_config('circle.system', before, true);
    return told;
end $_$;

CREATE TABLE task (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text NOT NULL,
    title text NOT NULL,
    owner_id uuid NOT NULL,
    due date,
    resubmission_on date,
    item_id uuid,
    source text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'open'::text NOT NULL,
    accepted_by uuid,
    accepted_on date,
    declined_reason text DEFAULT ''::text NOT NULL,
    done_on date,
    confidential boolean DEFAULT false NOT NULL,
    created_by uuid,
    reminded_for date,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] GENERATED ALWAYS AS (
CASE
    WHEN confidential THEN ARRAY[('named:'::text || (item_id)::text), ('person:'::text || (owner_id)::text)]
    ELSE ARRAY['circle'::text, ('person:'::text || (owner_id)::text)]
END) STORED NOT NULL,
    handed_over_from uuid,
    handed_over_on date,
    CONSTRAINT task_confidential_has_item CHECK (((NOT confidential) OR (item_id IS NOT NULL))),
    CONSTRAINT task_status_known CHECK ((status = ANY (ARRAY['open'::text, 'accepted'::text, 'done'::text, 'declined'::text])))
);

ALTER TABLE ONLY task FORCE ROW LEVEL SECURITY;

CREATE FUNCTION task_body(t task, keys text[], day date) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
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
$_$;

CREATE FUNCTION thing_by_reference(ref text, keys text[]) RETURNS TABLE(kind text, id uuid, reference text, url text, gate integer, audience text[])
    LANGUAGE sql STABLE STRICT ROWS 3
    AS $_$
    with asked as (
        select n.parts[1] as thing, n.parts[2] as number
        from string_to_array(regexp_replace(upper(btrim($1)), '[[:space:]/]+TOP[[:space:]-]*', ' TOP '), ' TOP ') n (parts)
    ),
    found as (
        select 'meeting' as kind, m.id, m.reference, '/sitzungen/' || m.reference as url, 1 as gate, m.audience
        from asked a join meeting m on m.reference = a.thing and a.number is null
        union all
        select 'agenda_item', i.id, m.reference || ' TOP ' || i.place, '/sitzungen/' || m.reference || '/top/' || i.id,
            g.gate, g.audience
        from asked a join meeting m on m.reference = a.thing
        join lateral (
            select t.id, t.place
            from (
                select o.id, o.frozen, case when o.frozen then o.number
                    when m.invitation_sent_on is null then (row_number() over (order by o."order"))::text end as place
                from agenda_item o where o.meeting_id = m.id and (o.frozen or o.status = 'admitted')) t
            where upper(t.place) = a.number and t.place <> '' order by t.frozen desc limit 1) i on true
        join agenda_content c on c.item_id = i.id
        cross join lateral (values (1, m.audience || ('expert:' || i.id)), (2, c.audience)) g (gate, audience)
        union all
        select 'consultation', c.id, c.reference, '/anfragen/' || c.reference, 1, c.audience
        from asked a join consultation c on c.reference = a.thing and a.number is null
        union all
        select 'document', d.id, d.reference, '/wissen/' || d.reference, 1, d.audience
        from asked a join document d on d.reference = a.thing and a.number is null
        union all
        select 'task', t.id, t.reference, '/aufgaben/' || t.id, 1, t.audience
        from asked a join task t on t.reference = a.thing and a.number is null
    )
    select f.* from found f where not exists (select from found o where not visible(o.audience, $2)) order by f.gate
$_$;

CREATE FUNCTION visible(audience text[], keys text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ select audience && keys $$;

CREATE FUNCTION voices_at(meeting uuid, at timestamp with time zone) RETURNS SETOF uuid
    LANGUAGE sql STABLE
    AS $_$
    select p.authority_id from presence p
    where p.meeting_id = $1 and p.authority_id is not null and p.arrived_at <= $2 and (p.left_at is null or p.left_at > $2)
$_$;

CREATE FUNCTION wall_keys() RETURNS text[]
    LANGUAGE plpgsql STABLE
    AS $$
declare
    caller text := current_setting('circle.caller', true);
    kept text := current_setting('circle.wall', true);
    stamp text := statement_timestamp() || ' ';
begin
    if starts_with(kept, stamp) then
        return nullif(substr(kept, length(stamp) + 1), '')::text[];
    end if;
    if coalesce(caller, '') = '' then
        perform set_config('circle.wall', stamp, true);
        return null;
    end if;
    return (select w.keys from whoami(decode(split_part(caller, ' ', 1), 'hex'), split_part(caller, ' ', 2)::timestamptz) w);
end $$;

CREATE FUNCTION wall_open() RETURNS boolean
    LANGUAGE sql STABLE
    AS $$ select coalesce(current_setting('circle.system', true), '') = 'on' $$;

CREATE FUNCTION was_expert(person uuid, consultation uuid) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select exists (select from expert_involvement e where e.person_id = $1 and e.object_id = $2)
$_$;

CREATE FUNCTION whoami(token_hash bytea, office_now timestamp with time zone) RETURNS TABLE(person_id uuid, authority_id uuid, name text, email text, roles text[], keys text[], kind text, signed_in_at timestamp with time zone, stale boolean, card jsonb)
    LANGUAGE plpgsql STABLE ROWS 1
    AS $_$
#variable_conflict use_column
declare
    caller text := current_setting('circle.caller', true);
    stamp text := statement_timestamp() || ' ';
    today date := ($2 at time zone 'Europe/Berlin')::date;
begin
    select p.id, p.authority_id, p.name, p.email, r.roles, keys_on(p.id, p.authority_id, r.roles, today), s.kind,
        s.signed_in_at, s.last_seen < now() - interval '1 minute',
        jsonb_build_object('stale', s.last_seen < now() - interval '1 minute', 'person_id', p.id, 'name', p.name,
            'title', p.title, 'email', p.email, 'function', p.function, 'authority_id', p.authority_id,
            'authority_name', a.short, 'roles', r.roles,
            'acting_for', case when r.roles && array['deputy', 'assistant'] then acting_for(p.id, today) end)
    into person_id, authority_id, name, email, roles, keys, kind, signed_in_at, stale, card
    from session s
    join person p on p.id = s.person_id and p.active
    join authority a on a.id = p.authority_id
    -- `offset 0`: the roles are asked for once, not wherever they are named.
    cross join lateral (select roles_on(p.id, today) as roles offset 0) r
    where s.token_hash = $1 and s.expires_at > now() and s.last_seen > now() - interval '30 minutes';
    if not found then
        return;
    end if;
    if coalesce(caller, '') = '' then
        if current_setting('circle.wall', true) = stamp then
            raise exception 'a wall was asked before the caller was known' using errcode = 'CW001';
        end if;
        perform set_config('circle.wall', stamp || keys::text, true);
    elsif split_part(caller, ' ', 1) = encode($1, 'hex') and split_part(caller, ' ', 2)::timestamptz = $2 then
        perform set_config('circle.wall', stamp || keys::text, true);
    end if;
    return next;
end $_$;

CREATE FUNCTION word_query(word text) RETURNS tsquery
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select plainto_tsquery('pg_catalog.german', $1) || plainto_tsquery('pg_catalog.german', fold_german($1))
$_$;

CREATE FUNCTION write_once(target regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    execute format('create trigger written_once before update or delete on %s for each row execute function refuse_change()', target);
end $$;

CREATE FUNCTION writing_page(item uuid, keys text[]) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $_$
    select jsonb_build_object('item_id', i.id, 'meeting_id', m.id, 'reference', m.reference, 'meeting_title', m.title,
        'date', m.date, 'meeting_state', m.state, 'number', i.number, 'status', i.status, 'adjourned_to', i.adjourned_to,
        'keeper_id', n.keeper_id, 'chair_id', n.chair_id, 'open', c.item_id is not null, 'title', coalesce(c.title, ''),
        'text', coalesce(c.minutes, ''), 'kind', coalesce(c.kind, ''),
        'confidentiality', coalesce(c.confidentiality, 'confidential'), 'result', coalesce(c.result, ''),
        'resolution_text', coalesce(c.resolution_text, ''))
    from agenda_item i
    join meeting m on m.id = i.meeting_id
    left join agenda_content c on c.item_id = i.id and visible(c.audience, $2)
    left join minutes n on n.meeting_id = m.id
    where i.id = $1 and visible(m.audience, $2) and item_open(i, $2)
$_$;

CREATE AGGREGATE all_of(tsquery) (
    SFUNC = tsquery_and,
    STYPE = tsquery
);

CREATE AGGREGATE any_of(tsquery) (
    SFUNC = tsquery_or,
    STYPE = tsquery
);

CREATE TABLE account_link (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_id uuid,
    kind text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    token_hash bytea,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leased_until timestamp with time zone,
    sent_at timestamp with time zone,
    failure text DEFAULT ''::text NOT NULL,
    CONSTRAINT account_link_kind_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'reset'::text, 'notice'::text])))
);

CREATE TABLE account_request (
    at timestamp with time zone DEFAULT now() NOT NULL,
    account text NOT NULL,
    address text NOT NULL
);

CREATE TABLE agenda_content (
    item_id uuid NOT NULL,
    meeting_id uuid NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    aim text NOT NULL,
    kind text DEFAULT 'deliberation'::text NOT NULL,
    confidentiality text DEFAULT 'circle'::text NOT NULL,
    rapporteur_id uuid,
    submitted_by uuid,
    planned_minutes integer DEFAULT 15 NOT NULL,
    return_reason text DEFAULT ''::text NOT NULL,
    minutes text DEFAULT ''::text NOT NULL,
    result text DEFAULT ''::text NOT NULL,
    resolution_text text DEFAULT ''::text NOT NULL,
    votes jsonb,
    reservations jsonb DEFAULT '[]'::jsonb NOT NULL,
    audience text[] GENERATED ALWAYS AS (
CASE
    WHEN (confidentiality = 'confidential'::text) THEN ARRAY[('named:'::text || (item_id)::text), ('expert:'::text || (item_id)::text)]
    ELSE ARRAY['circle'::text, ('meeting:'::text || (meeting_id)::text), ('expert:'::text || (item_id)::text)]
END) STORED NOT NULL,
    extra_minutes integer DEFAULT 0 NOT NULL,
    written_revision integer,
    CONSTRAINT agenda_content_aim_known CHECK ((aim = ANY (ARRAY['experience'::text, 'information'::text, 'knowledge_transfer'::text, 'coordination'::text]))),
    CONSTRAINT agenda_content_extra_sane CHECK (((extra_minutes >= 0) AND (extra_minutes <= 600))),
    CONSTRAINT agenda_content_kind_known CHECK ((kind = ANY (ARRAY['formality'::text, 'approval_of_minutes'::text, 'report'::text, 'deliberation'::text, 'exchange'::text, 'resolution'::text, 'information'::text, 'miscellaneous'::text]))),
    CONSTRAINT agenda_content_level_known CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text]))),
    CONSTRAINT agenda_content_minutes_sane CHECK (((planned_minutes >= 0) AND (planned_minutes <= 600)))
);

ALTER TABLE ONLY agenda_content FORCE ROW LEVEL SECURITY;

CREATE TABLE agenda_version (
    meeting_id uuid NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL,
    agenda jsonb NOT NULL,
    sha256 text NOT NULL,
    members uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    sent_on date NOT NULL,
    dispatch_id uuid NOT NULL,
    CONSTRAINT agenda_version_kind_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'supplement'::text])))
);

CREATE TABLE agenda_version_paper (
    meeting_id uuid NOT NULL,
    version integer NOT NULL,
    paper_id uuid NOT NULL,
    paper_version integer NOT NULL,
    title text NOT NULL,
    level text NOT NULL,
    file_id uuid,
    url text DEFAULT ''::text NOT NULL,
    audience text[] NOT NULL,
    readers text[] NOT NULL,
    CONSTRAINT agenda_version_paper_level_known CHECK ((level = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text])))
);

ALTER TABLE ONLY agenda_version_paper FORCE ROW LEVEL SECURITY;

CREATE TABLE answer_link (
    token_hash bytea NOT NULL,
    object_id uuid NOT NULL,
    person_id uuid NOT NULL,
    made_at timestamp with time zone DEFAULT now() NOT NULL,
    revoked_at timestamp with time zone
);

CREATE TABLE appointment_attachment (
    appointment_id uuid NOT NULL,
    valid_from date NOT NULL,
    text text NOT NULL,
    set_by uuid,
    set_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE appointment_proof (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    appointment_id uuid NOT NULL,
    duty text NOT NULL,
    done_on date NOT NULL,
    reference text NOT NULL,
    proof text DEFAULT ''::text NOT NULL,
    file_id uuid,
    recorded_by uuid,
    recorded_at timestamp with time zone DEFAULT now() NOT NULL,
    withdrawn_on date,
    withdrawn_by uuid,
    withdrawn_reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT appointment_proof_duty_known CHECK ((duty = ANY (ARRAY['announced_internally'::text, 'announced_externally'::text, 'ministry_informed'::text])))
);

ALTER TABLE audit_event ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit_event_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE ballot_vote (
    number bigint NOT NULL,
    ballot_id uuid NOT NULL,
    authority_id uuid NOT NULL,
    person_id uuid NOT NULL,
    member_id uuid,
    choice text NOT NULL,
    reservation_kind text,
    text text DEFAULT ''::text NOT NULL,
    decide_by date,
    assumed boolean DEFAULT false NOT NULL,
    entered_by uuid,
    cast_at timestamp with time zone NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT ballot_vote_choice_known CHECK ((choice = ANY (ARRAY['consent'::text, 'reservation'::text, 'against'::text, 'abstained'::text]))),
    CONSTRAINT ballot_vote_reservation_declared CHECK (((choice = 'reservation'::text) = (num_nulls(reservation_kind, member_id) = 0))),
    CONSTRAINT ballot_vote_reservation_known CHECK ((reservation_kind = ANY (ARRAY['Leitungsvorbehalt'::text, 'Prüfvorbehalt'::text])))
);

ALTER TABLE ONLY ballot_vote FORCE ROW LEVEL SECURITY;

ALTER TABLE ballot_vote ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME ballot_vote_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE calendar_feed (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_id uuid,
    token_hash bytea NOT NULL,
    made_by uuid NOT NULL,
    made_on date NOT NULL,
    revoked_on date,
    last_used_on date,
    counted_from timestamp with time zone DEFAULT now() NOT NULL,
    fetches integer DEFAULT 0 NOT NULL
);

CREATE TABLE calendar_reply (
    digest bytea NOT NULL,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    reason text DEFAULT ''::text NOT NULL,
    meeting_id uuid,
    person_id uuid,
    stamp timestamp with time zone
);

CREATE TABLE call_for_items (
    meeting_id uuid NOT NULL,
    number integer NOT NULL,
    sent_on date NOT NULL,
    dispatch_id uuid NOT NULL
);

CREATE TABLE captured_line (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    item_id uuid NOT NULL,
    kind text NOT NULL,
    line text NOT NULL,
    state text NOT NULL,
    task_id uuid,
    person_id uuid,
    at timestamp with time zone NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT captured_line_kind_known CHECK ((kind = ANY (ARRAY['result'::text, 'task'::text, 'question'::text]))),
    CONSTRAINT captured_line_state_known CHECK ((state = ANY (ARRAY['confirmed'::text, 'dismissed'::text])))
);

ALTER TABLE ONLY captured_line FORCE ROW LEVEL SECURITY;

CREATE TABLE clarification (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    consultation_id uuid NOT NULL,
    question text NOT NULL,
    asked_on date NOT NULL,
    asked_by uuid NOT NULL,
    reply text DEFAULT ''::text NOT NULL,
    replied_on date,
    replied_by uuid,
    audience text[] NOT NULL
);

ALTER TABLE ONLY clarification FORCE ROW LEVEL SECURITY;

CREATE TABLE co_signature (
    measure_id uuid NOT NULL,
    step integer NOT NULL,
    department_id uuid NOT NULL,
    state text DEFAULT 'open'::text NOT NULL,
    initials text DEFAULT ''::text NOT NULL,
    signed_on date,
    remark text DEFAULT ''::text NOT NULL,
    text_version integer,
    reopened_on date,
    earlier jsonb DEFAULT '[]'::jsonb NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT co_signature_refused_has_reason CHECK (((state <> 'refused'::text) OR (remark <> ''::text))),
    CONSTRAINT co_signature_signed_is_dated CHECK (((state = 'open'::text) OR ((initials <> ''::text) AND (signed_on IS NOT NULL)))),
    CONSTRAINT co_signature_state_known CHECK ((state = ANY (ARRAY['open'::text, 'signed'::text, 'refused'::text])))
);

ALTER TABLE ONLY co_signature FORCE ROW LEVEL SECURITY;

CREATE TABLE consultation_answer (
    consultation_id uuid NOT NULL,
    frozen text NOT NULL,
    sha256 text NOT NULL,
    sent_on date NOT NULL,
    audience text[] NOT NULL
);

ALTER TABLE ONLY consultation_answer FORCE ROW LEVEL SECURITY;

CREATE TABLE consultation_file (
    consultation_id uuid NOT NULL,
    file_id uuid NOT NULL,
    part text DEFAULT 'question'::text NOT NULL,
    CONSTRAINT consultation_file_part_known CHECK ((part = ANY (ARRAY['question'::text, 'answer'::text])))
);

CREATE TABLE date_poll_answer (
    poll_id uuid NOT NULL,
    number integer NOT NULL,
    person_id uuid NOT NULL,
    answer text NOT NULL,
    CONSTRAINT date_poll_answer_known CHECK ((answer = ANY (ARRAY['yes'::text, 'if_needed'::text, 'no'::text])))
);

CREATE TABLE date_poll_date (
    poll_id uuid NOT NULL,
    number integer NOT NULL,
    date date NOT NULL,
    start_local time without time zone NOT NULL,
    end_local time without time zone NOT NULL,
    calendar_id uuid DEFAULT gen_random_uuid() NOT NULL,
    CONSTRAINT date_poll_date_times_ordered CHECK ((end_local > start_local))
);

CREATE TABLE date_poll_person (
    poll_id uuid NOT NULL,
    person_id uuid NOT NULL
);

CREATE TABLE delivery (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    dispatch_id uuid NOT NULL,
    person_id uuid NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    state text DEFAULT 'new'::text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    first_try_at timestamp with time zone,
    next_try timestamp with time zone DEFAULT now() NOT NULL,
    lease_until timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    message_id text DEFAULT ''::text NOT NULL,
    sent_at timestamp with time zone,
    error text DEFAULT ''::text NOT NULL,
    audience text[] NOT NULL,
    handed_over_at timestamp with time zone,
    CONSTRAINT delivery_state_known CHECK ((state = ANY (ARRAY['new'::text, 'leased'::text, 'sending'::text, 'sent'::text, 'failed'::text, 'uncertain'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY delivery FORCE ROW LEVEL SECURITY;

CREATE TABLE dispatch (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    title text NOT NULL,
    subject text NOT NULL,
    text text NOT NULL,
    level text NOT NULL,
    state text DEFAULT 'prepared'::text NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    requested_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_on date,
    parts integer DEFAULT 0 NOT NULL,
    build text DEFAULT ''::text NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    audience text[] NOT NULL,
    readers text[] NOT NULL,
    answer_page text DEFAULT ''::text NOT NULL,
    CONSTRAINT dispatch_kind_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'supplement'::text, 'minutes_draft'::text, 'minutes_approved'::text, 'correction'::text, 'receipt'::text, 'clarification'::text, 'answer'::text, 'document'::text, 'notice'::text, 'cancellation'::text]))),
    CONSTRAINT dispatch_level_known CHECK ((level = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text]))),
    CONSTRAINT dispatch_state_known CHECK ((state = ANY (ARRAY['prepared'::text, 'sending'::text, 'done'::text, 'cancelled'::text])))
);

ALTER TABLE ONLY dispatch FORCE ROW LEVEL SECURITY;

CREATE TABLE dispatch_part (
    dispatch_id uuid NOT NULL,
    "position" integer NOT NULL,
    title text NOT NULL,
    level text NOT NULL,
    file_id uuid,
    url text DEFAULT ''::text NOT NULL,
    calendar boolean DEFAULT false NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT dispatch_part_level_known CHECK ((level = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text])))
);

ALTER TABLE ONLY dispatch_part FORCE ROW LEVEL SECURITY;

CREATE TABLE document_draft (
    document_id uuid NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    abstract text NOT NULL,
    body text NOT NULL,
    topics text[] NOT NULL,
    confidentiality text NOT NULL,
    language_level text NOT NULL,
    legal_basis text NOT NULL,
    review_on date,
    file_ids uuid[] DEFAULT '{}'::uuid[] NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    return_note text DEFAULT ''::text NOT NULL,
    edited_by uuid NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT document_draft_level_known CHECK ((confidentiality = ANY (ARRAY['public'::text, 'internal'::text, 'circle'::text, 'confidential'::text]))),
    CONSTRAINT document_draft_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'in_review'::text])))
);

ALTER TABLE ONLY document_draft FORCE ROW LEVEL SECURITY;

CREATE TABLE document_file (
    document_id uuid NOT NULL,
    file_id uuid NOT NULL
);

CREATE TABLE document_version (
    document_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    abstract text NOT NULL,
    body text NOT NULL,
    files jsonb DEFAULT '[]'::jsonb NOT NULL,
    sha256 text NOT NULL,
    confidentiality text NOT NULL,
    released_on date NOT NULL,
    released_by_name text NOT NULL,
    audience text[] NOT NULL
);

ALTER TABLE ONLY document_version FORCE ROW LEVEL SECURITY;

CREATE TABLE expert_involvement (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    person_id uuid NOT NULL,
    authority_id uuid NOT NULL,
    granted_by uuid,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    ended_on date,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT expert_involvement_object_known CHECK ((object_kind = ANY (ARRAY['agenda_item'::text, 'consultation'::text]))),
    CONSTRAINT expert_involvement_period_ordered CHECK (((valid_to >= valid_from) AND (valid_to <= (valid_from + 366))))
);

CREATE TABLE file_use (
    file_id uuid NOT NULL,
    object_id uuid NOT NULL,
    audience text[] NOT NULL
);

ALTER TABLE ONLY file_use FORCE ROW LEVEL SECURITY;

CREATE TABLE idempotent_answer (
    person_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    roles text[] DEFAULT '{}'::text[] NOT NULL,
    status smallint NOT NULL,
    answer bytea NOT NULL,
    etag text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE item_call (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    item_id uuid NOT NULL,
    called_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT item_call_times_ordered CHECK ((ended_at >= called_at))
);

CREATE TABLE late_invitation (
    meeting_id uuid NOT NULL,
    version integer NOT NULL,
    person_id uuid NOT NULL,
    dispatch_id uuid NOT NULL,
    sent_on date NOT NULL
);

CREATE TABLE measure_department (
    measure_id uuid NOT NULL,
    department_id uuid NOT NULL,
    audience text[] NOT NULL
);

ALTER TABLE ONLY measure_department FORCE ROW LEVEL SECURITY;

CREATE TABLE measure_stage (
    id bigint NOT NULL,
    measure_id uuid NOT NULL,
    stage text NOT NULL,
    changed_on date NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    changed_by uuid,
    audience text[] NOT NULL
);

ALTER TABLE ONLY measure_stage FORCE ROW LEVEL SECURITY;

ALTER TABLE measure_stage ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME measure_stage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE migration (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE ministry_notice (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    reference text NOT NULL,
    appointment_id uuid NOT NULL,
    ministry_id uuid NOT NULL,
    requested_by uuid NOT NULL,
    requested_on date NOT NULL,
    dispatch_id uuid,
    file_id uuid,
    sent_on date
);

CREATE TABLE minutes (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    kind text DEFAULT 'result'::text NOT NULL,
    state text DEFAULT 'draft'::text NOT NULL,
    keeper_id uuid,
    chair_id uuid,
    version integer DEFAULT 0 NOT NULL,
    draft_sent_on date,
    objection_until date,
    objection_steps jsonb DEFAULT '[]'::jsonb NOT NULL,
    approved_on date,
    approved_in uuid,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT minutes_kind_known CHECK ((kind = ANY (ARRAY['result'::text, 'course'::text]))),
    CONSTRAINT minutes_state_known CHECK ((state = ANY (ARRAY['draft'::text, 'sent'::text, 'approved'::text, 'approved_with_changes'::text])))
);

CREATE TABLE minutes_correction (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    minutes_id uuid NOT NULL,
    text text NOT NULL,
    corrected_on date NOT NULL,
    by_name text NOT NULL
);

CREATE TABLE minutes_objection (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    minutes_id uuid NOT NULL,
    item_id uuid,
    by_id uuid NOT NULL,
    received_on date NOT NULL,
    text text NOT NULL,
    proposed_text text DEFAULT ''::text NOT NULL,
    decision text,
    reason text DEFAULT ''::text NOT NULL,
    audience text[] NOT NULL,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT minutes_objection_decision_known CHECK ((decision = ANY (ARRAY['accepted'::text, 'rejected'::text, 'noted'::text])))
);

ALTER TABLE ONLY minutes_objection FORCE ROW LEVEL SECURITY;

CREATE TABLE minutes_print (
    version_id uuid NOT NULL,
    file_id uuid NOT NULL,
    sha256 text NOT NULL
);

CREATE TABLE minutes_version (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    minutes_id uuid NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    item_id uuid,
    canonical text NOT NULL,
    sha256 text NOT NULL,
    created_by_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    audience text[] NOT NULL
);

ALTER TABLE ONLY minutes_version FORCE ROW LEVEL SECURITY;

CREATE TABLE named_access (
    object_id uuid NOT NULL,
    person_id uuid NOT NULL,
    granted_by uuid
);

CREATE TABLE number_series (
    series text NOT NULL,
    year smallint NOT NULL,
    last integer NOT NULL
);

CREATE TABLE office_clock (
    only_one boolean DEFAULT true NOT NULL,
    offset_seconds bigint NOT NULL,
    CONSTRAINT office_clock_only_one CHECK (only_one)
);

CREATE TABLE outbox (
    id bigint NOT NULL,
    job text NOT NULL,
    arguments jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    published_at timestamp with time zone,
    lease_until timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    done_at timestamp with time zone,
    failed_at timestamp with time zone,
    last_error text DEFAULT ''::text NOT NULL
);

ALTER TABLE outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE participation (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    measure_id uuid NOT NULL,
    department_id uuid NOT NULL,
    subject text DEFAULT ''::text NOT NULL,
    asked_on date NOT NULL,
    answer_due date,
    statement text DEFAULT ''::text NOT NULL,
    answered_on date,
    state text DEFAULT 'open'::text NOT NULL,
    closing_note text DEFAULT ''::text NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT participation_answered_has_statement CHECK (((state <> 'answered'::text) OR ((statement <> ''::text) AND (answered_on IS NOT NULL)))),
    CONSTRAINT participation_days_ordered CHECK (((answer_due IS NULL) OR (answer_due >= asked_on))),
    CONSTRAINT participation_state_known CHECK ((state = ANY (ARRAY['open'::text, 'answered'::text, 'closed'::text])))
);

ALTER TABLE ONLY participation FORCE ROW LEVEL SECURITY;

CREATE TABLE partner_import (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    person_id uuid NOT NULL,
    authority_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    content jsonb NOT NULL,
    added integer
);

CREATE TABLE partner_note (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    partner_id uuid NOT NULL,
    held_on date NOT NULL,
    participants text DEFAULT ''::text NOT NULL,
    text text NOT NULL,
    written_by uuid
);

CREATE TABLE partner_opt_out (
    address bytea NOT NULL,
    authority_id uuid,
    opted_out_on date NOT NULL
);

CREATE TABLE partner_opt_out_link (
    opt_out uuid NOT NULL,
    address bytea NOT NULL,
    kept_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE presence (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    meeting_id uuid NOT NULL,
    person_id uuid NOT NULL,
    authority_id uuid,
    member_id uuid,
    mode text DEFAULT 'on_site'::text NOT NULL,
    arrived_at timestamp with time zone NOT NULL,
    left_at timestamp with time zone,
    left_for uuid,
    CONSTRAINT presence_deputy_has_house CHECK (((member_id IS NULL) OR (authority_id IS NOT NULL))),
    CONSTRAINT presence_mode_known CHECK ((mode = ANY (ARRAY['on_site'::text, 'online'::text]))),
    CONSTRAINT presence_times_ordered CHECK ((left_at >= arrived_at))
);

CREATE TABLE reply (
    number bigint NOT NULL,
    meeting_id uuid NOT NULL,
    person_id uuid NOT NULL,
    answer text NOT NULL,
    deputy_id uuid,
    note text DEFAULT ''::text NOT NULL,
    way text NOT NULL,
    entered_by uuid,
    answered_at timestamp with time zone NOT NULL,
    CONSTRAINT reply_answer_known CHECK ((answer = ANY (ARRAY['in_person'::text, 'online'::text, 'coming'::text, 'declined'::text, 'represented'::text, 'tentative'::text]))),
    CONSTRAINT reply_deputy_named CHECK (((answer = 'represented'::text) = (deputy_id IS NOT NULL))),
    CONSTRAINT reply_other_deputy CHECK ((deputy_id <> person_id)),
    CONSTRAINT reply_way_known CHECK ((way = ANY (ARRAY['page'::text, 'api'::text, 'link'::text, 'calendar'::text, 'telephone'::text])))
);

ALTER TABLE reply ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME reply_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE role_grant (
    person_id uuid NOT NULL,
    role text NOT NULL,
    valid_from date DEFAULT '2000-01-01'::date NOT NULL,
    valid_to date,
    CONSTRAINT role_grant_period_ordered CHECK (((valid_to IS NULL) OR (valid_to >= (valid_from - 1)))),
    CONSTRAINT role_grant_role_known CHECK ((role = ANY (ARRAY['circle_office'::text, 'circle_moderator'::text, 'kfi_head'::text, 'kfi_expert'::text, 'knowledge_editor'::text, 'quality_reviewer'::text, 'release_approver'::text, 'records_manager'::text, 'assistant'::text, 'regional_staff'::text, 'ministry_observer'::text, 'municipal_contact'::text, 'partner'::text, 'data_protection_officer'::text, 'technical_admin'::text, 'former_commissioner'::text])))
);

CREATE TABLE schedule_run (
    job text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE search_entry (
    source_kind text NOT NULL,
    source_id uuid NOT NULL,
    reference text DEFAULT ''::text NOT NULL,
    title text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    kind text DEFAULT ''::text NOT NULL,
    level text NOT NULL,
    topics text[] DEFAULT '{}'::text[] NOT NULL,
    authority_id uuid,
    year smallint,
    url text NOT NULL,
    trust real DEFAULT 1 NOT NULL,
    audience text[] NOT NULL,
    words tsvector GENERATED ALWAYS AS (search_words(title, reference, body)) STORED NOT NULL
);

CREATE TABLE search_sealed (
    source_kind text CONSTRAINT search_entry_source_kind_not_null NOT NULL,
    source_id uuid CONSTRAINT search_entry_source_id_not_null NOT NULL,
    reference text DEFAULT ''::text CONSTRAINT search_entry_reference_not_null NOT NULL,
    title text CONSTRAINT search_entry_title_not_null NOT NULL,
    body text DEFAULT ''::text CONSTRAINT search_entry_body_not_null NOT NULL,
    kind text DEFAULT ''::text CONSTRAINT search_entry_kind_not_null NOT NULL,
    level text CONSTRAINT search_entry_level_not_null NOT NULL,
    topics text[] DEFAULT '{}'::text[] CONSTRAINT search_entry_topics_not_null NOT NULL,
    authority_id uuid,
    year smallint,
    url text CONSTRAINT search_entry_url_not_null NOT NULL,
    trust real DEFAULT 1 CONSTRAINT search_entry_trust_not_null NOT NULL,
    audience text[] CONSTRAINT search_entry_audience_not_null NOT NULL,
    words tsvector GENERATED ALWAYS AS (search_words(title, reference, body)) STORED CONSTRAINT search_entry_words_not_null NOT NULL
);

ALTER TABLE ONLY search_sealed FORCE ROW LEVEL SECURITY;

CREATE TABLE search_word (
    word text NOT NULL,
    level text NOT NULL,
    spelling text NOT NULL
);

CREATE TABLE session (
    token_hash bytea NOT NULL,
    person_id uuid NOT NULL,
    kind text NOT NULL,
    signed_in_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone DEFAULT (now() + '10:00:00'::interval) NOT NULL,
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    device text DEFAULT ''::text NOT NULL,
    CONSTRAINT session_kind_known CHECK ((kind = ANY (ARRAY['cookie'::text, 'bearer'::text])))
);

CREATE TABLE sign_in_failure (
    at timestamp with time zone DEFAULT now() NOT NULL,
    account text NOT NULL,
    address text NOT NULL
);

CREATE TABLE summons (
    meeting_id uuid NOT NULL,
    finding text NOT NULL,
    defects jsonb DEFAULT '[]'::jsonb NOT NULL,
    statement text DEFAULT ''::text NOT NULL,
    objections text,
    recorded_by_name text DEFAULT ''::text NOT NULL,
    recorded_at timestamp with time zone,
    revision integer DEFAULT 1 NOT NULL,
    CONSTRAINT summons_recorded CHECK (((objections IS NULL) = (recorded_at IS NULL)))
);

CREATE TABLE template (
    id text NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL
);

CREATE TABLE topic (
    id text NOT NULL,
    label text NOT NULL
);

CREATE TABLE writing_update (
    id bigint NOT NULL,
    item_id uuid NOT NULL,
    update bytea NOT NULL,
    person_id uuid,
    at timestamp with time zone NOT NULL,
    audience text[] NOT NULL,
    CONSTRAINT writing_update_bounded CHECK (((octet_length(update) >= 1) AND (octet_length(update) <= 1048576)))
);

ALTER TABLE ONLY writing_update FORCE ROW LEVEL SECURITY;

ALTER TABLE writing_update ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME writing_update_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_no_overlap EXCLUDE USING gist (person_id WITH =, daterange(starts_on, ends_on, '[]'::text) WITH &&);

ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_pkey PRIMARY KEY (id);

ALTER TABLE ONLY account_link
    ADD CONSTRAINT account_link_pkey PRIMARY KEY (id);

ALTER TABLE ONLY account_link
    ADD CONSTRAINT account_link_token_unique UNIQUE (token_hash);

ALTER TABLE ONLY agenda_content
    ADD CONSTRAINT agenda_content_pkey PRIMARY KEY (item_id);

ALTER TABLE ONLY agenda_item
    ADD CONSTRAINT agenda_item_order_unique UNIQUE (meeting_id, "order") DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY agenda_item
    ADD CONSTRAINT agenda_item_pkey PRIMARY KEY (id);

ALTER TABLE ONLY agenda_version_paper
    ADD CONSTRAINT agenda_version_paper_unique PRIMARY KEY (paper_id, paper_version);

ALTER TABLE ONLY agenda_version
    ADD CONSTRAINT agenda_version_unique PRIMARY KEY (meeting_id, version);

ALTER TABLE ONLY answer_link
    ADD CONSTRAINT answer_link_unique PRIMARY KEY (token_hash);

ALTER TABLE ONLY appointment_attachment
    ADD CONSTRAINT appointment_attachment_unique PRIMARY KEY (appointment_id, valid_from);

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_no_overlap EXCLUDE USING gist (authority_id WITH =, daterange(valid_from, valid_to, '[]'::text) WITH &&) WHERE (((kind = 'commissioner'::text) AND (valid_to IS DISTINCT FROM '-infinity'::date)));

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_pkey PRIMARY KEY (id);

ALTER TABLE ONLY appointment_proof
    ADD CONSTRAINT appointment_proof_pkey PRIMARY KEY (id);

ALTER TABLE ONLY attendance
    ADD CONSTRAINT attendance_unique PRIMARY KEY (meeting_id, person_id);

ALTER TABLE ONLY audit_event
    ADD CONSTRAINT audit_event_pkey PRIMARY KEY (id);

ALTER TABLE ONLY authority
    ADD CONSTRAINT authority_key_unique UNIQUE (key);

ALTER TABLE ONLY authority
    ADD CONSTRAINT authority_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ballot
    ADD CONSTRAINT ballot_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_pkey PRIMARY KEY (number);

ALTER TABLE ONLY calendar_feed
    ADD CONSTRAINT calendar_feed_address_unique UNIQUE (token_hash);

ALTER TABLE ONLY calendar_feed
    ADD CONSTRAINT calendar_feed_pkey PRIMARY KEY (id);

ALTER TABLE ONLY calendar_reply
    ADD CONSTRAINT calendar_reply_unique PRIMARY KEY (digest);

ALTER TABLE ONLY call_for_items
    ADD CONSTRAINT call_for_items_unique PRIMARY KEY (meeting_id, number);

ALTER TABLE ONLY captured_line
    ADD CONSTRAINT captured_line_pkey PRIMARY KEY (id);

ALTER TABLE ONLY clarification
    ADD CONSTRAINT clarification_pkey PRIMARY KEY (id);

ALTER TABLE ONLY co_signature
    ADD CONSTRAINT co_signature_step_unique PRIMARY KEY (measure_id, step);

ALTER TABLE ONLY consultation_answer
    ADD CONSTRAINT consultation_answer_pkey PRIMARY KEY (consultation_id);

ALTER TABLE ONLY consultation_file
    ADD CONSTRAINT consultation_file_unique PRIMARY KEY (consultation_id, file_id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_reference_unique UNIQUE (reference);

ALTER TABLE ONLY date_poll_answer
    ADD CONSTRAINT date_poll_answer_unique PRIMARY KEY (poll_id, number, person_id);

ALTER TABLE ONLY date_poll_date
    ADD CONSTRAINT date_poll_date_calendar_unique UNIQUE (calendar_id);

ALTER TABLE ONLY date_poll_date
    ADD CONSTRAINT date_poll_date_unique PRIMARY KEY (poll_id, number);

ALTER TABLE ONLY date_poll_person
    ADD CONSTRAINT date_poll_person_unique PRIMARY KEY (poll_id, person_id);

ALTER TABLE ONLY date_poll
    ADD CONSTRAINT date_poll_pkey PRIMARY KEY (id);

ALTER TABLE ONLY delivery
    ADD CONSTRAINT delivery_once_per_person UNIQUE (dispatch_id, person_id);

ALTER TABLE ONLY delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (id);

ALTER TABLE ONLY department
    ADD CONSTRAINT department_number_unique UNIQUE (authority_id, number);

ALTER TABLE ONLY department
    ADD CONSTRAINT department_pkey PRIMARY KEY (id);

ALTER TABLE ONLY dispatch_part
    ADD CONSTRAINT dispatch_part_unique PRIMARY KEY (dispatch_id, "position");

ALTER TABLE ONLY dispatch
    ADD CONSTRAINT dispatch_pkey PRIMARY KEY (id);

ALTER TABLE ONLY document_draft
    ADD CONSTRAINT document_draft_pkey PRIMARY KEY (document_id);

ALTER TABLE ONLY document_file
    ADD CONSTRAINT document_file_unique PRIMARY KEY (document_id, file_id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_pkey PRIMARY KEY (id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_reference_unique UNIQUE (reference);

ALTER TABLE ONLY document_version
    ADD CONSTRAINT document_version_unique PRIMARY KEY (document_id, number);

ALTER TABLE ONLY expert_involvement
    ADD CONSTRAINT expert_involvement_once EXCLUDE USING gist (object_id WITH =, person_id WITH =, daterange(valid_from, COALESCE(ended_on, (valid_to + 1))) WITH &&);

ALTER TABLE ONLY expert_involvement
    ADD CONSTRAINT expert_involvement_pkey PRIMARY KEY (id);

ALTER TABLE ONLY file
    ADD CONSTRAINT file_pkey PRIMARY KEY (id);

ALTER TABLE ONLY file_use
    ADD CONSTRAINT file_use_unique PRIMARY KEY (file_id, object_id);

ALTER TABLE ONLY idempotent_answer
    ADD CONSTRAINT idempotent_answer_unique PRIMARY KEY (person_id, key);

ALTER TABLE ONLY invitee
    ADD CONSTRAINT invitee_unique PRIMARY KEY (meeting_id, person_id);

ALTER TABLE ONLY item_call
    ADD CONSTRAINT item_call_pkey PRIMARY KEY (id);

ALTER TABLE ONLY late_invitation
    ADD CONSTRAINT late_invitation_once PRIMARY KEY (meeting_id, person_id);

ALTER TABLE ONLY measure_department
    ADD CONSTRAINT measure_department_unique PRIMARY KEY (measure_id, department_id);

ALTER TABLE ONLY measure
    ADD CONSTRAINT measure_pkey PRIMARY KEY (id);

ALTER TABLE ONLY measure_stage
    ADD CONSTRAINT measure_stage_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meeting
    ADD CONSTRAINT meeting_pkey PRIMARY KEY (id);

ALTER TABLE ONLY meeting
    ADD CONSTRAINT meeting_reference_unique UNIQUE (reference);

ALTER TABLE ONLY migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (name);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_dispatch_unique UNIQUE (dispatch_id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_pkey PRIMARY KEY (id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_reference_unique UNIQUE (reference);

ALTER TABLE ONLY minutes_correction
    ADD CONSTRAINT minutes_correction_pkey PRIMARY KEY (id);

ALTER TABLE ONLY minutes_objection
    ADD CONSTRAINT minutes_objection_pkey PRIMARY KEY (id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_once_per_meeting UNIQUE (meeting_id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY minutes_print
    ADD CONSTRAINT minutes_print_pkey PRIMARY KEY (version_id);

ALTER TABLE ONLY minutes_version
    ADD CONSTRAINT minutes_version_pkey PRIMARY KEY (id);

ALTER TABLE ONLY named_access
    ADD CONSTRAINT named_access_unique PRIMARY KEY (object_id, person_id);

ALTER TABLE ONLY number_series
    ADD CONSTRAINT number_series_unique PRIMARY KEY (series, year);

ALTER TABLE ONLY office_clock
    ADD CONSTRAINT office_clock_pkey PRIMARY KEY (only_one);

ALTER TABLE ONLY outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY paper_bundle
    ADD CONSTRAINT paper_bundle_once UNIQUE (meeting_id, person_id);

ALTER TABLE ONLY paper_bundle
    ADD CONSTRAINT paper_bundle_pkey PRIMARY KEY (id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_number_unique UNIQUE (item_id, number);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_pkey PRIMARY KEY (id);

ALTER TABLE ONLY participation
    ADD CONSTRAINT participation_pkey PRIMARY KEY (id);

ALTER TABLE ONLY partner_import
    ADD CONSTRAINT partner_import_pkey PRIMARY KEY (id);

ALTER TABLE ONLY partner_note
    ADD CONSTRAINT partner_note_pkey PRIMARY KEY (id);

ALTER TABLE ONLY partner_opt_out_link
    ADD CONSTRAINT partner_opt_out_link_unique PRIMARY KEY (opt_out);

ALTER TABLE ONLY partner_opt_out
    ADD CONSTRAINT partner_opt_out_once UNIQUE NULLS NOT DISTINCT (address, authority_id);

ALTER TABLE ONLY partner
    ADD CONSTRAINT partner_opt_out_unique UNIQUE (opt_out);

ALTER TABLE ONLY partner
    ADD CONSTRAINT partner_pkey PRIMARY KEY (id);

ALTER TABLE ONLY partner
    ADD CONSTRAINT partner_reference_unique UNIQUE (reference);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_reference_unique UNIQUE (reference);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_once EXCLUDE USING gist (meeting_id WITH =, person_id WITH =, tstzrange(arrived_at, left_at) WITH &&);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_one_voice EXCLUDE USING gist (meeting_id WITH =, authority_id WITH =, tstzrange(arrived_at, left_at) WITH &&) WHERE ((authority_id IS NOT NULL));

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_pkey PRIMARY KEY (id);

ALTER TABLE ONLY procedure
    ADD CONSTRAINT procedure_day_unique UNIQUE (in_force_from);

ALTER TABLE ONLY procedure
    ADD CONSTRAINT procedure_id_unique UNIQUE (id);

ALTER TABLE ONLY procedure
    ADD CONSTRAINT procedure_version_unique PRIMARY KEY (version);

ALTER TABLE ONLY reply
    ADD CONSTRAINT reply_pkey PRIMARY KEY (number);

ALTER TABLE ONLY report_to_head
    ADD CONSTRAINT report_to_head_pkey PRIMARY KEY (id);

ALTER TABLE ONLY responsible_ministry
    ADD CONSTRAINT responsible_ministry_day_unique UNIQUE (valid_from);

ALTER TABLE ONLY responsible_ministry
    ADD CONSTRAINT responsible_ministry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY role_grant
    ADD CONSTRAINT role_grant_no_overlap EXCLUDE USING gist (person_id WITH =, role WITH =, daterange(valid_from, (valid_to + 1)) WITH &&);

ALTER TABLE ONLY role_grant
    ADD CONSTRAINT role_grant_unique PRIMARY KEY (person_id, role, valid_from);

ALTER TABLE ONLY schedule_run
    ADD CONSTRAINT schedule_run_once PRIMARY KEY (job, due_at);

ALTER TABLE ONLY search_entry
    ADD CONSTRAINT search_entry_unique PRIMARY KEY (source_kind, source_id);

ALTER TABLE ONLY search_sealed
    ADD CONSTRAINT search_sealed_pkey PRIMARY KEY (source_kind, source_id);

ALTER TABLE ONLY search_word
    ADD CONSTRAINT search_word_unique PRIMARY KEY (word, level);

ALTER TABLE ONLY session
    ADD CONSTRAINT session_id_unique UNIQUE (id);

ALTER TABLE ONLY session
    ADD CONSTRAINT session_pkey PRIMARY KEY (token_hash);

ALTER TABLE ONLY speech_request
    ADD CONSTRAINT speech_request_pkey PRIMARY KEY (id);

ALTER TABLE ONLY summons
    ADD CONSTRAINT summons_unique PRIMARY KEY (meeting_id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_pkey PRIMARY KEY (id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_reference_unique UNIQUE (reference);

ALTER TABLE ONLY template
    ADD CONSTRAINT template_pkey PRIMARY KEY (id);

ALTER TABLE ONLY topic
    ADD CONSTRAINT topic_pkey PRIMARY KEY (id);

ALTER TABLE ONLY writing_update
    ADD CONSTRAINT writing_update_unique PRIMARY KEY (id);

CREATE INDEX absence_deputy ON absence USING btree (deputy_id);

CREATE INDEX absence_meeting ON absence USING btree (meeting_id) WHERE (meeting_id IS NOT NULL);

CREATE INDEX account_link_person ON account_link USING btree (person_id);

CREATE INDEX account_request_account ON account_request USING btree (account, at);

CREATE INDEX account_request_address ON account_request USING btree (address, at);

CREATE INDEX agenda_content_meeting ON agenda_content USING btree (meeting_id);

CREATE INDEX agenda_item_meeting ON agenda_item USING btree (meeting_id, "order");

CREATE INDEX agenda_version_paper_version ON agenda_version_paper USING btree (meeting_id, version);

CREATE INDEX answer_link_object ON answer_link USING btree (object_id, person_id);

CREATE INDEX appointment_person ON appointment USING btree (person_id);

CREATE INDEX appointment_proof_appointment ON appointment_proof USING btree (appointment_id);

CREATE UNIQUE INDEX appointment_proof_one ON appointment_proof USING btree (appointment_id, duty) WHERE (withdrawn_on IS NULL);

CREATE INDEX attendance_person ON attendance USING btree (person_id);

CREATE INDEX attendance_represented_by ON attendance USING btree (represented_by) WHERE (represented_by IS NOT NULL);

CREATE INDEX audit_event_object ON audit_event USING btree (object_id, id);

CREATE INDEX ballot_meeting ON ballot USING btree (meeting_id);

CREATE UNIQUE INDEX ballot_one_open ON ballot USING btree (item_id) WHERE (state = 'open'::text);

CREATE INDEX ballot_vote_last ON ballot_vote USING btree (ballot_id, authority_id, number DESC);

CREATE UNIQUE INDEX calendar_feed_of_a_person ON calendar_feed USING btree (person_id) WHERE ((revoked_on IS NULL) AND (person_id IS NOT NULL));

CREATE UNIQUE INDEX calendar_feed_of_the_circle ON calendar_feed USING btree ((true)) WHERE ((revoked_on IS NULL) AND (person_id IS NULL));

CREATE INDEX calendar_reply_meeting ON calendar_reply USING btree (meeting_id, person_id);

CREATE UNIQUE INDEX captured_line_once ON captured_line USING btree (item_id, kind, md5(line));

CREATE INDEX clarification_consultation ON clarification USING btree (consultation_id);

CREATE UNIQUE INDEX clarification_one_open ON clarification USING btree (consultation_id) WHERE (replied_on IS NULL);

CREATE INDEX consultation_audience ON consultation USING gin (audience);

CREATE INDEX consultation_due ON consultation USING btree (due_on_effective) WHERE (state = ANY (ARRAY['received'::text, 'clarification'::text, 'assigned'::text, 'in_progress'::text, 'in_review'::text]));

CREATE INDEX consultation_page ON consultation USING btree (received_on DESC, id);

CREATE INDEX date_poll_page ON date_poll USING btree (created_on, id);

CREATE INDEX delivery_open ON delivery USING btree (dispatch_id, next_try) WHERE (state = ANY (ARRAY['new'::text, 'leased'::text, 'sending'::text]));

CREATE INDEX delivery_person ON delivery USING btree (person_id);

CREATE INDEX dispatch_object ON dispatch USING btree (object_id);

CREATE INDEX dispatch_page ON dispatch USING btree (created_at DESC, id DESC);

CREATE INDEX document_audience ON document USING gin (audience);

CREATE INDEX document_file_file ON document_file USING btree (file_id);

CREATE INDEX document_page ON document USING btree (COALESCE(released_on, '9999-12-31'::date) DESC, id DESC);

CREATE INDEX document_review ON document USING btree (review_on) WHERE (state = 'released'::text);

CREATE INDEX document_successor ON document USING btree (superseded_by) WHERE (superseded_by IS NOT NULL);

CREATE INDEX expert_involvement_object ON expert_involvement USING btree (object_id);

CREATE INDEX expert_involvement_person ON expert_involvement USING btree (person_id);

CREATE INDEX file_use_object ON file_use USING btree (object_id);

CREATE INDEX invitee_person ON invitee USING btree (person_id);

CREATE INDEX item_call_item ON item_call USING btree (item_id);

CREATE UNIQUE INDEX item_call_one_open ON item_call USING btree (meeting_id) WHERE (ended_at IS NULL);

CREATE INDEX measure_house ON measure USING btree (authority_id);

CREATE INDEX measure_stage_measure ON measure_stage USING btree (measure_id);

CREATE INDEX meeting_page ON meeting USING btree (date, id);

CREATE INDEX ministry_notice_appointment ON ministry_notice USING btree (appointment_id);

CREATE UNIQUE INDEX minutes_version_annex ON minutes_version USING btree (minutes_id, number, item_id) WHERE (item_id IS NOT NULL);

CREATE UNIQUE INDEX minutes_version_main ON minutes_version USING btree (minutes_id, number) WHERE (item_id IS NULL);

CREATE INDEX named_access_person ON named_access USING btree (person_id);

CREATE INDEX outbox_open ON outbox USING btree (due_at) WHERE ((done_at IS NULL) AND (failed_at IS NULL));

CREATE INDEX paper_meeting ON paper USING btree (meeting_id);

CREATE INDEX participation_measure ON participation USING btree (measure_id);

CREATE INDEX partner_authority ON partner USING btree (authority_id);

CREATE INDEX partner_email ON partner USING btree (lower(email)) WHERE (email <> ''::text);

CREATE INDEX partner_import_person ON partner_import USING btree (person_id);

CREATE INDEX partner_municipality ON partner USING btree (ags);

CREATE INDEX partner_note_partner ON partner_note USING btree (partner_id, held_on);

CREATE INDEX partner_person ON partner USING btree (person_id) WHERE (person_id IS NOT NULL);

CREATE INDEX person_authority ON person USING btree (authority_id);

CREATE UNIQUE INDEX person_email_unique ON person USING btree (lower(email)) WHERE (NOT letters_only);

CREATE UNIQUE INDEX person_letters_email_unique ON person USING btree (lower(email)) WHERE letters_only;

CREATE INDEX presence_meeting ON presence USING btree (meeting_id, arrived_at);

CREATE INDEX reply_last ON reply USING btree (meeting_id, person_id, number DESC);

CREATE INDEX report_to_head_house ON report_to_head USING btree (authority_id, reported_on);

CREATE INDEX search_entry_reference ON search_entry USING btree (upper(reference));

CREATE INDEX search_entry_words ON search_entry USING gin (words) WITH (fastupdate=off);

CREATE INDEX search_sealed_upper_idx ON search_sealed USING btree (upper(reference));

CREATE INDEX search_sealed_words_idx ON search_sealed USING gin (words) WITH (fastupdate=off);

CREATE INDEX search_word_shape ON search_word USING gin (word gin_trgm_ops);

CREATE INDEX session_person ON session USING btree (person_id);

CREATE INDEX sign_in_failure_account ON sign_in_failure USING btree (account, at);

CREATE INDEX sign_in_failure_address ON sign_in_failure USING btree (address, at);

CREATE INDEX speech_request_meeting ON speech_request USING btree (meeting_id);

CREATE UNIQUE INDEX speech_request_one_speaker ON speech_request USING btree (meeting_id) WHERE (state = 'speaking'::text);

CREATE UNIQUE INDEX speech_request_one_waiting ON speech_request USING btree (item_id, person_id) WHERE (state = 'waiting'::text);

CREATE INDEX task_item ON task USING btree (item_id) WHERE (item_id IS NOT NULL);

CREATE INDEX task_owner ON task USING btree (owner_id);

CREATE INDEX task_resubmission ON task USING btree (resubmission_on) WHERE (status = ANY (ARRAY['open'::text, 'accepted'::text]));

CREATE INDEX writing_update_item ON writing_update USING btree (item_id, id);

CREATE TRIGGER approved_once BEFORE DELETE OR UPDATE ON minutes FOR EACH ROW EXECUTE FUNCTION keep_approved();

CREATE TRIGGER counted_in_minutes AFTER UPDATE OF minutes, result, resolution_text, votes, reservations ON agenda_content FOR EACH ROW WHEN (((new.confidentiality <> 'confidential'::text) AND (((((old.minutes IS DISTINCT FROM new.minutes) OR (old.result IS DISTINCT FROM new.result)) OR (old.resolution_text IS DISTINCT FROM new.resolution_text)) OR (old.votes IS DISTINCT FROM new.votes)) OR (old.reservations IS DISTINCT FROM new.reservations)))) EXECUTE FUNCTION count_in_minutes();

CREATE TRIGGER floor_left AFTER UPDATE OF ended_at ON item_call FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION leave_item();

CREATE TRIGGER floor_left AFTER UPDATE OF state ON meeting FOR EACH ROW WHEN (((old.state = 'running'::text) AND (new.state <> 'running'::text))) EXECUTE FUNCTION leave_room();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON agenda_version FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON agenda_version_paper FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON audit_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON ballot_vote FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON call_for_items FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON consultation_answer FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON document_version FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON late_invitation FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON minutes_correction FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON minutes_print FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON minutes_version FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER written_once BEFORE DELETE OR UPDATE ON reply FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_deputy_exists FOREIGN KEY (deputy_id) REFERENCES person(id);

ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY absence
    ADD CONSTRAINT absence_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY account_link
    ADD CONSTRAINT account_link_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY agenda_content
    ADD CONSTRAINT agenda_content_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY agenda_content
    ADD CONSTRAINT agenda_content_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY agenda_content
    ADD CONSTRAINT agenda_content_rapporteur_exists FOREIGN KEY (rapporteur_id) REFERENCES person(id);

ALTER TABLE ONLY agenda_content
    ADD CONSTRAINT agenda_content_submitter_exists FOREIGN KEY (submitted_by) REFERENCES person(id);

ALTER TABLE ONLY agenda_item
    ADD CONSTRAINT agenda_item_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY agenda_item
    ADD CONSTRAINT agenda_item_successor_exists FOREIGN KEY (adjourned_to) REFERENCES agenda_item(id);

ALTER TABLE ONLY agenda_version
    ADD CONSTRAINT agenda_version_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY agenda_version
    ADD CONSTRAINT agenda_version_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY agenda_version_paper
    ADD CONSTRAINT agenda_version_paper_exists FOREIGN KEY (paper_id) REFERENCES paper(id);

ALTER TABLE ONLY agenda_version_paper
    ADD CONSTRAINT agenda_version_paper_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY agenda_version_paper
    ADD CONSTRAINT agenda_version_paper_version_exists FOREIGN KEY (meeting_id, version) REFERENCES agenda_version(meeting_id, version);

ALTER TABLE ONLY answer_link
    ADD CONSTRAINT answer_link_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_annuller_exists FOREIGN KEY (annulled_by) REFERENCES person(id);

ALTER TABLE ONLY appointment_attachment
    ADD CONSTRAINT appointment_attachment_appointment_exists FOREIGN KEY (appointment_id) REFERENCES appointment(id);

ALTER TABLE ONLY appointment_attachment
    ADD CONSTRAINT appointment_attachment_setter_exists FOREIGN KEY (set_by) REFERENCES person(id);

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY appointment_proof
    ADD CONSTRAINT appointment_proof_appointment_exists FOREIGN KEY (appointment_id) REFERENCES appointment(id);

ALTER TABLE ONLY appointment_proof
    ADD CONSTRAINT appointment_proof_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY appointment_proof
    ADD CONSTRAINT appointment_proof_recorder_exists FOREIGN KEY (recorded_by) REFERENCES person(id);

ALTER TABLE ONLY appointment_proof
    ADD CONSTRAINT appointment_proof_withdrawer_exists FOREIGN KEY (withdrawn_by) REFERENCES person(id);

ALTER TABLE ONLY appointment
    ADD CONSTRAINT appointment_successor_exists FOREIGN KEY (succeeded_by) REFERENCES appointment(id);

ALTER TABLE ONLY attendance
    ADD CONSTRAINT attendance_deputy_exists FOREIGN KEY (represented_by) REFERENCES person(id);

ALTER TABLE ONLY attendance
    ADD CONSTRAINT attendance_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY attendance
    ADD CONSTRAINT attendance_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY authority
    ADD CONSTRAINT authority_parent_exists FOREIGN KEY (parent_id) REFERENCES authority(id);

ALTER TABLE ONLY ballot
    ADD CONSTRAINT ballot_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY ballot
    ADD CONSTRAINT ballot_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY ballot
    ADD CONSTRAINT ballot_opener_exists FOREIGN KEY (opened_by) REFERENCES person(id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_author_exists FOREIGN KEY (entered_by) REFERENCES person(id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_ballot_exists FOREIGN KEY (ballot_id) REFERENCES ballot(id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_house_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_member_exists FOREIGN KEY (member_id) REFERENCES person(id);

ALTER TABLE ONLY ballot_vote
    ADD CONSTRAINT ballot_vote_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY calendar_feed
    ADD CONSTRAINT calendar_feed_maker_exists FOREIGN KEY (made_by) REFERENCES person(id);

ALTER TABLE ONLY calendar_feed
    ADD CONSTRAINT calendar_feed_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY calendar_reply
    ADD CONSTRAINT calendar_reply_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY calendar_reply
    ADD CONSTRAINT calendar_reply_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY call_for_items
    ADD CONSTRAINT call_for_items_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY call_for_items
    ADD CONSTRAINT call_for_items_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY captured_line
    ADD CONSTRAINT captured_line_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY captured_line
    ADD CONSTRAINT captured_line_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY captured_line
    ADD CONSTRAINT captured_line_task_exists FOREIGN KEY (task_id) REFERENCES task(id);

ALTER TABLE ONLY clarification
    ADD CONSTRAINT clarification_asker_exists FOREIGN KEY (asked_by) REFERENCES person(id);

ALTER TABLE ONLY clarification
    ADD CONSTRAINT clarification_consultation_exists FOREIGN KEY (consultation_id) REFERENCES consultation(id);

ALTER TABLE ONLY clarification
    ADD CONSTRAINT clarification_replier_exists FOREIGN KEY (replied_by) REFERENCES person(id);

ALTER TABLE ONLY co_signature
    ADD CONSTRAINT co_signature_department_exists FOREIGN KEY (department_id) REFERENCES department(id);

ALTER TABLE ONLY co_signature
    ADD CONSTRAINT co_signature_measure_exists FOREIGN KEY (measure_id) REFERENCES measure(id) ON DELETE CASCADE;

ALTER TABLE ONLY consultation_answer
    ADD CONSTRAINT consultation_answer_consultation_exists FOREIGN KEY (consultation_id) REFERENCES consultation(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_approver_exists FOREIGN KEY (approver_id) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_assignee_exists FOREIGN KEY (assignee_id) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_author_exists FOREIGN KEY (answered_by) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_deputy_exists FOREIGN KEY (deputy_id) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_document_exists FOREIGN KEY (released_as) REFERENCES document(id);

ALTER TABLE ONLY consultation_file
    ADD CONSTRAINT consultation_file_consultation_exists FOREIGN KEY (consultation_id) REFERENCES consultation(id);

ALTER TABLE ONLY consultation_file
    ADD CONSTRAINT consultation_file_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_proposer_exists FOREIGN KEY (proposed_by) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_requester_exists FOREIGN KEY (requested_by) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_reviewed_by_exists FOREIGN KEY (reviewed_by) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_reviewer_exists FOREIGN KEY (reviewer_id) REFERENCES person(id);

ALTER TABLE ONLY consultation
    ADD CONSTRAINT consultation_stock_exists FOREIGN KEY (answered_with) REFERENCES document(id);

ALTER TABLE ONLY date_poll_answer
    ADD CONSTRAINT date_poll_answer_date_exists FOREIGN KEY (poll_id, number) REFERENCES date_poll_date(poll_id, number);

ALTER TABLE ONLY date_poll_answer
    ADD CONSTRAINT date_poll_answer_of_somebody_asked FOREIGN KEY (poll_id, person_id) REFERENCES date_poll_person(poll_id, person_id);

ALTER TABLE ONLY date_poll
    ADD CONSTRAINT date_poll_creator_exists FOREIGN KEY (created_by) REFERENCES person(id);

ALTER TABLE ONLY date_poll_date
    ADD CONSTRAINT date_poll_date_poll_exists FOREIGN KEY (poll_id) REFERENCES date_poll(id);

ALTER TABLE ONLY date_poll
    ADD CONSTRAINT date_poll_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY date_poll_person
    ADD CONSTRAINT date_poll_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY date_poll_person
    ADD CONSTRAINT date_poll_person_poll_exists FOREIGN KEY (poll_id) REFERENCES date_poll(id);

ALTER TABLE ONLY delivery
    ADD CONSTRAINT delivery_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY delivery
    ADD CONSTRAINT delivery_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY department
    ADD CONSTRAINT department_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY dispatch_part
    ADD CONSTRAINT dispatch_part_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY dispatch_part
    ADD CONSTRAINT dispatch_part_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY dispatch
    ADD CONSTRAINT dispatch_requester_exists FOREIGN KEY (requested_by) REFERENCES person(id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY document_draft
    ADD CONSTRAINT document_draft_document_exists FOREIGN KEY (document_id) REFERENCES document(id);

ALTER TABLE ONLY document_draft
    ADD CONSTRAINT document_draft_editor_exists FOREIGN KEY (edited_by) REFERENCES person(id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_editor_exists FOREIGN KEY (edited_by) REFERENCES person(id);

ALTER TABLE ONLY document_file
    ADD CONSTRAINT document_file_document_exists FOREIGN KEY (document_id) REFERENCES document(id);

ALTER TABLE ONLY document_file
    ADD CONSTRAINT document_file_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_owner_exists FOREIGN KEY (owner_id) REFERENCES person(id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_releaser_exists FOREIGN KEY (released_by) REFERENCES person(id);

ALTER TABLE ONLY document
    ADD CONSTRAINT document_successor_exists FOREIGN KEY (superseded_by) REFERENCES document(id);

ALTER TABLE ONLY document_version
    ADD CONSTRAINT document_version_document_exists FOREIGN KEY (document_id) REFERENCES document(id);

ALTER TABLE ONLY expert_involvement
    ADD CONSTRAINT expert_involvement_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY expert_involvement
    ADD CONSTRAINT expert_involvement_granter_exists FOREIGN KEY (granted_by) REFERENCES person(id);

ALTER TABLE ONLY expert_involvement
    ADD CONSTRAINT expert_involvement_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY file
    ADD CONSTRAINT file_uploader_exists FOREIGN KEY (uploaded_by) REFERENCES person(id);

ALTER TABLE ONLY file_use
    ADD CONSTRAINT file_use_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY invitee
    ADD CONSTRAINT invitee_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY invitee
    ADD CONSTRAINT invitee_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY item_call
    ADD CONSTRAINT item_call_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY item_call
    ADD CONSTRAINT item_call_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY late_invitation
    ADD CONSTRAINT late_invitation_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY late_invitation
    ADD CONSTRAINT late_invitation_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY late_invitation
    ADD CONSTRAINT late_invitation_version_exists FOREIGN KEY (meeting_id, version) REFERENCES agenda_version(meeting_id, version);

ALTER TABLE ONLY measure
    ADD CONSTRAINT measure_author_exists FOREIGN KEY (created_by) REFERENCES person(id);

ALTER TABLE ONLY measure
    ADD CONSTRAINT measure_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY measure_department
    ADD CONSTRAINT measure_department_department_exists FOREIGN KEY (department_id) REFERENCES department(id);

ALTER TABLE ONLY measure_department
    ADD CONSTRAINT measure_department_measure_exists FOREIGN KEY (measure_id) REFERENCES measure(id) ON DELETE CASCADE;

ALTER TABLE ONLY measure
    ADD CONSTRAINT measure_lead_unit_exists FOREIGN KEY (lead_unit) REFERENCES department(id);

ALTER TABLE ONLY measure_stage
    ADD CONSTRAINT measure_stage_measure_exists FOREIGN KEY (measure_id) REFERENCES measure(id) ON DELETE CASCADE;

ALTER TABLE ONLY measure_stage
    ADD CONSTRAINT measure_stage_person_exists FOREIGN KEY (changed_by) REFERENCES person(id);

ALTER TABLE ONLY meeting
    ADD CONSTRAINT meeting_convener_exists FOREIGN KEY (convened_by) REFERENCES person(id);

ALTER TABLE ONLY meeting
    ADD CONSTRAINT meeting_procedure_exists FOREIGN KEY (procedure_version) REFERENCES procedure(version);

ALTER TABLE ONLY meeting
    ADD CONSTRAINT meeting_successor_exists FOREIGN KEY (moved_to) REFERENCES meeting(id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_appointment_exists FOREIGN KEY (appointment_id) REFERENCES appointment(id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_dispatch_exists FOREIGN KEY (dispatch_id) REFERENCES dispatch(id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_ministry_exists FOREIGN KEY (ministry_id) REFERENCES responsible_ministry(id);

ALTER TABLE ONLY ministry_notice
    ADD CONSTRAINT ministry_notice_requester_exists FOREIGN KEY (requested_by) REFERENCES person(id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_approving_meeting_exists FOREIGN KEY (approved_in) REFERENCES meeting(id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_chair_exists FOREIGN KEY (chair_id) REFERENCES person(id);

ALTER TABLE ONLY minutes_correction
    ADD CONSTRAINT minutes_correction_minutes_exists FOREIGN KEY (minutes_id) REFERENCES minutes(id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_keeper_exists FOREIGN KEY (keeper_id) REFERENCES person(id);

ALTER TABLE ONLY minutes
    ADD CONSTRAINT minutes_meeting_id_fkey FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY minutes_objection
    ADD CONSTRAINT minutes_objection_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY minutes_objection
    ADD CONSTRAINT minutes_objection_minutes_exists FOREIGN KEY (minutes_id) REFERENCES minutes(id);

ALTER TABLE ONLY minutes_objection
    ADD CONSTRAINT minutes_objection_person_exists FOREIGN KEY (by_id) REFERENCES person(id);

ALTER TABLE ONLY minutes_print
    ADD CONSTRAINT minutes_print_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY minutes_print
    ADD CONSTRAINT minutes_print_version_exists FOREIGN KEY (version_id) REFERENCES minutes_version(id);

ALTER TABLE ONLY minutes_version
    ADD CONSTRAINT minutes_version_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY minutes_version
    ADD CONSTRAINT minutes_version_minutes_exists FOREIGN KEY (minutes_id) REFERENCES minutes(id);

ALTER TABLE ONLY named_access
    ADD CONSTRAINT named_access_granter_exists FOREIGN KEY (granted_by) REFERENCES person(id);

ALTER TABLE ONLY named_access
    ADD CONSTRAINT named_access_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_author_exists FOREIGN KEY (author_id) REFERENCES person(id);

ALTER TABLE ONLY paper_bundle
    ADD CONSTRAINT paper_bundle_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY paper_bundle
    ADD CONSTRAINT paper_bundle_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_document_exists FOREIGN KEY (document_id) REFERENCES document(id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_file_exists FOREIGN KEY (file_id) REFERENCES file(id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY paper
    ADD CONSTRAINT paper_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY participation
    ADD CONSTRAINT participation_department_exists FOREIGN KEY (department_id) REFERENCES department(id);

ALTER TABLE ONLY participation
    ADD CONSTRAINT participation_measure_exists FOREIGN KEY (measure_id) REFERENCES measure(id) ON DELETE CASCADE;

ALTER TABLE ONLY partner
    ADD CONSTRAINT partner_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY partner_import
    ADD CONSTRAINT partner_import_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY partner_import
    ADD CONSTRAINT partner_import_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY partner_note
    ADD CONSTRAINT partner_note_partner_exists FOREIGN KEY (partner_id) REFERENCES partner(id) ON DELETE CASCADE;

ALTER TABLE ONLY partner_note
    ADD CONSTRAINT partner_note_writer_exists FOREIGN KEY (written_by) REFERENCES person(id);

ALTER TABLE ONLY partner_opt_out
    ADD CONSTRAINT partner_opt_out_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY partner
    ADD CONSTRAINT partner_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY person
    ADD CONSTRAINT person_pending_by_exists FOREIGN KEY (pending_by) REFERENCES person(id);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_house_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_item_exists FOREIGN KEY (left_for) REFERENCES agenda_item(id);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_member_exists FOREIGN KEY (member_id) REFERENCES person(id);

ALTER TABLE ONLY presence
    ADD CONSTRAINT presence_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY procedure
    ADD CONSTRAINT procedure_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY reply
    ADD CONSTRAINT reply_author_exists FOREIGN KEY (entered_by) REFERENCES person(id);

ALTER TABLE ONLY reply
    ADD CONSTRAINT reply_deputy_exists FOREIGN KEY (deputy_id) REFERENCES person(id);

ALTER TABLE ONLY reply
    ADD CONSTRAINT reply_of_an_invitee FOREIGN KEY (meeting_id, person_id) REFERENCES invitee(meeting_id, person_id);

ALTER TABLE ONLY report_to_head
    ADD CONSTRAINT report_to_head_author_exists FOREIGN KEY (created_by) REFERENCES person(id);

ALTER TABLE ONLY report_to_head
    ADD CONSTRAINT report_to_head_authority_exists FOREIGN KEY (authority_id) REFERENCES authority(id);

ALTER TABLE ONLY responsible_ministry
    ADD CONSTRAINT responsible_ministry_recipient_exists FOREIGN KEY (recipient_id) REFERENCES person(id);

ALTER TABLE ONLY responsible_ministry
    ADD CONSTRAINT responsible_ministry_setter_exists FOREIGN KEY (set_by) REFERENCES person(id);

ALTER TABLE ONLY role_grant
    ADD CONSTRAINT role_grant_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY session
    ADD CONSTRAINT session_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY speech_request
    ADD CONSTRAINT speech_request_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY speech_request
    ADD CONSTRAINT speech_request_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY speech_request
    ADD CONSTRAINT speech_request_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE ONLY summons
    ADD CONSTRAINT summons_meeting_exists FOREIGN KEY (meeting_id) REFERENCES meeting(id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_accepter_exists FOREIGN KEY (accepted_by) REFERENCES person(id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_creator_exists FOREIGN KEY (created_by) REFERENCES person(id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_owner_exists FOREIGN KEY (owner_id) REFERENCES person(id);

ALTER TABLE ONLY task
    ADD CONSTRAINT task_predecessor_exists FOREIGN KEY (handed_over_from) REFERENCES person(id);

ALTER TABLE ONLY writing_update
    ADD CONSTRAINT writing_update_item_exists FOREIGN KEY (item_id) REFERENCES agenda_item(id);

ALTER TABLE ONLY writing_update
    ADD CONSTRAINT writing_update_person_exists FOREIGN KEY (person_id) REFERENCES person(id);

ALTER TABLE agenda_content ENABLE ROW LEVEL SECURITY;

ALTER TABLE agenda_version_paper ENABLE ROW LEVEL SECURITY;

ALTER TABLE ballot ENABLE ROW LEVEL SECURITY;

ALTER TABLE ballot_vote ENABLE ROW LEVEL SECURITY;

ALTER TABLE captured_line ENABLE ROW LEVEL SECURITY;

ALTER TABLE clarification ENABLE ROW LEVEL SECURITY;

ALTER TABLE co_signature ENABLE ROW LEVEL SECURITY;

ALTER TABLE consultation ENABLE ROW LEVEL SECURITY;

ALTER TABLE consultation_answer ENABLE ROW LEVEL SECURITY;

ALTER TABLE delivery ENABLE ROW LEVEL SECURITY;

ALTER TABLE department ENABLE ROW LEVEL SECURITY;

ALTER TABLE dispatch ENABLE ROW LEVEL SECURITY;

ALTER TABLE dispatch_part ENABLE ROW LEVEL SECURITY;

ALTER TABLE document ENABLE ROW LEVEL SECURITY;

ALTER TABLE document_draft ENABLE ROW LEVEL SECURITY;

ALTER TABLE document_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE file_use ENABLE ROW LEVEL SECURITY;

ALTER TABLE measure ENABLE ROW LEVEL SECURITY;

ALTER TABLE measure_department ENABLE ROW LEVEL SECURITY;

ALTER TABLE measure_stage ENABLE ROW LEVEL SECURITY;

ALTER TABLE minutes_objection ENABLE ROW LEVEL SECURITY;

ALTER TABLE minutes_version ENABLE ROW LEVEL SECURITY;

ALTER TABLE paper ENABLE ROW LEVEL SECURITY;

ALTER TABLE paper_bundle ENABLE ROW LEVEL SECURITY;

ALTER TABLE participation ENABLE ROW LEVEL SECURITY;

ALTER TABLE report_to_head ENABLE ROW LEVEL SECURITY;

ALTER TABLE search_sealed ENABLE ROW LEVEL SECURITY;

ALTER TABLE speech_request ENABLE ROW LEVEL SECURITY;

ALTER TABLE task ENABLE ROW LEVEL SECURITY;

CREATE POLICY wall ON agenda_content USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON agenda_version_paper USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON ballot USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON ballot_vote USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON captured_line USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON clarification USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON co_signature USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON consultation USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON consultation_answer USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON delivery USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON department USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON dispatch USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)) OR (((level <> 'confidential'::text) OR (readers && ( SELECT wall_keys() AS wall_keys))) AND (EXISTS ( SELECT
   FROM delivery d
  WHERE ((d.dispatch_id = dispatch.id) AND (('person:'::text || d.person_id) = ANY (( SELECT wall_keys() AS wall_keys)::text[])))))))) WITH CHECK (true);

CREATE POLICY wall ON dispatch_part USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON document USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON document_draft USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON document_version USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON file_use USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON measure USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON measure_department USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON measure_stage USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON minutes_objection USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON minutes_version USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON paper USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON paper_bundle USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON participation USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON report_to_head USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON search_sealed USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON speech_request USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON task USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

CREATE POLICY wall ON writing_update USING ((( SELECT wall_open() AS wall_open) OR (audience && ( SELECT wall_keys() AS wall_keys)))) WITH CHECK (true);

ALTER TABLE writing_update ENABLE ROW LEVEL SECURITY;
