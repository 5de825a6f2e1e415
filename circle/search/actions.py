"""Looking for something. Nobody writes down who looked for what."""

from decimal import Decimal
from uuid import UUID

import msgspec

from circle.core import errors
from circle.core.db import Caller, Connection

from . import rules, store
from .model import Query, Raw, Results


async def find(
    db: Connection, caller: Caller, query: Query, after: str | None = None
) -> tuple[bytes, Results]:
    """The caller's card, and hits by rank as far as the caller may see them; `after` is the `next` of an earlier answer.

    Raises NotSignedIn, Invalid for a page key that is not ours.
    """
    asked = rules.read(query.query)
    stems = rules.wanted(asked)
    answer = await store.search(db, caller, asked, stems, query.filters, query.limit, _key(after))
    raw = msgspec.json.decode(answer.body, type=Raw)
    marked = stems + rules.stems([one.spelling for one in raw.corrections])
    return answer.me, Results(
        [rules.hit(found, marked) for found in raw.found],
        raw.facets,
        raw.total,
        rules.suggest(query.query, raw.corrections),
        answer.next,
    )


def _key(after: str | None) -> tuple[Decimal, UUID] | None:
    """Score and id of the last hit before."""
    if after is None:
        return None
    score, _, last = after.partition(" ")
    try:
        key = Decimal(score), UUID(last)
        ours = abs(key[0]) < 1_000_000
    except (ArithmeticError, ValueError):
        ours = False
    if not ours:
        raise errors.Invalid(
            "Der Wert von after stammt nicht aus dieser Liste.", fields={"after": "Bitte next verwenden."}
        )
    return key
