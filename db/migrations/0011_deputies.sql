-- Absences are entered, changed and called off by people (domain rules 3.2). No reason is kept: illness is nobody's business.
alter table absence
    add column revision integer not null default 1,
    add constraint absence_own_deputy check (deputy_id <> person_id),
    add constraint absence_no_overlap exclude using gist (
        person_id with =, daterange(starts_on, ends_on, '[]') with &&);
