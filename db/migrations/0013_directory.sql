-- The directory: what a house says of itself, how people are reached, and what of it is public.
alter table authority
    add column address text not null default '',
    add column phone text not null default '',
    add column website text not null default '',
    add column revision integer not null default 1;

-- `email` is for sign-in and letters and stays; `contact_email` is the official address that the directory shows instead,
-- and the only one that may ever be public.
alter table person
    add column contact_email text not null default '',
    add column room text not null default '',
    add column hours text not null default '',
    -- Name, function and house are made known (decree Nr. 3 S. 2); how to be reached is public only as the person says.
    add column public_fields text[] not null default '{}' constraint person_public_fields_known
        check (public_fields <@ array['email', 'phone', 'room', 'hours']),
    add column contact_confirmed_on date,
    add column contact_reminded_on date,
    -- Since a mail server said that there is no such mailbox.
    add column contact_doubtful_on date;

-- A person as the directory shows them; `inside` is whoever may see all of it, others see what is
-- public; `roles` are those of the day.
create function person_body(p person, house authority, inside boolean, roles text[]) returns jsonb
language sql stable as $$
    select jsonb_build_object('id', $1.id, 'name', $1.name, 'title', $1.title, 'function', $1.function,
        'authority_id', $1.authority_id, 'authority_key', $2.key, 'authority_name', $2.short, 'active', $1.active,
        'reference', case when $3 then $1.reference end,
        'email', case when $3 then coalesce(nullif($1.contact_email, ''), $1.email)
            when 'email' = any($1.public_fields) then $1.contact_email else '' end,
        'phone', case when $3 or 'phone' = any($1.public_fields) then $1.phone else '' end,
        'room', case when $3 or 'room' = any($1.public_fields) then $1.room else '' end,
        'hours', case when $3 or 'hours' = any($1.public_fields) then $1.hours else '' end,
        'roles', case when $3 then coalesce($4, '{}') else array['commissioner'] end)
$$;

-- In which houses somebody stands, and as what: each hat for itself. Who is outside sees the announced one.
create function hats_on(p person, keys text[], day date) returns jsonb
language sql stable as $$
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
$$;

-- Whether the self-check of one's own entry is due: staff, more than half a year after the last one. Desk, reminder and
-- the office's list ask the same.
create function contact_due(p person, day date) returns boolean
language sql stable as $$
    select $1.active and coalesce($1.contact_confirmed_on + interval '6 months' < $2, true)
        and 'internal' = any(keys_on($1.id, $1.authority_id, roles_on($1.id, $2), $2))
$$;
