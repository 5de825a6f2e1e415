"""Knowledge documents as PDF: Markdown becomes real headings, lists and tables, and nothing else."""

import re
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pdfua
import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from circle.knowledge import prints

BODY = """## Anlass und Ziel

Die *Arbeitshilfe* bündelt **Erfahrungen** der Häuser zu "Stellenausschreibungen"; siehe
[Teilhabe- und Integrationsgesetz](https://recht.example/tintg), Anfragen an <kfi@bra.example>.

#### Vorgehen

1. Anforderungen **vor** dem Text klären
2. Entwurf in Einfacher Sprache
   - kurze Sätze
   - keine Abkürzungen
3. Gegenlesen durch `Dezernat 36`

> Grundsatz: Eignung, Befähigung und fachliche Leistung.
>
> - gilt immer

| Schritt | Wer | Frist |
| :-- | :-: | --: |
| Entwurf | Fachdezernat | 5 Tage |
| Prüfung | Integrationsbeauftragte | 10 Tage |

---

```
Betreff:  Ausschreibung
  Zeile zwei
```

# Quellen

Erste Zeile\\
zweite Zeile ~~gestrichen~~ ![Organigramm](http://bild.example/x.png)
"""

DOCUMENT = prints.DocumentPrint(
    reference="WD-003",
    title="Diversitätssensible Stellenausschreibungen: Arbeitshilfe für die Häuser",
    level="Koordinierungskreis",
    version="2",
    as_of=date(2026, 11, 4),
    owner="Kompetenzzentrum für Integration",
    legal_basis="TIntG § 6 Absatz 2; Runderlass vom 05.12.2023 Nummer 5",
    body=BODY,
)
HOSTILE = "#set text(red) <b>fett</b> $x^2$ @ref [[x]] #{panic()} \\u{41} // kein Kommentar /* y */"


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    text = "\n".join(page.get_textpage().get_text_range() for page in document)
    document.close()
    return text


def one_line(text: str) -> str:
    """The page breaks lines where it likes; PDFium marks a hyphen there with U+0002 or U+FFFE."""
    return " ".join(re.sub("[\x02\ufffe](\r\n)?", "", text).split())


def tags(node: Any) -> list[str]:
    found = [str(node.S)] if "/S" in node else []
    children = node.get("/K", [])
    for child in children if isinstance(children, pikepdf.Array) else [children]:
        if isinstance(child, pikepdf.Dictionary):
            found += tags(child)
    return found


def test_a_document_for_all(tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(pdf := prints.document(DOCUMENT))
    assert not pdfua.validate(path).findings
    with pikepdf.open(BytesIO(pdf)) as document:
        assert document.Root.Lang == "de-DE"
        assert document.Root.MarkInfo.Marked
        assert document.Root.ViewerPreferences.DisplayDocTitle
        with document.open_metadata() as meta:
            assert meta["dc:title"] == DOCUMENT.title
        found = tags(document.Root.StructTreeRoot)
    assert [tag for tag in found if tag in ("/Title", "/H1", "/H2", "/H3")] == ["/Title", "/H1", "/H2", "/H1"]
    assert (found.count("/TH"), found.count("/TR"), found.count("/Link")) == (3, 3, 2)
    assert {"/BlockQuote", "/L", "/Lbl", "/LBody", "/Strong", "/Em", "/Code"} <= set(found)


def test_all_of_the_text_is_there() -> None:
    text = one_line(text_of(prints.document(DOCUMENT)))
    for words in [
        "2, Stand 04.11.2026",
        "TIntG § 6 Absatz 2",
        "„Stellenausschreibungen“",
        "kfi@bra.example",
        "Eignung, Befähigung und fachliche Leistung",
        "Integrationsbeauftragte",
        "Betreff: Ausschreibung",
        "[Bild: Organigramm]",
        "Seite 1 von",
    ]:
        assert words in text


def test_blocks_have_types_and_looks() -> None:
    first, second, third, points, *_ = prints.blocks(BODY)
    assert first == prints.Heading(1, [prints.Run("Anlass und Ziel")])
    assert isinstance(second, prints.Paragraph)
    assert prints.Run("Arbeitshilfe", emphasis=True) in second.runs
    assert prints.Run("Teilhabe- und Integrationsgesetz", href="https://recht.example/tintg") in second.runs
    assert prints.Run("kfi@bra.example", href="mailto:kfi@bra.example") in second.runs
    assert third == prints.Heading(2, [prints.Run("Vorgehen")])
    assert isinstance(points, prints.Points)
    assert (points.start, len(points.points)) == (1, 3)
    assert isinstance(points.points[1][1], prints.Points)
    assert prints.blocks("***[a](https://x.example)***")[0] == prints.Paragraph(
        [prints.Run("a", strong=True, emphasis=True, href="https://x.example")]
    )


def test_links_lead_to_safe_addresses_only() -> None:
    for address in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x"]:
        (block,) = prints.blocks(f"[hier]({address})")
        assert isinstance(block, prints.Paragraph)
        assert not any(run.href for run in block.runs)


@pytest.mark.parametrize(
    "body",
    [
        HOSTILE,
        f"# {HOSTILE}",
        f"- {HOSTILE}",
        f"> {HOSTILE}",
        f"```\n{HOSTILE}\n```",
        f"`{HOSTILE}`",
        f"| {HOSTILE} | b |\n|---|---|\n| {HOSTILE} | c |",
    ],
)
def test_hostile_markup_stays_text(body: str) -> None:
    text = one_line(text_of(prints.document(msgspec.structs.replace(DOCUMENT, body=body)))).replace(" ", "")
    for part in ["#settext(red)", "<b>fett</b>", "$x^2$", "@ref", "#{panic()}", "//keinKommentar", "/*y*/"]:
        assert part in text


@pytest.mark.parametrize(
    "body",
    [
        "",
        "####### kein Titel",
        "###### sechs\n\n# eins\n\n##### fünf\n\n### drei",
        "> # Titel im Zitat",
        "- # Titel in der Liste",
        "[](https://x.example)",
        "#\n\n-\n\n>\n\n1.",
        "| a |\n|---|",
        "| a | b |\n|---|---|\n| 1 |",
        "7. sieben\n8. acht",
        "0. null",
        "> " * 60 + "tief",
        "- " * 60 + "tief",
        "[hier](/seite) [da](#anker) [dort](datei.pdf)",
        "Wort" * 750,
        f"| {'Wort' * 300} | b | c | d | e |\n|---|---|---|---|---|\n| x | {'y' * 1000} | 3 | 4 | 5 |",
        "😀 中文 \x00\x07 \u202e",
        "---\n***\n___",
        "a\\\nb",
        "https://lang.example/" + "pfad/" * 100,
    ],
    ids=range(20),
)
def test_any_markdown_can_be_printed(body: str, tmp_path: Path) -> None:
    path = tmp_path / "document.pdf"
    path.write_bytes(prints.document(msgspec.structs.replace(DOCUMENT, body=body)))
    assert not pdfua.validate(path).findings


@settings(max_examples=40, deadline=None)
@given(st.text(st.sampled_from("#*_`>-|[]()!~\\ \n1.aä<\"'&:+=" + "\t")))
def test_any_mix_of_signs_can_be_printed(body: str) -> None:
    assert prints.document(msgspec.structs.replace(DOCUMENT, body=body)).startswith(b"%PDF-1.7")


def test_long_texts_stay_on_the_page() -> None:
    pdf = prints.document(msgspec.structs.replace(DOCUMENT, body="Wort" * 750))
    assert "".join(text_of(pdf).split()).count("Wort") == 750
    document = pypdfium2.PdfDocument(pdf)
    page = document[0].get_textpage()
    boxes = [page.get_rect(n) for n in range(page.count_rects())]
    document.close()
    assert max(right for _, _, right, _ in boxes) <= 595 - 50


def test_an_overlong_body_is_refused() -> None:
    with pytest.raises(ValueError, match=r"höchstens 200\.000 Zeichen"):
        prints.blocks("x" * 200_001)


def test_the_same_content_gives_the_same_bytes() -> None:
    assert prints.document(DOCUMENT) == prints.document(DOCUMENT)
