"""Markdown as HTML: what people type becomes text and never a program; the index gets the words alone."""

import time

import pytest

from circle.core import errors
from circle.knowledge import rendering

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[klick](javascript:alert(1))",
    "[klick](JaVaScRiPt:alert(1))",
    "[klick](java\tscript:alert(1))",
    "[klick](&#106;avascript:alert(1))",
    "[klick](data:text/html;base64,PHNjcmlwdD4=)",
    "[klick](vbscript:x)",
    '[klick](https://x.example "onmouseover=alert(1) x=\\"")',
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "![x](https://pixel.example/a.png)",
    "# Titel <svg onload=alert(1)>",
    "`<script>`",
    "```\n<script>alert(1)</script>\n```",
    "<style>@import 'https://x.example'</style>",
    "<iframe src=https://x.example></iframe>",
    "| a | b |\n|:-:|--:|\n| <b onclick=x>1</b> | 2 |",
    "- [x] <input autofocus onfocus=alert(1)>",
    "[ref]\n\n[ref]: javascript:alert(1)",
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\">",
]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_runs_and_nothing_is_loaded(attack: str) -> None:
    html = str(rendering.render(attack))
    tags = [part.split(">")[0].lower() for part in html.split("<")[1:]]
    for tag in tags:
        assert not tag.lstrip("/").startswith(
            ("script", "img", "svg", "iframe", "style", "input", "math", "object")
        ), html
        assert " on" not in tag.split('"')[0] and "style=" not in tag, html
        if "href=" in tag:
            assert tag.split('href="')[1].startswith(("http://", "https://", "mailto:", "tel:", "/", "#")), (
                html
            )


def test_pictures_become_their_description() -> None:
    assert (
        rendering.render("![Ein Schaubild](https://pixel.example/a.png)") == "<p>[Bild: Ein Schaubild]</p>\n"
    )


def test_links_tell_the_other_side_nothing_and_mail_addresses_work() -> None:
    html = rendering.render("[Gesetz](https://recht.example/tintg) und www.bra.nrw.de und <kfi@bra.example>")
    assert '<a href="https://recht.example/tintg" rel="noopener noreferrer">Gesetz</a>' in html
    assert 'href="http://www.bra.nrw.de"' in html and 'href="mailto:kfi@bra.example"' in html


def test_headings_begin_below_the_pages_own_and_can_be_linked() -> None:
    html = rendering.render("### Eins\n\n#### Zwei\n\n### Eins\n\n###### Ganz tief")
    assert '<h2 id="text-eins">Eins</h2>' in html and '<h3 id="text-zwei">Zwei</h3>' in html
    assert '<h2 id="text-eins-2">Eins</h2>' in html and '<h5 id="text-ganz-tief">' in html
    assert "<h1" not in html
    assert rendering.headings(html) == [
        (2, "text-eins", "Eins"),
        (3, "text-zwei", "Zwei"),
        (2, "text-eins-2", "Eins"),
    ]


def test_words_of_headings_in_the_contents_are_plain() -> None:
    html = rendering.render("# Ein **fettes** [Wort](https://x.example) & mehr <b>")
    assert rendering.headings(html) == [
        (2, html.split('id="')[1].split('"')[0], "Ein fettes Wort & mehr <b>")
    ]


def test_german_quotes_tables_and_lists() -> None:
    html = rendering.render("\"Amt\" -- 'Haus'\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n3. drei\n4. vier")
    assert "„Amt“" in html and "–" in html and "<td>2</td>" in html and '<ol start="3">' in html


@pytest.mark.parametrize(
    "text",
    [" " * 200_000, "-" * 199_999 + "x", "](" * 100_000, "- " * 100_000, "[a](" * 50_000, "\t \n" * 66_000],
    ids=["spaces", "dashes", "brackets", "points", "links", "lines"],
)
def test_words_for_the_index_are_found_in_time_whatever_is_typed(text: str) -> None:
    began = time.perf_counter()
    rendering.plain(text)
    assert time.perf_counter() - began < 5


def test_the_index_gets_words_without_signs() -> None:
    words = rendering.plain(
        "# Titel\n\nEin **fettes** [Wort](https://x.example), `Code`\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert words.split() == ["Titel", "Ein", "fettes", "Wort", ",", "Code", "a", "b", "1", "2"]


async def test_too_long_a_text_is_refused_and_a_long_one_rendered_aside() -> None:
    with pytest.raises(errors.Invalid):
        await rendering.to_html("x" * 200_001)
    assert "<strong>Ende</strong>" in await rendering.to_html("Wort " * 5_000 + "**Ende**")
