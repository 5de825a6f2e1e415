-- Calendar feeds: addresses that a calendar program asks again and again, without sign-in.

-- A person has one, and the circle has one. Of the address the database knows the hash alone; whoever fetches it gets what
-- the person may see at that moment, and from the circle's what its level allows. One that was revoked is kept, so that the
-- person's own data tell of it, and serves nobody.
create table calendar_feed (
    id uuid primary key default gen_random_uuid(),
    person_id uuid constraint calendar_feed_person_exists references person,
    token_hash bytea not null constraint calendar_feed_address_unique unique,
    made_by uuid not null constraint calendar_feed_maker_exists references person,
    made_on date not null,
    revoked_on date,
    -- The day alone: nobody's habits are kept.
    last_used_on date,
    -- Fetches since `counted_from`, for the limit.
    counted_from timestamptz not null default now(),
    fetches integer not null default 0
);
create unique index calendar_feed_of_a_person on calendar_feed (person_id) where revoked_on is null and person_id is not null;
create unique index calendar_feed_of_the_circle on calendar_feed ((true)) where revoked_on is null and person_id is null;
