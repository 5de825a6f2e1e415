-- Minutes that several people write at once, and what was made of lines in them.

-- A log of changes to the text of an item, as small as a keystroke: whoever has them all has the text. With them stands
-- who wrote what when, so they go once the minutes are approved (`writing.forget`); the text stays.
create table writing_update (
    id bigint generated always as identity constraint writing_update_unique primary key,
    item_id uuid not null constraint writing_update_item_exists references agenda_item,
    update bytea not null constraint writing_update_bounded check (octet_length(update) between 1 and 1048576),
    -- Nobody: the service took in what was written elsewhere.
    person_id uuid constraint writing_update_person_exists references person,
    at timestamptz not null,
    audience text[] not null
);
create index writing_update_item on writing_update (item_id, id);
select raise_wall('writing_update');

-- A line of the minutes such as „A: @Name … bis 9.12.“ that became a task or a result, or that somebody left as it is.
-- The line is kept as it was, so that a later change of it shows.
create table captured_line (
    id uuid primary key default gen_random_uuid(),
    item_id uuid not null constraint captured_line_item_exists references agenda_item,
    kind text not null constraint captured_line_kind_known check (kind in ('result', 'task', 'question')),
    line text not null,
    state text not null constraint captured_line_state_known check (state in ('confirmed', 'dismissed')),
    task_id uuid constraint captured_line_task_exists references task,
    person_id uuid constraint captured_line_person_exists references person,
    at timestamptz not null,
    audience text[] not null
);
-- A long line does not fit into an index; its sum does.
create unique index captured_line_once on captured_line (item_id, kind, md5(line));
select raise_wall('captured_line');

-- The revision of the item at which its text was last written together: whoever replaces the whole text at that
-- revision has to say which one they had read.
alter table agenda_content add column written_revision integer;

-- An item with its text and what decides who may write it, as `keys` may see it; null when they do not see the item.
create function writing_page(item uuid, keys text[]) returns jsonb
language sql stable as $$
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
$$;

-- Whoever approves minutes approves the words that they have seen: from the draft sent on, a word that changes at an item is
-- a change of the minutes. Not at a confidential one: everybody who sees the minutes sees how often they changed.
create function count_in_minutes() returns trigger
language plpgsql as $$
begin
    update minutes set revision = revision + 1 where meeting_id = new.meeting_id and state = 'sent';
    return null;
end $$;
create trigger counted_in_minutes after update of minutes, result, resolution_text, votes, reservations on agenda_content
    for each row
    when (new.confidentiality <> 'confidential'
        and (old.minutes, old.result, old.resolution_text, old.votes, old.reservations)
        is distinct from (new.minutes, new.result, new.resolution_text, new.votes, new.reservations))
    execute function count_in_minutes();
