"""The one statement that finds things."""

from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from circle.core.db import Answer, Caller, Connection, read_page

from .model import Asked, Filters

T = TypeVar("T", str, int)

FEW_WORDS = 6
"""Questions with more words find enough without compounds and parts."""


def _many(value: T | list[T]) -> list[T] | None:
    """One value or several as a list; none is no filter."""
    values = value if isinstance(value, list) else [value]
    return values or None


async def search(
    db: Connection,
    caller: Caller,
    asked: Asked,
    stems: list[str],
    filters: Filters,
    limit: int,
    after: tuple[Decimal, UUID] | None,
) -> Answer:
    """Hits by rank with facets and corrections, as the JSON of `Raw`.

    Everything is counted over rows the caller may see: how often a word occurs decides its weight, so nothing that is
    hidden may take part. The steps: `asked` are the words, phrases and mentions of references; `compound`
    adds words that hold a word, `neighbour` those close to one that stands nowhere; `parts` looks for „Konzept zur Integration“
    when „Integrationskonzept“ is asked for. `near` takes rows through the rarest words first and stops at a bound;
    `scored` weighs them. Rank = sum over words of rarity ^ 1.7 * place and number of occurrences, divided by a slowly
    growing length; these figures are measured with `make bench-search`. Weights of tsvectors: title A, text C.
    """
    words = [*asked.words, *asked.phrases, *asked.references]
    kinds = (
        ["word"] * len(asked.words) + ["phrase"] * len(asked.phrases) + ["mention"] * len(asked.references)
    )
    return await read_page(
        db,
        """
        with me as materialized (select * from whoami($1, $2)),
        open_keys as materialized (
            select array(select unnest(me.keys) intersect select unnest(array['public', 'internal', 'circle'])) as keys
            from me
        ),
        asked as materialized (
            select a.n, a.word, a.kind, fold_german(a.word) as folded,
                case when a.kind = 'word' then word_query(a.word) else phrase_query(a.word) end as query
            from unnest($3::text[], $4::text[]) with ordinality a (word, kind, n)
        ),
        houses as materialized (
            select case when $9::text[] is null then null else array(
                select id from authority where key = any($9) or id::text = any($9)) end as ids
        ),
        refused as materialized (
            select any_of(phrase_query(word)) as query from unnest($5::text[]) word where numnode(phrase_query(word)) > 0
        ),
        sealed as materialized (
            select s.* from me, search_sealed s where visible(s.audience, me.keys)
        ),
        counted as materialized (
            select a.*, (
                    select count(*) from (
                        select from search_entry e
                        where e.words @@ a.query and visible(e.audience, me.keys) limit 5000
                    ) o
                ) + (select count(*) from sealed s where s.words @@ a.query) as df
            from me, asked a
            where numnode(a.query) > 0
        ),
        compound as materialized (
            select c.n, s.word
            from counted c
            cross join lateral regexp_replace(c.folded, '(ern|en|er|es|em|e|n|s)$', '') stem
            cross join lateral (
                select distinct on (length(w.word), w.word) w.word
                from open_keys o, search_word w
                where w.level = any(o.keys) and w.word like case when length(stem) > 4 then '%' else '' end || stem || '%'
                order by length(w.word), w.word
                limit 16
            ) s
            where c.kind = 'word' and length(c.folded) between 4 and 40
                and (select count(*) from counted where kind = 'word') <= $18
        ),
        neighbour as materialized (
            select c.n, c.word as asked, s.word, s.spelling
            from counted c cross join lateral (
                select * from (
                    select distinct on (w.word) w.word, w.spelling, levenshtein_less_equal(w.word, c.folded, 2) as far
                    from open_keys o, search_word w
                    where w.level = any(o.keys) and w.word % c.folded and abs(length(w.word) - length(c.folded)) <= 2
                        and levenshtein_less_equal(w.word, c.folded, 2) <= case when length(c.folded) < 6 then 1 else 2 end
                    order by w.word
                ) w
                where exists (
                    select from me, search_entry e where e.words @@ word_query(w.word) and visible(e.audience, me.keys)
                )
                order by w.far, left(w.word, 1) <> left(c.folded, 1), w.word <-> c.folded, w.word
                limit 3
            ) s
            where c.kind = 'word' and c.df = 0 and length(c.folded) between 4 and 40
                and not exists (select from compound k where k.n = c.n)
        ),
        parts as materialized (
            select c.n, any_of(tsquery_phrase(word_query(l.word), word_query(r.word), gap)
                || tsquery_phrase(word_query(r.word), word_query(l.word), gap)) as query
            from counted c
            cross join lateral generate_series(4, length(c.folded) - 4) at
            join search_word l on l.word in (left(c.folded, at), left(c.folded, at) || 'e',
                regexp_replace(left(c.folded, at), '(es|en|s|n)$', '')) and length(l.word) >= 4
            join search_word r on r.word = substr(c.folded, at + 1)
            cross join generate_series(1, 4) gap
            cross join open_keys o
            where c.kind = 'word' and length(c.folded) <= 40 and l.level = any(o.keys) and r.level = any(o.keys)
                and (select count(*) from counted where kind = 'word') <= $18
            group by c.n
        ),
        other as (
            select n, any_of(word_query(word)) as query, 0.5 as factor from compound group by n
            union all
            select n, any_of(word_query(word)), 0.5 from neighbour group by n
            union all
            select n, query, 0.6 from parts
        ),
        terms as materialized (
            select n, query, kind, df, 1.0 as factor from counted where df > 0
            union all
            select o.n, o.query, 'word', f.df, o.factor
            from me, other o cross join lateral (
                select (
                    select count(*) from (
                        select from search_entry e
                        where e.words @@ o.query and visible(e.audience, me.keys) limit 5000
                    ) x
                ) + (select count(*) from sealed s where s.words @@ o.query) as df
            ) f
            where f.df > 0
        ),
        weighed as materialized (
            select *, factor * power(ln(1 + 40000 / (df + 0.5)), 1.7) as weight, sum(df) over (order by df, n, factor) - df as before
            from terms
        ),
        wanted as materialized (
            select all_of(query) filter (where kind <> 'mention') as every, all_of(query) filter (where kind = 'phrase') as must,
                count(*) filter (where kind = 'phrase') as phrases
            from counted
        ),
        looked_for as (
            select query from weighed where before < 1000 union all select every from wanted
        ),
        near as (
            select x.source_kind, x.source_id
            from me, houses h, looked_for l cross join lateral (
                select e.source_kind, e.source_id from search_entry e
                where e.words @@ l.query and visible(e.audience, me.keys)
                    and fits(array[e.kind, e.source_kind], $7) and fits(e.topics, $8)
                    and fits(array[e.authority_id], h.ids) and fits(array[e.year::int], $10) and fits(array[e.level], $11)
                limit 1000
            ) x
            union
            select e.source_kind, e.source_id from me, search_entry e
            where upper(e.reference) = any($6) and visible(e.audience, me.keys)
        ),
        taken as materialized (
            select e.*, e.words || ''::tsvector as flat from near n join search_entry e using (source_kind, source_id)
            union all
            select s.*, s.words || ''::tsvector from sealed s
            where upper(s.reference) = any($6) or exists (select from terms t where s.words @@ t.query)
        ),
        scored as materialized (
            select e.*, (coalesce(s.score, 0) / (12 + ln(1 + length(e.flat))) * e.trust
                + case when upper(e.reference) = any($6) then 1000 else 0 end)::numeric(12, 6) as score
            from houses h, taken e cross join wanted w cross join lateral (
                select sum(t.weight * ts_rank('{0.1, 0.7, 0.8, 1}', e.flat, t.query, 32)) as score
                from weighed t where e.flat @@ t.query
            ) s
            where (w.phrases = 0 or e.flat @@ w.must)
                and not coalesce((select e.flat @@ query from refused), false)
                and fits(array[e.kind, e.source_kind], $7) and fits(e.topics, $8)
                and fits(array[e.authority_id], h.ids) and fits(array[e.year::int], $10) and fits(array[e.level], $11)
        ),
        found as materialized (
            select * from scored where score >= (select max(score) filter (where score < 1000) from scored) * $12::float8 or score >= 1000
        ),
        page as (
            select f.*, row_number() over (order by f.score desc, f.source_id) as n
            from found f
            where $13::numeric is null or (-f.score, f.source_id) > (-$13::numeric, $14::uuid)
            order by f.score desc, f.source_id
            limit $15 + 1
        ),
        shown as (
            select p.n, json_build_object('id', p.source_id, 'type', p.source_kind, 'kind', p.kind, 'reference', p.reference,
                'source_id', case when p.reference like 'IM-%' then substr(p.reference, 4) end, 'title', p.title,
                'level', p.level, 'url', p.url, 'trust', p.trust, 'begins', c.start <= 1,
                'passage', substr(p.body, c.start, $16)) as line
            from page p cross join lateral (
                select greatest(coalesce((
                    select strpos(low, stem) from translate(lower(left(p.body, 60000)), 'äöüß', 'aous') low,
                        unnest($17::text[] || array(select translate(lower(spelling), 'äöüß', 'aous') from neighbour))
                            with ordinality s (stem, n)
                    where strpos(low, stem) > 0 order by s.n limit 1
                ), 1) - 100, 1) as start
            ) c
            where p.n <= $15
        )
        select me.card as me, json_build_object(
            'found', (select coalesce(json_agg(line order by n), '[]') from shown),
            'total', (select count(*) from found),
            'corrections', (select coalesce(json_agg(json_build_object('word', word, 'spelling', spelling) order by n), '[]')
                from (select distinct on (n) n, asked as word, spelling from neighbour order by n) s),
            'facets', json_build_object(
                'kind', (select coalesce(json_agg(f), '[]') from (
                    select kind as value, kind as label, count(*) from found where kind <> ''
                    group by kind order by 3 desc, 1 limit 30) f),
                'topic', (select coalesce(json_agg(f), '[]') from (
                    select t.id as value, t.label, count(*) from found join topic t on t.id = any(found.topics)
                    group by t.id order by 3 desc, 1 limit 30) f),
                'authority', (select coalesce(json_agg(f), '[]') from (
                    select a.key as value, a.short as label, count(*) from found join authority a on a.id = found.authority_id
                    group by a.id order by 3 desc, 1 limit 30) f),
                'year', (select coalesce(json_agg(f), '[]') from (
                    select year::text as value, year::text as label, count(*) from found where year is not null
                    group by year order by year desc limit 30) f),
                'level', (select coalesce(json_agg(f), '[]') from (
                    select level as value, level as label, count(*) from found group by level order by 3 desc, 1) f))
            ) as items,
            (select score || ' ' || source_id from page where n = $15 and exists (select from page where n > $15)) as next
        from me
        """,
        caller,
        words,
        kinds,
        asked.excluded,
        asked.references,
        _many(filters.kind),
        _many(filters.topic),
        _many(filters.authority),
        _many(filters.year),
        _many(filters.level),
        0.08,
        after[0] if after else None,
        after[1] if after else None,
        limit,
        300,
        stems,
        FEW_WORDS,
    )
