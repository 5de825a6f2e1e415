-- Meetings, agenda, papers, minutes and tasks.
-- The circle's own rules (Geschäftsordnung), one full set for each version. A version holds from its first day until the
-- next one begins, so that none can overlap; `reference` names the resolution it was adopted by.
create table procedure (
    version integer constraint procedure_version_unique primary key,
    id uuid not null default gen_random_uuid() constraint procedure_id_unique unique,
    adopted_on date not null,
    in_force_from date not null constraint procedure_day_unique unique,
    reference text not null default '',
    meeting_id uuid,
    rules jsonb not null,
    revision integer not null default 1,
    audience text[] not null generated always as (array['internal']) stored,
    constraint procedure_days_ordered check (in_force_from >= adopted_on)
);

create table meeting (
    id uuid primary key default gen_random_uuid(),
    reference text not null constraint meeting_reference_unique unique,
    number integer not null,
    title text not null,
    date date not null,
    start_local time not null,
    end_local time not null,
    time_zone text not null default 'Europe/Berlin',
    mode text not null constraint meeting_mode_known check (mode in ('in_person', 'online', 'hybrid')),
    place text not null default '',
    link text not null default '',
    state text not null default 'agenda_open' constraint meeting_state_known check (state in (
        'planned', 'agenda_open', 'invited', 'running', 'held', 'minutes_draft', 'minutes_approved', 'filed',
        'cancelled', 'moved')),
    file_reference text not null default '',
    deadlines jsonb not null default '{}',
    procedure_version integer not null constraint meeting_procedure_exists references procedure,
    invitation_sent_on date,
    agenda_version integer not null default 0,
    sequence integer not null default 0,
    started_at timestamptz,
    ended_at timestamptz,
    moved_to uuid constraint meeting_successor_exists references meeting,
    -- Why it was cancelled or moved.
    reason text not null default '',
    -- The name that calendars know it by, when it is not its own id: with another date it keeps that of the old one.
    calendar_id uuid,
    note text not null default '',
    convened_by uuid constraint meeting_convener_exists references person,
    revision integer not null default 1,
    audience text[] not null generated always as (array['circle', 'meeting:' || id::text]) stored,
    constraint meeting_times_ordered check (end_local > start_local)
);
create index meeting_page on meeting (date, id);
alter table procedure add constraint procedure_meeting_exists foreign key (meeting_id) references meeting;
alter table attendance add constraint attendance_meeting_exists foreign key (meeting_id) references meeting;
alter table absence add constraint absence_meeting_exists foreign key (meeting_id) references meeting;

-- The shell of an item: its existence, number and order are open to whoever sees the meeting.
create table agenda_item (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint agenda_item_meeting_exists references meeting,
    "order" integer not null,
    number text not null default '',
    status text not null default 'registered' constraint agenda_item_status_known
        check (status in ('registered', 'returned', 'admitted', 'on_agenda', 'treated', 'adjourned', 'removed', 'withdrawn')),
    frozen boolean not null default false,
    late_submission boolean not null default false,
    adjourned_to uuid constraint agenda_item_successor_exists references agenda_item,
    -- Where the procedure puts it, when it stands on every agenda: new items come before the last ones.
    standing text constraint agenda_item_standing_known check (standing in ('first', 'last')),
    revision integer not null default 1,
    constraint agenda_item_order_unique unique (meeting_id, "order") deferrable initially deferred
);

-- What an item is about: confidential content is open to named persons only.
create table agenda_content (
    item_id uuid primary key constraint agenda_content_item_exists references agenda_item,
    meeting_id uuid not null constraint agenda_content_meeting_exists references meeting,
    title text not null,
    description text not null default '',
    aim text not null constraint agenda_content_aim_known
        check (aim in ('experience', 'information', 'knowledge_transfer', 'coordination')),
    kind text not null default 'deliberation' constraint agenda_content_kind_known check (kind in (
        'formality', 'approval_of_minutes', 'report', 'deliberation', 'exchange', 'resolution', 'information', 'miscellaneous')),
    confidentiality text not null default 'circle' constraint agenda_content_level_known
        check (confidentiality in ('public', 'internal', 'circle', 'confidential')),
    rapporteur_id uuid constraint agenda_content_rapporteur_exists references person,
    submitted_by uuid constraint agenda_content_submitter_exists references person,
    planned_minutes integer not null default 15 constraint agenda_content_minutes_sane check (planned_minutes between 0 and 600),
    return_reason text not null default '',
    minutes text not null default '',
    result text not null default '',
    resolution_text text not null default '',
    votes jsonb,
    reservations jsonb not null default '[]',
    audience text[] not null generated always as (
        case when confidentiality = 'confidential' then array['named:' || item_id::text, 'expert:' || item_id::text]
            else array['circle', 'meeting:' || meeting_id::text, 'expert:' || item_id::text] end) stored
);
create index agenda_content_meeting on agenda_content (meeting_id);
create index agenda_item_meeting on agenda_item (meeting_id, "order");
select raise_wall('agenda_content');

create table paper (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint paper_meeting_exists references meeting,
    item_id uuid not null constraint paper_item_exists references agenda_item,
    number integer not null,
    title text not null,
    version integer not null default 1,
    confidentiality text not null constraint paper_level_known
        check (confidentiality in ('public', 'internal', 'circle', 'confidential')),
    label text not null default 'advance' constraint paper_label_known check (label in ('advance', 'late', 'tabled')),
    file_id uuid constraint paper_file_exists references file,
    document_id uuid constraint paper_document_exists references document,
    author_id uuid constraint paper_author_exists references person,
    submitted_on date not null,
    revision integer not null default 1,
    audience text[] not null generated always as (
        case when confidentiality = 'confidential' then array['named:' || item_id::text, 'expert:' || item_id::text]
            else array['circle', 'papers:' || meeting_id::text, 'expert:' || item_id::text] end) stored,
    constraint paper_has_content check (file_id is not null or document_id is not null),
    constraint paper_number_unique unique (item_id, number)
);
create index paper_meeting on paper (meeting_id);
select raise_wall('paper');

-- Each dispatched agenda as it went out, confidential items masked. Never altered.
create table agenda_version (
    meeting_id uuid not null constraint agenda_version_meeting_exists references meeting,
    version integer not null,
    kind text not null constraint agenda_version_kind_known check (kind in ('invitation', 'supplement')),
    agenda jsonb not null,
    sha256 text not null,
    -- To whom it went as member or deputy: the circle can decide only when all were invited.
    members uuid[] not null default '{}',
    sent_on date not null,
    dispatch_id uuid not null constraint agenda_version_dispatch_exists references dispatch,
    constraint agenda_version_unique primary key (meeting_id, version)
);
select write_once('agenda_version');

-- When the houses were asked for items. Said again only on purpose; a race meets the key.
create table call_for_items (
    meeting_id uuid not null constraint call_for_items_meeting_exists references meeting,
    number integer not null,
    sent_on date not null,
    dispatch_id uuid not null constraint call_for_items_dispatch_exists references dispatch,
    constraint call_for_items_unique primary key (meeting_id, number)
);
select write_once('call_for_items');

-- What went out with which agenda: each version of a paper once. `audience` opens the paper; of them it went to `readers`,
-- because a document is opened by its own.
create table agenda_version_paper (
    meeting_id uuid not null,
    version integer not null,
    paper_id uuid not null constraint agenda_version_paper_exists references paper,
    paper_version integer not null,
    title text not null,
    level text not null constraint agenda_version_paper_level_known
        check (level in ('public', 'internal', 'circle', 'confidential')),
    file_id uuid constraint agenda_version_paper_file_exists references file,
    url text not null default '',
    audience text[] not null,
    readers text[] not null,
    constraint agenda_version_paper_unique primary key (paper_id, paper_version),
    constraint agenda_version_paper_version_exists foreign key (meeting_id, version) references agenda_version
);
create index agenda_version_paper_version on agenda_version_paper (meeting_id, version);
select raise_wall('agenda_version_paper');
select write_once('agenda_version_paper');

create table minutes (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint minutes_once_per_meeting unique references meeting,
    kind text not null default 'result' constraint minutes_kind_known check (kind in ('result', 'course')),
    state text not null default 'draft' constraint minutes_state_known
        check (state in ('draft', 'sent', 'approved', 'approved_with_changes')),
    keeper_id uuid constraint minutes_keeper_exists references person,
    chair_id uuid constraint minutes_chair_exists references person,
    version integer not null default 0,
    draft_sent_on date,
    objection_until date,
    objection_steps jsonb not null default '[]',
    approved_on date,
    approved_in uuid constraint minutes_approving_meeting_exists references meeting,
    revision integer not null default 1
);

-- Approved minutes stay as they are; with each correction below them only the revision moves on.
create function keep_approved() returns trigger
language plpgsql as $$
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
create trigger approved_once before update or delete on minutes for each row execute function keep_approved();

-- The text of every version that went out: canonical JSON and its SHA-256. Confidential items are rows of their own.
create table minutes_version (
    id uuid primary key default gen_random_uuid(),
    minutes_id uuid not null constraint minutes_version_minutes_exists references minutes,
    number integer not null,
    state text not null,
    item_id uuid constraint minutes_version_item_exists references agenda_item,
    canonical text not null,
    sha256 text not null,
    created_by_name text not null,
    created_at timestamptz not null,
    audience text[] not null
);
create unique index minutes_version_main on minutes_version (minutes_id, number) where item_id is null;
create unique index minutes_version_annex on minutes_version (minutes_id, number, item_id) where item_id is not null;
select raise_wall('minutes_version');
select write_once('minutes_version');

-- The summons (Ladung) in the words of the minutes: what the deliveries proved when it was put down, and what was said at
-- TOP 1. `objections` is null while nothing was recorded, '' when none were raised. Kept up until the minutes are approved.
create table summons (
    meeting_id uuid constraint summons_unique primary key constraint summons_meeting_exists references meeting,
    finding text not null,
    defects jsonb not null default '[]',
    statement text not null default '',
    objections text,
    recorded_by_name text not null default '',
    recorded_at timestamptz,
    revision integer not null default 1,
    constraint summons_recorded check ((objections is null) = (recorded_at is null))
);

create table minutes_print (
    version_id uuid primary key constraint minutes_print_version_exists references minutes_version,
    file_id uuid not null constraint minutes_print_file_exists references file,
    sha256 text not null
);
select write_once('minutes_print');

create table minutes_objection (
    id uuid primary key default gen_random_uuid(),
    minutes_id uuid not null constraint minutes_objection_minutes_exists references minutes,
    item_id uuid constraint minutes_objection_item_exists references agenda_item,
    by_id uuid not null constraint minutes_objection_person_exists references person,
    received_on date not null,
    text text not null,
    proposed_text text not null default '',
    decision text constraint minutes_objection_decision_known check (decision in ('accepted', 'rejected', 'noted')),
    reason text not null default '',
    audience text[] not null,
    revision integer not null default 1
);
select raise_wall('minutes_objection');

create table minutes_correction (
    id uuid primary key default gen_random_uuid(),
    minutes_id uuid not null constraint minutes_correction_minutes_exists references minutes,
    text text not null,
    corrected_on date not null,
    by_name text not null
);
select write_once('minutes_correction');

create table task (
    id uuid primary key default gen_random_uuid(),
    reference text not null constraint task_reference_unique unique,
    title text not null,
    owner_id uuid not null constraint task_owner_exists references person,
    due date,
    resubmission_on date,
    item_id uuid constraint task_item_exists references agenda_item,
    source text not null default '',
    status text not null default 'open' constraint task_status_known check (status in ('open', 'accepted', 'done', 'declined')),
    accepted_by uuid constraint task_accepter_exists references person,
    accepted_on date,
    declined_reason text not null default '',
    done_on date,
    confidential boolean not null default false,
    created_by uuid constraint task_creator_exists references person,
    -- The resubmission day somebody was reminded of; another day is reminded of anew.
    reminded_for date,
    revision integer not null default 1,
    audience text[] not null generated always as (
        case when confidential then array['named:' || item_id::text, 'person:' || owner_id::text]
            else array['circle', 'person:' || owner_id::text] end) stored,
    constraint task_confidential_has_item check (not confidential or item_id is not null)
);
create index task_owner on task (owner_id);
create index task_item on task (item_id) where item_id is not null;
create index task_resubmission on task (resubmission_on) where status in ('open', 'accepted');
select raise_wall('task');

-- A task as `keys` may see it on a day: the meeting it came from is named only to those who may see that.
create function task_body(t task, keys text[], day date) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', t.id, 'reference', t.reference, 'title', t.title, 'owner_id', t.owner_id,
        'owner_name', (select name from person where id = t.owner_id), 'due', t.due, 'resubmission_on', t.resubmission_on,
        'item_id', t.item_id, 'source', t.source, 'meeting_reference', (
            select m.reference from agenda_item i join meeting m on m.id = i.meeting_id
            where i.id = t.item_id and visible(m.audience, $2)),
        'status', t.status, 'overdue', coalesce(t.status in ('open', 'accepted') and t.due < $3, false),
        'confidential', t.confidential, 'accepted_by', t.accepted_by, 'accepted_on', t.accepted_on,
        'declined_reason', t.declined_reason, 'done_on', t.done_on, 'created_by', t.created_by,
        'created_by_name', (select name from person where id = t.created_by))
$$;

-- Who sees that an item is there. From the admission on everybody who sees the meeting does. Before it, and when it is
-- returned or withdrawn before the invitation, a proposal is an affair between its house and the office: only office,
-- moderation, the rapporteur, experts called in, and the submitter with the commissioner and deputy of the same house
-- know of it; of a confidential one instead of the house only who is named for it. `keys` must open the meeting; the caller asks that.
-- The common answer is inlined, the rare one asked for.
create function proposal_open(item uuid, keys text[]) returns boolean
language sql stable as $$
    select exists (
        select from agenda_content c left join person p on p.id = c.submitted_by
        where c.item_id = $1 and visible(c.audience, $2) and (c.confidentiality = 'confidential'
            or $2 && array['person:' || p.id, 'asking:' || p.authority_id, 'person:' || c.rapporteur_id,
                'expert:' || $1]))
$$;

create function item_open(item agenda_item, keys text[]) returns boolean
language sql stable as $$
    select $1.status = 'admitted' or $1.frozen or $2 && array['role:circle_office', 'role:circle_moderator']
        or proposal_open($1.id, $2)
$$;

-- A paper for whoever may open it; `f` is its file, `d` its document, if the reader may open that, `p` its author.
create function paper_body(a paper, f file, d document, p person) returns json
language sql stable as $$
    select json_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'item_id', $1.item_id, 'number', $1.number,
        'title', $1.title, 'version', $1.version, 'confidentiality', $1.confidentiality, 'label', $1.label,
        'file_id', $1.file_id, 'file_name', $2.name, 'file_size', $2.size,
        'document_id', $3.id, 'document_reference', $3.reference,
        'author_id', $1.author_id, 'author_name', trim($4.title || ' ' || $4.name),
        'submitted_on', $1.submitted_on, 'revision', $1.revision)
$$;

-- The agenda of a meeting as `keys` may see it, in order. Open to whoever sees the meeting: that an admitted item is
-- there, its order among those one sees, number, status, lateness and revision. Where its content is not open, all else
-- is null, the papers too, because their number says something. A paper's document is named to its readers only. Until
-- the draft of the minutes is out, an item's text is for those who write the minutes.
create function agenda_body(meeting uuid, keys text[]) returns json
language sql stable as $$
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
$$;

-- What a role opens of a meeting on a day, as keys of nobody in particular. A guest of the meeting is somebody without
-- other rights; the ministry is a guest from the day on which one of its observers is recorded.
create function sight_of(role text, meeting uuid, day date) returns text[]
language sql stable as $$
    select array_remove(keys_on(null, null, array[r.held], $3), null)
        || case when $1 = 'guest' or $1 = 'ministry' and exists (
                select from attendance a where a.meeting_id = $2 and (r.held = any(roles_on(a.person_id, $3))
                    or r.held = any(roles_on(a.represented_by, $3))))
            then array['meeting:' || $2] || case when m.date >= $3 then array['papers:' || $2] else '{}' end
            else '{}' end
    from meeting m cross join (select case $1 when 'member' then 'commissioner' when 'house' then 'regional_staff'
        when 'ministry' then 'ministry_observer' else 'municipal_contact' end as held) r
    where m.id = $2
$$;

-- The agenda as `keys` see it, shown to somebody who has the keys `own`: never an item, a content or a paper more than
-- these open themselves. While it is read for `keys`, the second wall stands as it stands for them.
create function agenda_as(meeting uuid, keys text[], own text[]) returns json
language plpgsql stable as $$
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

-- A meeting as lists show it, for whoever may see it. `moved_to_reference` names the new one to those who see that too;
-- `items` are on the agenda, `proposals` wait for admission, as far as the reader knows of them.
create function meeting_card(
    meeting meeting, moved_to_reference text, items bigint, proposals bigint, today date) returns json
language sql stable as $$
    select json_build_object('id', $1.id, 'reference', $1.reference, 'number', $1.number, 'title', $1.title,
        'date', $1.date, 'start_local', to_char($1.start_local, 'HH24:MI'), 'end_local', to_char($1.end_local, 'HH24:MI'),
        'time_zone', $1.time_zone, 'mode', $1.mode, 'place', $1.place, 'link', $1.link, 'state', $1.state,
        'invitation_sent_on', $1.invitation_sent_on, 'invitation_until', $1.deadlines -> 'invitation_latest' ->> 'on',
        'overdue', coalesce(($1.deadlines -> 'invitation_latest' ->> 'on')::date < $5, false)
            and $1.state in ('planned', 'agenda_open'),
        'agenda_version', $1.agenda_version, 'sequence', $1.sequence,
        'moved_to', case when $2 is not null then $1.moved_to end, 'moved_to_reference', $2,
        'item_count', coalesce($3, 0), 'proposal_count', coalesce($4, 0), 'revision', $1.revision)
$$;
