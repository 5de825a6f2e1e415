-- The floor of a meeting: who asks to speak, and votes on the item that is called up.

-- Who asks to speak on an item. `audience` is that of the item. Rows live as long as the meeting runs: nobody keeps who
-- spoke how often and how long.
create table speech_request (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint speech_request_meeting_exists references meeting,
    item_id uuid not null constraint speech_request_item_exists references agenda_item,
    person_id uuid not null constraint speech_request_person_exists references person,
    kind text not null constraint speech_request_kind_known check (kind in ('speech', 'order')),
    state text not null default 'waiting' constraint speech_request_state_known
        check (state in ('waiting', 'speaking', 'done', 'withdrawn', 'removed')),
    place integer not null,
    asked_at timestamptz not null,
    began_at timestamptz,
    ended_at timestamptz,
    audience text[] not null,
    constraint speech_request_begun check ((state in ('speaking', 'done')) = (began_at is not null))
);
create unique index speech_request_one_waiting on speech_request (item_id, person_id) where state = 'waiting';
create unique index speech_request_one_speaker on speech_request (meeting_id) where state = 'speaking';
create index speech_request_meeting on speech_request (meeting_id);
select raise_wall('speech_request');

-- A vote on a text. What it found is written once, when it is closed: `voices` are the houses that could vote then, `present`
-- of `houses` were in the room, `needed` make a quorum.
create table ballot (
    id uuid primary key default gen_random_uuid(),
    meeting_id uuid not null constraint ballot_meeting_exists references meeting,
    item_id uuid not null constraint ballot_item_exists references agenda_item,
    kind text not null constraint ballot_kind_known check (kind in ('objection', 'open', 'by_name')),
    text text not null,
    state text not null default 'open' constraint ballot_state_known check (state in ('open', 'closed', 'cancelled')),
    opened_by uuid constraint ballot_opener_exists references person,
    opened_at timestamptz not null,
    ended_at timestamptz,
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
    revision integer not null default 1,
    audience text[] not null,
    constraint ballot_ended check ((state = 'open') = (ended_at is null)),
    constraint ballot_counted check ((state = 'closed')
        = (num_nulls(voices, present, houses, needed, quorum, consent, reservation, against, abstained, result) = 0)),
    constraint ballot_counts_no_debt check (least(consent, reservation, against, abstained) >= 0),
    constraint ballot_within_voices check (consent + reservation + against + abstained <= cardinality(voices))
);
create unique index ballot_one_open on ballot (item_id) where state = 'open';
create index ballot_meeting on ballot (meeting_id);
select raise_wall('ballot');

-- Every vote of a house is kept, the last one counts. `person_id` carried the house's voice, `entered_by` was signed in;
-- `assumed` is consent by silence, which the moderation established.
create table ballot_vote (
    number bigint generated always as identity primary key,
    ballot_id uuid not null constraint ballot_vote_ballot_exists references ballot,
    authority_id uuid not null constraint ballot_vote_house_exists references authority,
    person_id uuid not null constraint ballot_vote_person_exists references person,
    -- Who declares a reservation: the voice, or the member it stands in for.
    member_id uuid constraint ballot_vote_member_exists references person,
    choice text not null constraint ballot_vote_choice_known
        check (choice in ('consent', 'reservation', 'against', 'abstained')),
    reservation_kind text constraint ballot_vote_reservation_known
        check (reservation_kind in ('Leitungsvorbehalt', 'Prüfvorbehalt')),
    text text not null default '',
    decide_by date,
    assumed boolean not null default false,
    entered_by uuid constraint ballot_vote_author_exists references person,
    cast_at timestamptz not null,
    audience text[] not null,
    constraint ballot_vote_reservation_declared check ((choice = 'reservation') = (num_nulls(reservation_kind, member_id) = 0))
);
create index ballot_vote_last on ballot_vote (ballot_id, authority_id, number desc);
select raise_wall('ballot_vote');
select write_once('ballot_vote');

-- Who could vote on an item at an instant: the houses whose voice is in the room; on a confidential item only those whose
-- voice may open it.
create function entitled_at(item uuid, at timestamptz)
returns table (authority_id uuid, person_id uuid, member_id uuid)
language sql stable as $$
    select p.authority_id, p.person_id, p.member_id
    from agenda_content c
    join presence p on p.meeting_id = c.meeting_id and p.authority_id is not null and p.arrived_at <= $2
        and (p.left_at is null or p.left_at > $2)
    join person q on q.id = p.person_id
    cross join lateral (select ($2 at time zone 'Europe/Berlin')::date as day) d
    where c.item_id = $1 and (c.confidentiality <> 'confidential'
        or c.audience && keys_on(q.id, q.authority_id, roles_on(q.id, d.day), d.day))
$$;

-- A request to speak. `first`: the person has not spoken on this item yet; a word to the order of business is none on it.
create function speech_body(s speech_request) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'meeting_id', $1.meeting_id, 'item_id', $1.item_id, 'person_id', p.id,
        'name', trim(p.title || ' ' || p.name), 'authority_name', a.short, 'kind', $1.kind, 'state', $1.state,
        'first', not exists (
            select from speech_request o
            where o.item_id = $1.item_id and o.person_id = p.id and o.id <> $1.id and o.kind = 'speech'
                and o.state in ('speaking', 'done')),
        'place', $1.place, 'asked_at', $1.asked_at, 'began_at', $1.began_at)
    from person p join authority a on a.id = p.authority_id where p.id = $1.person_id
$$;

-- Who speaks and who waits on the item that is called up, as far as `keys` open it. Before the order is made, which is the
-- rule's. A member's reading of a confidential item that is not open is that nobody does.
create function speech_list(m meeting, keys text[]) returns jsonb
language sql stable as $$
    select jsonb_build_object('item_id', k.item_id, 'order', coalesce((
            select p.rules ->> 'speaking_order' from procedure p where p.version = $1.procedure_version), 'as_asked'),
        'items', (
            select coalesce(jsonb_agg(speech_body(s) order by s.place), '[]') from speech_request s
            where s.item_id = k.item_id and s.state in ('waiting', 'speaking') and visible(s.audience, $2)))
    from (select) one left join item_call k on k.meeting_id = $1.id and k.ended_at is null and $1.state = 'running'
$$;

-- A vote at an instant. By name, nobody but the own house sees how a house votes before it is closed; that it has, everybody
-- does. `mine` is the house whose voice the reader carries now.
create function ballot_body(b ballot, reader uuid, at timestamptz) returns jsonb
language sql stable as $$
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
$$;

-- Whoever speaks has spoken when another item is called up. A vote that its reader sees has to be closed before; of one that
-- they do not see they learn nothing. The service itself ends everything: nothing of it is a person's to refuse.
create function require_settled(meeting uuid) returns void
language plpgsql stable as $$
begin
    if not wall_open()
        and exists (select from ballot b where b.meeting_id = $1 and b.state = 'open' and b.audience && (select wall_keys())) then
        raise exception 'a vote is open' using errcode = 'restrict_violation', constraint = 'ballot_settled';
    end if;
end $$;

create function end_speech(meeting uuid, at timestamptz) returns void
language plpgsql as $$
declare before text := coalesce(current_setting('circle.system', true), '');
begin
    perform set_config('circle.system', 'on', true);
    update speech_request set state = 'done', ended_at = $2 where meeting_id = $1 and state = 'speaking';
    perform set_config('circle.system', before, true);
end $$;

create function leave_item() returns trigger
language plpgsql as $$
begin
    perform require_settled(new.meeting_id);
    perform end_speech(new.meeting_id, new.ended_at);
    return null;
end $$;
create trigger floor_left after update of ended_at on item_call for each row
    when (old.ended_at is null and new.ended_at is not null) execute function leave_item();

-- At the end of a meeting requests to speak go, and votes that nobody has closed found nothing.
create function leave_room() returns trigger
language plpgsql as $$
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
create trigger floor_left after update of state on meeting for each row
    when (old.state = 'running' and new.state <> 'running') execute function leave_room();
