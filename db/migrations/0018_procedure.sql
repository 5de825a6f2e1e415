-- The procedure as its readers see it.

-- A version for whoever may see the circle's affairs: until when it holds, the rules before it, and the meetings called
-- under it, as far as `keys` open them.
create function procedure_body(version procedure, keys text[], today date) returns json
language sql stable as $$
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
$$;
