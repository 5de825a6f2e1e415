"""A meeting with papers of every kind, for tests of all papers in one file.

Ben and Kim are members; Ben alone is named for the confidential item.
"""

import io
from uuid import UUID

import pikepdf

from circle.core import files
from circle.core.clock import Clock
from circle.core.db import Connection
from circle.core.db import row as row_of
from circle.core.files import Storage
from tests import make
from tests.meetings.world import people

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def pdf(*texts: str) -> bytes:
    """A PDF with one page for each text, which stands in its content."""
    with pikepdf.Pdf.new() as made:
        for text in texts or ("Seite",):
            page = made.add_blank_page(page_size=(595, 842))
            page.Contents = made.make_stream(f"BT % {text}\nET".encode())
        out = io.BytesIO()
        made.save(out, deterministic_id=True)
        return out.getvalue()


async def paper(
    db: Connection, storage: Storage, item: UUID, title: str, content: bytes, *, name: str = "", level: str = "circle",
    kind: str = "application/pdf",
) -> UUID:  # fmt: skip
    """A paper with a file, open to those who may open its item."""
    meeting = await db.fetchval("select meeting_id from agenda_item where id = $1", item)
    file_id = await make.file(db, storage, name or f"{title}.pdf", content, kind, ["nobody"])
    row = await row_of(
        db,
        """
        insert into paper (meeting_id, item_id, number, title, confidentiality, file_id, submitted_on)
        values ($1, $2, (select count(*) + 1 from paper where item_id = $2), $3, $4, $5, '2026-11-20')
        returning id, audience
        """,
        meeting, item, title, level, file_id,
    )  # fmt: skip
    await files.use(db, file_id, row["id"], list(row["audience"]))
    return UUID(str(row["id"]))


async def world(db: Connection, storage: Storage, office: Clock, *, secret: bool = True) -> UUID:
    """The meeting: TOP 1 with two papers, TOP 2 confidential with one (if `secret`), TOP 3 with one that is no PDF."""
    await people(db)
    meeting = await make.meeting(db, state="invited")
    first = await make.item(db, meeting, "Sprachmittlung", number="1", status="on_agenda")
    sealed = await make.item(
        db, meeting, "Personalsache Quarz", number="2", status="on_agenda", level="confidential"
    )
    third = await make.item(db, meeting, "Förderung: Stand/Ausblick", number="3", status="on_agenda")
    await paper(db, storage, first, "Sachstand", pdf("A1", "A2"))
    await paper(db, storage, first, "Entwurf", pdf("B1"))
    if secret:
        await paper(db, storage, sealed, "Quarzbericht", pdf("Geheim"), level="confidential")
    await paper(db, storage, third, "Tabelle", b"PK\x03\x04 Tabelle", name="Tabelle.docx", kind=DOCX)
    return meeting
