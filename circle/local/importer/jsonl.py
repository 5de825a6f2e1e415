"""Loads texts from a file with one JSON object in each line, plain or packed with xz."""

import hashlib
import lzma
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from circle.core import clock, db
from circle.core.db import Connection, row
from circle.local.child import LocalError
from circle.people import store as people
from circle.search import index

BATCH = 500
PREFIX = "IM-"
KIND = "Import"
KEEPER = "import"
"""Imported texts belong to this inactive person, so that nobody is made responsible for them."""


class Line(msgspec.Struct, frozen=True):
    """One text. `house` is the key of an authority; other keys of the line are ignored.

    A confidential text is open to the circle's office and to the commissioner of its house.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    title: Annotated[str, msgspec.Meta(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
    text: Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
    level: Literal["public", "internal", "circle", "confidential"] = "internal"
    house: str | None = None


async def load_jsonl(database: db.Database, path: Path, progress: Callable[[str, int], None]) -> int:
    """Load a file as released documents `IM-<id>` and make them findable. Returns how many are new.

    Each batch of 500 is a transaction. Ids that are there already are passed over, so a broken run can be repeated.
    `progress` hears the running total. A line that cannot be used stops the run with LocalError, which names the line
    in German; nothing of its batch is written, what came before stays.
    """
    new = 0
    try:
        with _open(path) as file:
            lines = _lines(file)
            while batch := list(islice(lines, BATCH)):
                async with database.begin(None) as connection:
                    new += await _load(connection, batch)
                progress("Texte", new)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise LocalError(f"{path} lässt sich nicht lesen: {error}") from error
    return new


def _open(path: Path) -> IO[bytes]:
    return lzma.open(path) if path.suffix == ".xz" else path.open("rb")


def _lines(file: IO[bytes]) -> Iterator[tuple[int, Line]]:
    decoder = msgspec.json.Decoder(Line)
    for number, raw in enumerate(file, start=1):
        if not raw.strip():
            continue
        try:
            yield number, decoder.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LocalError(f"Zeile {number} lässt sich nicht lesen: {error}") from error


async def _load(connection: Connection, batch: list[tuple[int, Line]]) -> int:
    """Write one batch: documents, their first version, search entries. Returns how many are new."""
    houses = {found["key"]: found["id"] for found in await connection.fetch("select key, id from authority")}
    keeper = await _keeper(connection)
    for number, line in batch:
        if line.house is not None and line.house not in houses:
            known = ", ".join(sorted(houses))
            raise LocalError(
                f"Zeile {number}: Die Behörde „{line.house}“ gibt es nicht. Möglich sind: {known}."
            )
    today = clock.day((await clock.read(connection)).now())
    wanted = {PREFIX + line.id: line for _, line in batch}
    added = await _insert(connection, wanted, houses, keeper, today)
    secret = [found["id"] for found in added if wanted[found["reference"]].level == "confidential"]
    if secret:
        await _name_persons(connection, secret, today)
    for found in added:
        line = wanted[found["reference"]]
        await index.put(
            connection,
            index.Entry(
                source_kind="document", source_id=found["id"], reference=found["reference"], title=line.title,
                body=line.text, kind=KIND, level=line.level, authority_id=found["authority_id"], year=today.year,
                url=f"/wissen/{found['reference']}", audience=found["audience"],
            ),
        )  # fmt: skip
    return len(added)


async def _insert(
    connection: Connection,
    wanted: dict[str, Line],
    houses: dict[str, UUID],
    keeper: asyncpg.Record,
    today: date,
) -> list[asyncpg.Record]:
    """The documents that are not there yet, each with its released version."""
    lines = wanted.values()
    added: list[Any] = await connection.fetch(
        """
        with given as (
            select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[])
                as line (reference, title, body, level, authority_id, sha256)
        ), added as (
            insert into document (reference, title, kind, body, confidentiality, state, owner_id, authority_id, released_on)
            select reference, title, $7, body, level, 'released', $8, authority_id, $9 from given
            on conflict on constraint document_reference_unique do nothing
            returning id, reference, authority_id, audience
        ), frozen as (
            insert into document_version (document_id, number, title, abstract, body, sha256, confidentiality,
                released_on, released_by_name, audience)
            select a.id, 1, g.title, '', g.body, g.sha256, g.level, $9, $10, a.audience
            from added a join given g on g.reference = a.reference
        )
        select id, reference, authority_id, audience from added
        """,
        list(wanted),
        [line.title for line in lines],
        [line.text for line in lines],
        [line.level for line in lines],
        [houses[line.house] if line.house else keeper["authority_id"] for line in lines],
        [_digest(line) for line in lines],
        KIND,
        keeper["id"],
        today,
        keeper["name"],
    )
    return added


async def _name_persons(connection: Connection, document_ids: list[UUID], today: date) -> None:
    """Confidential texts are open to persons by name only."""
    await connection.execute(
        """
        insert into named_access (object_id, person_id)
        select d.id, p.id from document d
        join person p on p.active and ('circle_office' = any(roles_on(p.id, $2))
            or (p.authority_id = d.authority_id and 'commissioner' = any(roles_on(p.id, $2))))
        where d.id = any($1)
        on conflict on constraint named_access_unique do nothing
        """,
        document_ids,
        today,
    )


def _digest(line: Line) -> str:
    content = {"title": line.title, "abstract": "", "body": line.text, "files": []}
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


async def _keeper(connection: Connection) -> asyncpg.Record:
    """Who owns imported texts: an entry of the competence centre that nobody can sign in as."""
    found = await connection.fetchrow(
        "select id, name, authority_id from person where reference = $1", KEEPER
    )
    if found is not None:
        return found
    house = await connection.fetchval("select id from authority where key = 'kfi'")
    if house is None:
        house = await people.upsert_authority(
            connection, "kfi", "Kompetenzzentrum für Integration", "KfI", "competence_centre"
        )
    return await row(
        connection,
        """
        insert into person (reference, name, email, function, authority_id, active)
        values ($1, 'Datenübernahme', 'datenuebernahme@kfi.invalid', 'Übernommene Texte', $2, false)
        returning id, name, authority_id
        """,
        KEEPER,
        house,
    )
