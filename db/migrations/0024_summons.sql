-- Whether a meeting was called in form and time, and what was said about it in the meeting.

-- When the last attempt went over the wire. What is settled as arrived later arrived then: a period is judged by that day,
-- not by the one on which somebody asked.
alter table delivery add column handed_over_at timestamptz;

-- Who came into the circle after the invitation, and was sent the agenda that held then.
create table late_invitation (
    meeting_id uuid not null,
    version integer not null,
    person_id uuid not null constraint late_invitation_person_exists references person,
    dispatch_id uuid not null constraint late_invitation_dispatch_exists references dispatch,
    sent_on date not null,
    constraint late_invitation_once primary key (meeting_id, person_id),
    constraint late_invitation_version_exists foreign key (meeting_id, version) references agenda_version
);
select write_once('late_invitation');

-- Whom an invited meeting still has to be told to: commissioners, and deputies for its day, who are not among those
-- invited. A meeting whose invitation did not go out from here has nobody whom it could be measured by.
create function late_invitees(m meeting, day date) returns table (person_id uuid, name text, authority_name text, deputy boolean)
language sql stable as $$
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
$$;

-- What proves a summons: houses and who speaks for them on the day, the letters with what became of each mail, answers,
-- papers and attendance. Whoever runs the meeting has to know at TOP 1 whether all were reached, and a member's mail is
-- walled off from the moderation; so the wall is opened inside this function, which tells nothing confidential: no paper of
-- that level is named. The statement that calls it asks whether the reader may know. Times are the office's.
create function summons_facts(meeting uuid, day date) returns jsonb
language plpgsql stable as $$
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
end $$;
