"""Topics, text templates, documents with their released versions, and the decree that all of it rests on."""

import hashlib
from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from circle.core import files
from circle.core.db import row
from circle.knowledge import actions as knowledge
from circle.knowledge import rules

from . import people
from .folder import Document
from .run import Run

WITHOUT_VERSION = {"draft", "in_review"}
DECREE = "WD-000"
DECREE_TITLE = "Runderlass „Bestellung von Integrationsbeauftragten bei den Bezirksregierungen“"
DECREE_ABSTRACT = "Wortlaut des Runderlasses vom 5. Dezember 2023: Bestellung, Organisation, Aufgaben und Koordinierungskreis."
DECREE_FROM = date(2024, 1, 5)
"""The day from which the circle worked with it."""


async def load_topics(run: Run) -> None:
    """The list of topics; a topic that exists keeps its label."""
    known = {found["id"] for found in await run.db.fetch("select id from topic")}
    for topic in run.folder.topics:
        if topic.id not in known:
            await run.db.execute("insert into topic (id, label) values ($1, $2)", topic.id, topic.label)
            run.new["topics"] += 1


async def load_templates(run: Run) -> None:
    """The office's letters with their placeholders; one that exists keeps its wording."""
    known = {found["id"] for found in await run.db.fetch("select id from template")}
    for letter in run.folder.templates:
        if letter.id not in known:
            await run.db.execute(
                "insert into template (id, name, subject, body) values ($1, $2, $3, $4)",
                letter.id,
                letter.name,
                letter.subject,
                letter.body,
            )
            run.new["templates"] += 1


async def load_documents(run: Run) -> None:
    """The decree and the knowledge documents: text, released version with its SHA-256, search entry."""
    documents = [*_decree(run), *run.folder.documents]
    run.know(
        "documents",
        await run.db.fetch(
            "select reference as key, id from document where reference = any($1)",
            [document.id for document in documents],
        ),
    )
    fresh: list[Document] = run.missing("documents", documents)
    for document in fresh:
        document_id = await _insert(run, document)
        attached = await _attach_decree(run, document_id) if document.id == DECREE else []
        if document.state not in WITHOUT_VERSION:
            await _freeze(run, document, document_id, attached)
        await knowledge.index(run.db, document_id)
    for document in fresh:
        if document.supersedes in run.ids["documents"]:
            await run.db.execute(
                "update document set superseded_by = $2 where id = $1 and superseded_by is null",
                run.ids["documents"][document.supersedes],
                run.ids["documents"][document.id],
            )


def _decree(run: Run) -> list[Document]:
    if "decree" not in run.folder.texts:
        return []
    return [
        Document(
            id=DECREE, title=DECREE_TITLE, kind="Rechtsquelle", confidentiality="public", state="released",
            owner=people.office(run).id, abstract=DECREE_ABSTRACT, released_on=DECREE_FROM,
            topics=[topic.id for topic in run.folder.topics if topic.id in ("rolle", "verfahren")],
            legal_basis="Teilhabe- und Integrationsgesetz vom 25. November 2021 (GV. NRW. S. 1213a), § 6 Absatz 5",
        )
    ]  # fmt: skip


def _text(run: Run, document: Document) -> str:
    """The Markdown body. The title stands in its own field, so a first heading that only repeats it is left out."""
    text = run.folder.texts["decree" if document.id == DECREE else document.id].strip()
    if text.startswith("# "):
        text = text.partition("\n")[2].strip()
    return text


def _releaser(run: Run, document: Document) -> str | None:
    """Whoever may release and is not the owner: the folder does not name the person."""
    found = [person.id for person in people.holders(run, "release_approver") if person.id != document.owner]
    return found[0] if found and document.state not in WITHOUT_VERSION else None


async def _insert(run: Run, document: Document) -> UUID:
    place = f"Das Dokument {document.id}"
    owner_id = run.find("persons", document.owner, place)
    added = await row(
        run.db,
        """
        insert into document (reference, title, kind, abstract, body, topics, confidentiality, state, owner_id,
            authority_id, version, language_level, legal_basis, released_on, released_by, review_on)
        select $1, $2, $3, $4, $5, $6, $7, $8, p.id, p.authority_id, $10, $11, $12, $13, $14, $15
        from person p where p.id = $9
        returning id
        """,
        document.id,
        document.title,
        document.kind,
        document.abstract,
        _text(run, document),
        document.topics,
        document.confidentiality,
        document.state,
        owner_id,
        document.version,
        document.language_level,
        document.legal_basis,
        document.released_on,
        run.maybe("persons", _releaser(run, document), place),
        document.review_on,
    )
    return run.add("documents", document.id, added["id"])


async def _attach_decree(run: Run, document_id: UUID) -> list[dict[str, Any]]:
    """The decree as published lies beside the text as a file."""
    if not run.folder.decree:
        return []
    content = run.folder.decree.encode()
    key = await run.storage.put(content)
    run.stored.append(key)
    stored = await files.insert(
        run.db, name="Runderlass-Integrationsbeauftragte.txt", kind="text/plain", size=len(content),
        sha256=hashlib.sha256(content).hexdigest(), key=key, uploaded_by=None, text=run.folder.decree,
    )  # fmt: skip
    await run.db.execute(
        "insert into document_file (document_id, file_id) values ($1, $2)", document_id, stored.id
    )
    await files.use(run.db, stored.id, document_id, ["public"])
    card: dict[str, Any] = msgspec.to_builtins(stored)
    return [card]


async def _freeze(run: Run, document: Document, document_id: UUID, attached: list[dict[str, Any]]) -> None:
    """The released version, as it stands in the folder. Texts of earlier versions did not come along."""
    releaser = _releaser(run, document)
    names = {person.id: f"{person.title} {person.name}".strip() for person in run.folder.persons}
    await run.db.execute(
        """
        insert into document_version (document_id, number, title, abstract, body, files, sha256, confidentiality,
            released_on, released_by_name, audience)
        select d.id, d.version, d.title, d.abstract, d.body, $2::jsonb, $3, d.confidentiality, d.released_on, $4,
            d.audience
        from document d where d.id = $1
        """,
        document_id,
        msgspec.json.encode(attached).decode(),
        rules.fingerprint(document.title, document.abstract, _text(run, document), attached),
        names[releaser] if releaser else "",
    )
