"""Templates before anybody looks at them: each is known to the program, compiles, and its forms carry their token."""

import re
from pathlib import Path

import jinja2
import jinja2.meta
import pytest

from circle import app
from circle.core import pages

from . import ROOT

FILES = sorted((ROOT / "circle").rglob("templates/**/*.html"))
FORM = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.DOTALL)


def environment() -> jinja2.Environment:
    return pages.environment({Path(name).name: app.HERE / name / "templates" for name in app.FEATURES})


def name_of(path: Path) -> str:
    """The name under which pages call a template: `tasks/show.html`, those of core without a prefix."""
    inside = path.parts[path.parts.index("templates") + 1 :]
    feature = path.parts[path.parts.index("templates") - 1]
    return "/".join(inside if feature == "core" else (feature, *inside))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_template_is_known_and_compiles_with_all_it_refers_to(path: Path) -> None:
    env = environment()
    env.get_template(name_of(path))
    tree = env.parse(path.read_text(encoding="utf-8"))
    for reference in jinja2.meta.find_referenced_templates(tree):
        assert reference is not None
        env.get_template(reference)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_form_that_changes_something_carries_its_token(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for form in FORM.findall(text):
        # Whoever signs in or sets a password by a link has no session yet that a token could belong to.
        stranger = any(
            f'action="{path}"' in form for path in ("/anmelden", "/kennwort", "/kennwort-vergessen")
        )
        assert "csrf_token" in form or stranger, form[:120]


def test_every_template_that_a_page_names_exists() -> None:
    # A mail's own environment knows one folder only and needs no prefix.
    known = {*environment().list_templates(), *(path.name for path in FILES if path.name.startswith("mail"))}
    called = {
        name
        for path in (ROOT / "circle").rglob("*.py")
        for name in re.findall(r"\"((?:[a-z]+/)?[a-z_]+\.html)\"", path.read_text(encoding="utf-8"))
    }
    assert len(called) > 10
    assert called <= known


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_what_draws_itself_anew_on_news_stays_where_it_is(path: Path) -> None:
    """htmx drops what an element still has to fetch when the element itself is replaced: the newest news would be lost."""
    for tag in re.findall(r"<\w[^>]*\bhx-trigger=\"[^\"]*\bsse:[^>]*>", path.read_text(encoding="utf-8")):
        assert 'hx-swap="outerHTML"' not in tag, tag
