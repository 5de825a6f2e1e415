-- „Wer darf was“: why somebody sees a thing on a day, or does not.

-- The roles of a day as `roles_on` counts them (a test compares the two), each with where it comes from: a grant, the
-- appointment at a house, or the absence of whom.
create function role_sources(person uuid, day date) returns table (
    role text, valid_from date, valid_to date, source text, about text)
language sql stable as $$
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
$$;

-- A thing by the reference that people write: KK-2026-6, KK-2026-6 TOP 3, BA-2026-021, WD-006, AUF-2026-01; only when
-- `keys` open it. One row for each audience that must be met: an item asks for its meeting, or for being called in on
-- it, and for its content. Before the invitation an item has no number and is named by its present place among the
-- admitted ones. Strict, so that it is not inlined: whoever asks is known before it is called.
create function thing_by_reference(ref text, keys text[]) returns table (
    kind text, id uuid, reference text, url text, gate integer, audience text[])
language sql stable strict rows 3 as $$
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
$$;
