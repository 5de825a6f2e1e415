"""Invitation and minutes as PDF: structure for screen readers, and text that stays text."""

import re
from datetime import date, time
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pdfua
import pikepdf
import pypdfium2
import pytest

from circle.core import printing
from circle.meetings import prints

HOSTILE = (
    "#set text(red) <b>fett</b> $x^2$ *Stern* _u_ = Kopf @ref \\ // `c` [y](http://x) ~ -- \"Zitat\" 'a'"
)
ODD = "Ełżbieta Şahin, Đorđe, Θάλεια, Жанна, محمد, 😀 中 \x07\u202e\ue000 Ende"
LONG = "Wort" * 750

INVITATION = prints.InvitationPrint(
    host="Bezirksregierung Arnsberg",
    office="Kompetenzzentrum für Integration, Geschäftsführung des Koordinierungskreises",
    reference="KK-2026-6",
    heading="Einladung zur 6. Sitzung des Koordinierungskreises 2026",
    file_reference="36.01.02-2026-06",
    level="Koordinierungskreis",
    on=date(2026, 12, 9),
    starts=time(10),
    ends=time(14, 30),
    mode="hybrid",
    place="Arnsberg, Seibertzstraße 1, Besprechungsraum 3.12",
    link="https://konferenz.example/koordinierungskreis-6",
    reply_until=date(2026, 12, 2),
    sent_on=date(2026, 11, 24),
    sender_name="Ines Beispielhaus",
    sender_role="Geschäftsführung des Koordinierungskreises",
    introduction="zur 6. Sitzung des Koordinierungskreises der Integrationsbeauftragten der Bezirksregierungen lade "
    "ich Sie herzlich ein.",
    closing_text="Die Unterlagen sind beigefügt. Sollten Sie verhindert sein, benachrichtigen Sie bitte Ihre "
    "Vertretung und geben Sie kurz Rückmeldung.",
    agenda=[
        prints.AgendaItemPrint(
            number="1",
            title="Begrüßung, Feststellung der ordnungsgemäßen Einladung und der Tagesordnung",
            rapporteur="Moderation",
            minutes=5,
        ),
        prints.AgendaItemPrint(
            number="2", title="Genehmigung der Niederschrift über die 5. Sitzung", minutes=5
        ),
        prints.AgendaItemPrint(
            number="3",
            title="Arbeitshilfe „Diversitätssensible Stellenausschreibungen“",
            aim="Abstimmung",
            rapporteur="Dr. Änne Rheinmuster, BR Köln",
            minutes=45,
            papers=["WD-003 Checkliste, Fassung 2", "WD-019 Auswertung der Rückmeldungen aus den Häusern"],
        ),
        prints.AgendaItemPrint(number="4", title="Vertraulicher Tagesordnungspunkt"),
        prints.AgendaItemPrint(
            number="5",
            title="Sprachmittlung in der Leistungsverwaltung: Erfahrungen aus den Regierungsbezirken",
            aim="Erfahrungsaustausch",
            rapporteur="BR Detmold und BR Münster",
            minutes=40,
            note="Verspätet angemeldet; über die Aufnahme entscheidet der Koordinierungskreis zu TOP 1.",
        ),
        prints.AgendaItemPrint(number="6", title="Termine und Verschiedenes", aim="Information", minutes=10),
    ],
    recipients=[
        "Integrationsbeauftragte der Bezirksregierungen Arnsberg, Detmold, Düsseldorf, Köln, Münster",
        "Kompetenzzentrum für Integration",
        "nachrichtlich: Ministerium",
    ],
)

MINUTES = prints.MinutesPrint(
    host="Bezirksregierung Arnsberg",
    office="Kompetenzzentrum für Integration, Geschäftsführung des Koordinierungskreises",
    reference="KK-2026-1",
    heading="Ergebnisniederschrift über die 1. Sitzung 2026",
    occasion="1. Sitzung des Koordinierungskreises 2026",
    file_reference="36.01.02-2026-01",
    level="Koordinierungskreis",
    place="Arnsberg, Besprechungsraum 3.12",
    on=date(2026, 1, 28),
    begins=time(10),
    ends=time(14, 20),
    chair="Jörg Moderatius, Kompetenzzentrum für Integration",
    keeper="Ines Beispielhaus, Geschäftsführung",
    issued_on=date(2026, 2, 13),
    draft=True,
    status_text="Entwurf. Einwendungen bitte bis zum Ablauf des 27.02.2026 mitteilen.",
    present=["Änne Rheinmuster, BR Köln", "Tom Lippe, BR Detmold", "Ute Aasee, BR Münster"],
    represented=["BR Düsseldorf durch Kim Niederrhein"],
    excused=["Paul Sauerland, BR Arnsberg"],
    guests=["Referat des Ministeriums (TOP 3)"],
    agenda=[
        prints.MinutesItemPrint(
            number="1",
            title="Begrüßung, Feststellung der ordnungsgemäßen Einladung und der Tagesordnung",
            text="Die Moderation begrüßt die Teilnehmenden. Einwendungen gegen Form und Frist der Einladung werden "
            "nicht erhoben.\n\nDie Tagesordnung wird ohne Änderungen angenommen.",
            result="angenommen",
        ),
        prints.MinutesItemPrint(
            number="2",
            title="Bericht des Kompetenzzentrums: Förderjahr 2026 und Antragsfristen",
            text="Der Zeitplan des Förderjahres wird vorgestellt. Rückfragen betreffen den Umgang mit verspäteten "
            "Verwendungsnachweisen. " * 3,
            result="Kenntnisnahme",
            resolution="Der Koordinierungskreis nimmt den Bericht zur Kenntnis.",
        ),
        prints.MinutesItemPrint(
            number="3",
            title="Arbeitsplanung 2026 des Koordinierungskreises",
            text="Der Entwurf der Arbeitsplanung wird beraten. Auf Anregung der BR Köln wird das Thema "
            "Sprachmittlung vorgezogen.",
            result="Verabredung",
            resolution="Der Koordinierungskreis verabredet die Arbeitsplanung 2026 in der Fassung der Tischvorlage "
            "mit der Maßgabe, das Thema Sprachmittlung bereits in der 2. Sitzung zu behandeln.",
            votes="Zustimmung 4, mit Vorbehalt 1, dagegen 0, Enthaltung 0",
            reservations=["BR Münster: Leitungsvorbehalt bis zum 28.02.2026"],
            tasks=[
                prints.TaskPrint(
                    "Kompetenzzentrum", "Arbeitsplanung anpassen und verteilen", date(2026, 2, 20)
                ),
                prints.TaskPrint("BR Köln", "Einführung in das Thema Sprachmittlung vorbereiten"),
            ],
        ),
    ],
    signed_place="Arnsberg",
    signed_on=date(2026, 2, 13),
    signatures=[
        prints.SignaturePrint("Jörg Moderatius", "Moderation"),
        prints.SignaturePrint("Ines Beispielhaus", "Niederschrift"),
    ],
    distribution=["Mitglieder des Koordinierungskreises", "Ministerium (nachrichtlich)"],
    annexes=["Tischvorlage zu TOP 3", "Liste der Teilnehmenden"],
)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text


def one_line(text: str) -> str:
    """The page breaks lines where it likes; PDFium marks a hyphen there with U+0002 or U+FFFE."""
    return " ".join(re.sub("[\x02\ufffe](\r\n)?", "", text).split())


def appearances(pdf: bytes, words: str) -> int:
    """How often the words are printed; a long word may be cut by the end of a page, so its pieces count."""
    found = one_line(text_of(pdf)).replace(" ", "")
    return found.count("Wort") // 740 if words == LONG else found.count(words.replace(" ", ""))


def tags(node: Any) -> list[str]:
    found = [str(node.S)] if "/S" in node else []
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary):
            found += tags(child)
    return found


def check_for_all(pdf: bytes, title: str, tmp_path: Path) -> list[str]:
    """What PDF/UA and PDF/A ask of any of our documents; returns its tags in their order."""
    with pikepdf.open(BytesIO(pdf)) as document:
        root = document.Root
        assert root.Lang == "de-DE"
        assert root.MarkInfo.Marked
        assert root.ViewerPreferences.DisplayDocTitle
        assert all(page.Tabs == "/S" for page in document.pages)
        with document.open_metadata() as meta:
            assert meta["dc:title"] == title
            assert meta["pdfuaid:part"] == "1"
            assert (meta["pdfaid:part"], meta["pdfaid:conformance"]) == ("2", "A")
        found = tags(root.StructTreeRoot)
    path = tmp_path / "printed.pdf"
    path.write_bytes(pdf)
    assert not pdfua.validate(path).findings
    return found


def test_an_invitation(tmp_path: Path) -> None:
    pdf = prints.invitation(INVITATION)
    found = check_for_all(pdf, INVITATION.heading, tmp_path)
    assert {
        "/Title",
        "/H1",
        "/Table",
        "/THead",
        "/TH",
        "/TBody",
        "/TD",
        "/L",
        "/LI",
        "/Lbl",
        "/LBody",
    } <= set(found)
    assert found.count("/TH") == 3
    assert "/Link" in found
    text = one_line(text_of(pdf))
    for words in [
        "Einladung zur 6. Sitzung",
        "Mittwoch, 9. Dezember 2026, 10:00 bis 14:30 Uhr",
        "in Präsenz mit Zuschaltung (hybrid)",
        "Guten Tag,",
        "Vertraulicher Tagesordnungspunkt",
        "Ziel: Abstimmung · Berichterstattung: Dr. Änne Rheinmuster, BR Köln",
        "Unterlage: WD-003 Checkliste, Fassung 2",
        "Im Auftrag Ines Beispielhaus",
        "Mittwoch, 2. Dezember 2026",
        "Seite 1 von 2",
    ]:
        assert words in text
    assert "Minuten" not in text


def test_planned_minutes_are_added_up_only_if_each_item_has_them() -> None:
    agenda = [prints.AgendaItemPrint(number=str(n), title="Bericht", minutes=20) for n in range(1, 4)]
    assert "60 Minuten" in text_of(prints.invitation(msgspec.structs.replace(INVITATION, agenda=agenda)))


def test_minutes(tmp_path: Path) -> None:
    pdf = prints.minutes(MINUTES)
    found = check_for_all(pdf, MINUTES.heading, tmp_path)
    assert found.count("/H2") == 3
    assert found.count("/TH") == 3
    text = one_line(text_of(pdf))
    for words in [
        "ENTWURF",
        "Entwurf · Ergebnisniederschrift · KK-2026-1",
        "10:00 bis 14:20 Uhr",
        "BR Düsseldorf durch Kim Niederrhein",
        "TOP 3: Arbeitsplanung 2026",
        "Ergebnis: Verabredung",
        "Zustimmung 4, mit Vorbehalt 1, dagegen 0, Enthaltung 0",
        "BR Münster: Leitungsvorbehalt",
        "20.02.2026",
        "Arnsberg, 13.02.2026",
        "Tischvorlage zu TOP 3",
    ]:
        assert words in text


def test_approved_minutes_carry_no_draft_mark() -> None:
    approved = msgspec.structs.replace(
        MINUTES, draft=False, status_text="Genehmigt in der 2. Sitzung am 18.03.2026."
    )
    text = text_of(prints.minutes(approved))
    assert "ENTWURF" not in text
    assert "Entwurf ·" not in text
    assert "Genehmigt in der 2. Sitzung am 18.03.2026." in text


@pytest.mark.parametrize("words", [HOSTILE, LONG])
def test_text_of_a_person_stays_text(words: str, tmp_path: Path) -> None:
    item = prints.AgendaItemPrint(
        number="1", title=words, aim=words, rapporteur=words, papers=[words], note=words
    )
    letter = msgspec.structs.replace(
        INVITATION,
        heading=words,
        place=words,
        introduction=words,
        sender_name=words,
        agenda=[item],
        recipients=[words],
    )
    pdf = prints.invitation(letter)
    check_for_all(pdf, words, tmp_path)
    assert appearances(pdf, words) >= 8

    told = prints.MinutesItemPrint(
        number="1",
        title=words,
        text=words,
        result=words,
        resolution=words,
        reservations=[words],
        tasks=[prints.TaskPrint(words, words)],
    )
    minutes = msgspec.structs.replace(MINUTES, agenda=[told], chair=words, present=[words], annexes=[words])
    assert appearances(prints.minutes(minutes), words) >= 8


def test_signs_that_no_font_has_do_not_stop_the_print() -> None:
    letter = msgspec.structs.replace(INVITATION, introduction=ODD)
    text = one_line(text_of(prints.invitation(letter)))
    assert "Ełżbieta Şahin, Đorđe, Θάλεια, Жанна," in text
    assert "□ □ □ Ende" in text


def test_all_known_signs_in_one_letter_do_not_stop_the_print() -> None:
    covered = "".join(map(chr, sorted(printing._coverage())))
    lines = "\n".join(covered[n : n + 64] for n in range(0, len(covered), 64))
    item = prints.AgendaItemPrint(number="1", title=covered[:2000])
    letter = msgspec.structs.replace(INVITATION, introduction=lines, agenda=[item])
    assert prints.invitation(letter).startswith(b"%PDF-1.7")


def test_the_same_content_gives_the_same_bytes() -> None:
    assert prints.invitation(INVITATION) == prints.invitation(INVITATION)
    assert prints.minutes(MINUTES) == prints.minutes(MINUTES)


def test_a_meeting_with_next_to_nothing_can_be_printed(tmp_path: Path) -> None:
    bare = prints.InvitationPrint(
        host="KfI",
        reference="KK-1",
        heading="Einladung",
        on=date(2026, 12, 9),
        starts=time(10),
        ends=None,
        mode="online",
        sent_on=date(2026, 11, 24),
        sender_name="Ines Beispielhaus",
        introduction="",
        agenda=[],
    )
    check_for_all(prints.invitation(bare), "Einladung", tmp_path)
    short = prints.MinutesPrint(
        host="KfI",
        reference="KK-1",
        heading="Niederschrift",
        occasion="Sitzung",
        on=date(2026, 12, 9),
        begins=time(10),
        ends=None,
        chair="A",
        keeper="B",
        issued_on=date(2026, 12, 10),
        agenda=[],
    )
    check_for_all(prints.minutes(short), "Niederschrift", tmp_path)
