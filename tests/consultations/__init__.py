"""Requests in tests: addresses, what people sent, and who was written to."""

from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from circle.core.db import Connection

ASKED: dict[str, Any] = {
    "subject": "Sprachmittlung in der Beratung",
    "question": "Welche Standards gelten?",
    "no_personal_data": True,
}


def api(consultation_id: UUID | str, act: str = "") -> str:
    """The address of a request, or of an act on it."""
    return f"/api/v1/consultations/{consultation_id}" + (f"/{act}" if act else "")


async def letters(db: Connection, consultation_id: UUID | str) -> list[tuple[str, str, str]]:
    """(kind, subject, name of the recipient) of every mail about a request, sorted: one test is one instant."""
    rows = await db.fetch(
        """
        select d.kind, d.subject, e.name from dispatch d join delivery e on e.dispatch_id = d.id
        where d.object_id = $1
        """,
        UUID(str(consultation_id)),
    )
    return sorted(tuple(row) for row in rows)


async def acts(db: Connection, consultation_id: UUID | str) -> list[str]:
    """What the record says was done to a request, oldest first."""
    rows = await db.fetch(
        "select action from audit_event where object_id = $1 order by id", UUID(str(consultation_id))
    )
    return [row["action"] for row in rows]


async def field(db: Connection, consultation_id: UUID | str, name: str) -> Any:
    """One column of a request."""
    row = await db.fetchrow("select * from consultation where id = $1", UUID(str(consultation_id)))
    assert row
    return row[name]


class Page(HTMLParser):
    """What a rendered page holds: its headings, fields and forms, and what must not be there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.h1 = 0
        self.labels: set[str] = set()
        self.ids: list[str] = []
        self.fields: list[tuple[str, str, str]] = []
        self.forms: list[dict[str, str]] = []
        self.values: dict[str, str] = {}
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.h1 += tag == "h1"
        self.inline += [tag for name in found if name == "style" or name.startswith("on")]
        self.inline += [tag] if tag == "style" or (tag == "script" and "src" not in found) else []
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "label":
            self.labels.add(found.get("for", ""))
        if tag == "form":
            self.forms.append(found)
        if tag in ("input", "select", "textarea") and found.get("type") not in ("hidden", "search"):
            self.fields.append((tag, found.get("name", ""), found.get("id", "")))
        if tag == "input" and found.get("type") == "hidden":
            self.values[found["name"]] = found.get("value", "")

    def check(self) -> None:
        """One h1, a label for every field, no id twice, nothing inline."""
        assert self.h1 == 1
        assert not self.inline, self.inline
        assert len(self.ids) == len(set(self.ids)), sorted(i for i in self.ids if self.ids.count(i) > 1)
        assert not [one for one in self.fields if one[2] not in self.labels]
