-- Who may read which line of the record (domain rules 3.2): data protection and records read all of it. Office and head
-- read what was done to things they see. The own-house register is for its house alone, whoever else asks.
-- Sign-ins, who read or took along what, and whose calendar asks are for data protection alone: nobody is watched. What is
-- told of a vote belongs to its item.
create function may_read_event(event audit_event, reader uuid, keys text[]) returns boolean
language sql stable as $$
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
$$;
