"""How a query is read, how hits are marked, and which group a thing belongs to."""

import html
import re

from .model import Asked, Correction, Found, Hit

MOST_WORDS = 40
"""Longer questions are cut; the rest would add nothing but time."""

GROUPS = {
    "knowledge": "Wissen",
    "meetings": "Sitzungen",
    "minutes": "Niederschriften",
    "consultations": "Anfragen",
    "tasks": "Aufgaben",
    "network": "Netzwerk",
}
GROUP_OF = {
    "document": "knowledge",
    "meeting": "meetings",
    "agenda_item": "meetings",
    "minutes": "minutes",
    "consultation": "consultations",
    "task": "tasks",
    "contact": "network",
}

_PHRASE = re.compile(r'(-?)["„“”»«]([^"„“”»«]*)["„“”»«]?')
# Mitarbeiter*innen, Mitarbeiter:innen, Mitarbeiter/-innen: the text may write it in another way.
_GENDER = re.compile(r"(?<=[a-zäöüß])(?:[*:_]|/-?)(?=innen\b|in\b)(?:innen|in)", re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?<![\w-])[A-ZÄÖÜ]{2,4}-(?:\d{4}-)?V?\d{1,5}(?:/TOP-\w{1,4})?(?![\w-])", re.IGNORECASE
)
_TOKEN = re.compile(r"(?:(?<=\s)|^)(-?)((?:[^\W_]|-(?=\w))+)|[^\W_]+")
_ENDINGS = re.compile(r"(?<=\w{4})(?:ern|en|er|em|es|e|n|s)$")
_DOTS = str.maketrans("äöüß", "aous")
_MARKUP = re.compile(r"[#*`|\s]+|_{2,}|-{3,}")


def read(text: str) -> Asked:
    """Take a query apart. Any text is a query; signs that mean nothing are passed over."""
    excluded: list[str] = []
    phrases: list[str] = []
    for minus, phrase in _PHRASE.findall(text):
        if re.search(r"\w", phrase):
            (excluded if minus else phrases).append(" ".join(phrase.split()))
    rest = _GENDER.sub("", _PHRASE.sub(" ", text))
    references = [reference.upper() for reference in _REFERENCE.findall(rest)]
    words: list[str] = []
    for found in _TOKEN.finditer(_REFERENCE.sub(" ", rest)):
        parts = re.findall(r"[^\W_]+", found.group(2) or found.group())
        if found.group(1):
            excluded.append(" ".join(parts))
        else:
            words += parts
    unique: dict[str, str] = {}
    for word in words[:MOST_WORDS]:
        unique.setdefault(word.casefold(), word)
    return Asked(list(unique.values()), phrases[:10], excluded[:10], references[:10])


def plain(text: str) -> str:
    """Lower case without dots, letter for letter, so that a place in it is the same place in the text."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text).translate(_DOTS)


def stems(words: list[str]) -> list[str]:
    """What to look for in a text to find the words in any form, the longest first (they tell most)."""
    found = set()
    for word in words:
        for form in (plain(word), re.sub("([aou])e", r"\1", plain(word)).replace("ss", "s")):
            found.add(_ENDINGS.sub("", form))
    return sorted((stem for stem in found if stem), key=lambda stem: (-len(stem), stem))


def wanted(asked: Asked) -> list[str]:
    """The stems of everything that is looked for."""
    return stems([*asked.words, *" ".join(asked.phrases).split()])


def mark(text: str, sought: list[str]) -> str:
    """The text as HTML, escaped, with every word in <mark> that holds one of the stems.

    Short stems only count as a word with an ending: „Amt“ shall not mark „gesamt“ or „amtlich“.
    """
    low, parts, place = plain(text), [], 0
    pattern = "|".join(re.escape(stem) for stem in sought)
    for found in re.finditer(pattern, low) if pattern else ():
        start, end = found.span()
        if start < place:
            continue
        while start > place and low[start - 1].isalnum():
            start -= 1
        while end < len(low) and low[end].isalnum():
            end += 1
        if len(found.group()) <= 4 and (start < found.start() or end > found.end() + 3):
            continue
        parts += [html.escape(text[place:start]), f"<mark>{html.escape(text[start:end])}</mark>"]
        place = end
    return "".join([*parts, html.escape(text[place:])])


def snippet(found: Found, sought: list[str]) -> str:
    """Some lines around the first hit. What is confidential is shown where its reading is recorded, not here."""
    if found.level == "confidential":
        return ""
    text = found.passage
    if not found.begins:
        text = text.partition(" ")[2] or text
    cut = len(found.passage) >= PASSAGE
    if cut:
        text = text.rpartition(" ")[0] or text
    text = _MARKUP.sub(" ", text).strip()
    return f"{'' if found.begins else '… '}{mark(text, sought)}{' …' if cut else ''}"


PASSAGE = 300
"""Characters around a hit."""


def hit(found: Found, sought: list[str]) -> Hit:
    """A hit as it goes out."""
    return Hit(
        found.id, found.source_id, found.type, found.kind, found.reference, found.title, found.level,
        GROUP_OF.get(found.type, "knowledge"), snippet(found, sought), found.url,
    )  # fmt: skip


def suggest(text: str, corrections: list[Correction]) -> str | None:
    """The query with unknown words replaced, or None when all are known."""
    for one in corrections:
        text = re.sub(rf"(?<!\w){re.escape(one.word)}(?!\w)", one.spelling, text, flags=re.IGNORECASE)
    return text if corrections else None
