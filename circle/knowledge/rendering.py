"""Markdown as HTML that is safe to show: parsed without HTML, then cleaned against a list of what is allowed."""

import asyncio
import re

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from circle.core import errors

LONGEST = 200_000
"""The parser's time grows faster than the text."""
IN_THREAD = 20_000
_MARKDOWN = MarkdownIt(
    "gfm-like", {"html": False, "typographer": True, "quotes": "„“‚‘", "maxNesting": 100}
).enable(["replacements", "smartquotes"])
_TAGS = {
    "p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong",
    "s", "a", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
_ATTRIBUTES = {tag: {"id"} for tag in ("h2", "h3", "h4", "h5", "h6")} | {
    "a": {"href", "title"},
    "ol": {"start"},
}


async def to_html(markdown: str) -> Markup:
    """Return the text as HTML. Long texts are rendered in a thread. Raises Invalid beyond 200,000 characters."""
    if len(markdown) > LONGEST:
        raise errors.Invalid("Der Text ist zu lang.", fields={"body": "Höchstens 200.000 Zeichen."})
    if len(markdown) > IN_THREAD:
        return await asyncio.to_thread(render, markdown)
    return render(markdown)


def render(markdown: str) -> Markup:
    """Return the text as HTML. The page has an h1, so headings begin at h2; each has an id to link to."""
    tokens = _MARKDOWN.parse(markdown)
    _number_headings(tokens)
    _describe_images(tokens)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(  # noqa: S704  cleaned in this very call
        nh3.clean(
            html,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener noreferrer",
        )
    )


def headings(html: Markup) -> list[tuple[int, str, str]]:
    """Level, id and words of the first two ranks of headings in a rendered text, for a table of contents."""
    found = re.findall(r'<h([23]) id="([^"]+)">(.*?)</h\1>', html, flags=re.S)
    return [(int(level), name, Markup(words).striptags()) for level, name, words in found]  # noqa: S704  cleaned before


def plain(markdown: str) -> str:
    """Return the words alone, for the index; its time grows with the text and no faster."""
    return re.sub(r"^[-:| \t]+$|[*_`#>|~]+|\]\([^)\n]{0,500}\)|\[", " ", markdown, flags=re.M)


def _number_headings(tokens: list[Token]) -> None:
    seen: dict[str, int] = {}
    levels = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    shift = 2 - min(levels) if levels else 0
    for place, token in enumerate(tokens):
        if token.type not in ("heading_open", "heading_close"):
            continue
        token.tag = f"h{min(int(token.tag[1]) + shift, 6)}"
        if token.type == "heading_open":
            word = re.sub(r"[^a-z0-9äöüß]+", "-", tokens[place + 1].content.lower()).strip("-") or "abschnitt"
            seen[word] = seen.get(word, 0) + 1
            # The prefix keeps ids of texts apart from those of the page.
            token.attrSet("id", f"text-{word}" + (f"-{seen[word]}" if seen[word] > 1 else ""))


def _describe_images(tokens: list[Token]) -> None:
    """Pictures from elsewhere would tell others who reads what: their description stands instead."""
    for token in tokens:
        for child in token.children or []:
            if child.type == "image":
                child.type, child.tag, child.nesting = "text", "", 0
                child.content = f"[Bild: {child.content}]"
                child.children = None
