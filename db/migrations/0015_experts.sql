-- Experts (Sachkundige): staff of a house who advise on one item or one request for a time (decree Nr. 4 (3) S. 1).

-- Who is called in on a day, for whoever may open the thing; null for everybody else.
create function experts_of(kind text, object_id uuid, keys text[], day date) returns json
language sql stable as $$
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
$$;
