"""The rules of writing together: who writes until when, and which lines of a text stand for something.

A line that begins with `B:` is a result, with `A:` a task („A: @Name Liste prüfen bis 9.12.“), with `W:` a question
for the knowledge base. `\\B:` is a plain line. Nothing comes of a line before somebody confirms it.
"""

import difflib
import re
from collections.abc import Iterable
from datetime import date
from uuid import UUID

from circle.core import access, calendar, errors, fields
from circle.core.auth import Actor, Me
from circle.meetings.agenda import rules as agenda
from circle.meetings.minutes import rules as minutes

from .model import Captured, Card, Draft, Kept, Kind, Page, Person

LETTERS: dict[str, Kind] = {"B": "result", "A": "task", "W": "question"}
KINDS = {kind: minutes.WORDS[letter] for letter, kind in LETTERS.items()}
MOST_CARDS = 50
WAITING = ("open", "changed")
"""Cards on which somebody still has to decide."""
ALIKE = 0.6
"""How much two lines have to share before one counts as the other, changed."""
COMPARED = 200
"""Characters from their beginning that are compared: the time grows with the square, for each pair of lines."""

_NAME = re.compile(r"(?<!\w)@((?:(?:Frau|Herrn?|Dr\.|Prof\.)[ \t]+)*)(\w[\w'’-]*(?:[ \t]+\w[\w'’-]*){0,3})")
_UNTIL = re.compile(
    r"[,;]?[ \t]*\bbis[ \t]+(?:(?:zum|zur|spätestens)[ \t]+)?(?:"
    r"(?P<iso>\d{4}-\d{1,2}-\d{1,2})"
    r"|(?P<day>\d{1,2})\.[ \t]?(?P<month>\d{1,2})(?:\.[ \t]?(?P<year>\d{4}|\d{2})?(?!\d))?"
    r"|(?P<next>nächste[nr]?[ \t]+Sitzung))",
    re.IGNORECASE,
)


def require_writer(who: Actor | Me, page: Page) -> None:
    """Office and moderation write, and whoever keeps or chairs the minutes, all of them what they may read, from the
    beginning of the meeting until the minutes are approved. Raises Forbidden or Conflict."""
    named = who.person_id is not None and who.person_id in (page.keeper_id, page.chair_id)
    if not (named or access.may(who, "meetings.run")):
        raise errors.Forbidden
    if not page.open:
        raise errors.Forbidden("Diesen Punkt bearbeiten nur die Personen, die für ihn benannt sind.")
    agenda.require_outcome(page.status, page.meeting_state, page.adjourned_to)


def may_write(who: Actor | Me, page: Page) -> bool:
    """Whether a page offers it."""
    try:
        require_writer(who, page)
    except errors.CircleError:
        return False
    return True


def require_text(text: str, before: str) -> None:
    """Raises Invalid for a text that grew too long or holds what no text holds."""
    agenda.require_length(text, before, "text")
    if "\x00" in text:
        raise errors.Invalid("Der Text enthält Zeichen, die kein Text sind.")


def captured(text: str) -> list[Captured]:
    """The lines that stand for something, each once, in their order; at most `MOST_CARDS`."""
    found = (Captured(LETTERS[letter], line) for letter, line in minutes.LINE.findall(text))
    return list(dict.fromkeys(found))[:MOST_CARDS]


def readable(text: str) -> str:
    """The text as Markdown for readers: letters become words, `\\B:` becomes `B:`, and each stands on a line of its own."""

    def words(found: re.Match[str]) -> str:
        begin = found[0][: found.start(1) - found.start()]
        blank = "" if begin.strip() else "\n"
        return f"{blank}{begin}**{KINDS[LETTERS[found[1]]]}:** {found[2]}{blank}"

    return minutes.PLAIN.sub(r"\1\2", minutes.LINE.sub(words, text))


def cards(text: str, kept: Iterable[Kept]) -> list[Card]:
    """Each line with what became of it; last what was confirmed and is not in the text any more."""
    lines = captured(text)
    known = {(one.kind, one.line): one for one in kept}
    here = {(one.kind, one.line) for one in lines}
    lost = [one for key, one in known.items() if key not in here and one.state == "confirmed"]
    pairs = _pairs([one for one in lines if (one.kind, one.line) not in known], lost)
    found = []
    for one in lines:
        if before := known.get((one.kind, one.line)):
            found.append(Card(one.kind, one.line, before.state, "", before.task_id, before.task_reference))
        elif was := pairs.get(one):
            found.append(Card(one.kind, one.line, "changed", was.line, was.task_id, was.task_reference))
        else:
            found.append(Card(one.kind, one.line, "open"))
    gone = [one for one in lost if one not in pairs.values()]
    return [*found, *(Card(one.kind, one.line, "gone", "", one.task_id, one.task_reference) for one in gone)]


def _pairs(lines: list[Captured], lost: list[Kept]) -> dict[Captured, Kept]:
    """Which line is which lost one, changed: the likest first, each once."""
    likeness = sorted(
        (
            (_likeness(one.line, was.line), n, m)
            for n, one in enumerate(lines)
            for m, was in enumerate(lost)
            if one.kind == was.kind
        ),
        reverse=True,
    )
    pairs: dict[Captured, Kept] = {}
    for ratio, n, m in likeness:
        if ratio >= ALIKE and lines[n] not in pairs and lost[m] not in pairs.values():
            pairs[lines[n]] = lost[m]
    return pairs


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one[:COMPARED], other[:COMPARED], autojunk=False).ratio()


def draft(line: str, people: list[Person], today: date, next_meeting: date | None) -> Draft:
    """A task as its line was understood. „bis 9.12.“ without a year is the next such day, from `today` on.

    What was not understood stays in the title and is told at its field.
    """
    due, rest, no_day = _due(line, today, next_meeting)
    owner, rest, no_name = _owner(rest, people)
    title = re.sub(r"\s+", " ", rest).strip(" ,;:–-") or line
    wrong = {
        "owner_id": no_name,
        "due": no_day,
        "title": "" if len(title) <= 300 else "Höchstens 300 Zeichen.",
    }
    return Draft(title, owner, due, {name: text for name, text in wrong.items() if text})


def _owner(text: str, people: list[Person]) -> tuple[UUID | None, str, str]:
    """Whom `@Name` means, the text without it, and what is unclear."""
    named = _NAME.search(text)
    if named is None:
        return None, text, "Bitte wählen Sie, an wen sich die Aufgabe richtet."
    words = named[2].split()
    for count in range(len(words), 0, -1):
        wanted = [word.casefold() for word in words[:count]]
        found = [one for one in people if _called(one.name, wanted)]
        if found:
            taken = re.match(r"\S+" + r"\s+\S+" * (count - 1), named[2])
            assert taken is not None
            rest = text[: named.start()] + text[named.start(2) + taken.end() :]
            if len(found) == 1:
                return found[0].id, rest, ""
            several = ", ".join(f"{one.name} ({one.house})" for one in found[:5])
            return None, rest, f"So heißen mehrere: {several}. Bitte wählen Sie."
    return None, text, f"In dieser Sitzung heißt niemand „{words[0]}“. Bitte wählen Sie."


def _called(name: str, wanted: list[str]) -> bool:
    own = name.casefold().split()
    return any(own[n : n + len(wanted)] == wanted for n in range(len(own) - len(wanted) + 1))


def _due(text: str, today: date, next_meeting: date | None) -> tuple[date | None, str, str]:
    """The day that „bis …“ means, the text without it, and what is wrong with it."""
    days = list(_UNTIL.finditer(text))
    if not days:
        return None, text, ""
    found = days[-1]
    if found["next"]:
        if next_meeting is None:
            return None, text, "Die nächste Sitzung steht noch nicht fest. Bitte wählen Sie einen Tag."
        return next_meeting, _without(text, found), ""
    day = _day(found, today)
    said = re.sub(r"^[\s,;]*bis\s+(?:(?:zum|zur|spätestens)\s+)?", "", found[0], flags=re.IGNORECASE)
    if day is None:
        return None, text, f"Den Tag „{said}“ gibt es nicht. Bitte wählen Sie einen anderen."
    if day < today:
        return None, text, f"Der {calendar.date_short(day)} ist vorbei. Bitte wählen Sie einen anderen Tag."
    return day, _without(text, found), ""


def _day(found: re.Match[str], today: date) -> date | None:
    try:
        if found["iso"]:
            year, month, number = (int(part) for part in found["iso"].split("-"))
            day = date(year, month, number)
        elif found["year"]:
            year = int(found["year"])
            day = date(year + 2000 if year < 100 else year, int(found["month"]), int(found["day"]))
        else:
            # The 29th of February may be four years away, or eight.
            years = range(today.year, today.year + 9)
            days = [one for year in years if (one := _try(year, int(found["month"]), int(found["day"])))]
            day = next(one for one in days if one >= today)
    except (ValueError, StopIteration):
        return None
    return day if fields.FIRST_DAY <= day <= fields.LAST_DAY else None


def _try(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"


def wording(before: str, line: str) -> str:
    """The wording of a result with one more line; one that is there already is not said twice."""
    parts = [part for part in before.split("\n\n") if part.strip()]
    return "\n\n".join(parts if line in parts else [*parts, line])
