-- What must happen later, and the files that things refer to.
create table outbox (
    id bigint generated always as identity primary key,
    job text not null,
    arguments jsonb not null default '{}',
    created_at timestamptz not null default now(),
    due_at timestamptz not null default now(),
    published_at timestamptz,
    lease_until timestamptz,
    fence bigint not null default 0,
    attempts integer not null default 0,
    done_at timestamptz,
    failed_at timestamptz,
    last_error text not null default ''
);
create index outbox_open on outbox (due_at) where done_at is null and failed_at is null;

create table schedule_run (
    job text not null,
    due_at timestamptz not null,
    created_at timestamptz not null default now(),
    constraint schedule_run_once primary key (job, due_at)
);

create table file (
    id uuid primary key default gen_random_uuid(),
    name text not null,
    content_type text not null,
    size bigint not null,
    sha256 text not null,
    key text not null,
    text text not null default '',
    uploaded_by uuid constraint file_uploader_exists references person,
    created_at timestamptz not null default now()
);

-- Where a file is used decides who may open it; each feature writes its own rows.
create table file_use (
    file_id uuid not null constraint file_use_file_exists references file,
    object_id uuid not null,
    audience text[] not null,
    constraint file_use_unique primary key (file_id, object_id)
);
create index file_use_object on file_use (object_id);
select raise_wall('file_use');
