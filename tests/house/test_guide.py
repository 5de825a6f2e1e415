"""What the user guide promises: its words stand on the pages, its pictures are made by the script, and every page is reached."""

import re
from pathlib import Path

import pytest

from . import ROOT

GUIDE = ROOT / "docs/handbuch"
PAGES = sorted(GUIDE.glob("*.md"))
SCRIPT = (ROOT / "tests/browser/guide.py").read_text(encoding="utf-8")
LIMIT = 150_000


def words_of_the_interface() -> str:
    found = [
        *ROOT.glob("circle/**/*.html"), *ROOT.glob("circle/**/*.py"), *ROOT.glob("circle/core/static/*.js"),
    ]  # fmt: skip
    return " ".join(" ".join(path.read_text(encoding="utf-8").split()) for path in found)


INTERFACE = words_of_the_interface()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_is_bold_stands_on_the_screen(page: Path) -> None:
    text = " ".join(page.read_text(encoding="utf-8").split())
    wrong = [words for words in re.findall(r"\*\*(.+?)\*\*", text) if words not in INTERFACE]
    assert not wrong, wrong


def test_every_page_is_reached_from_the_index() -> None:
    index = (GUIDE / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.name})" not in index] == ["README.md"]


def test_pictures_are_described_light_used_and_made_by_the_script() -> None:
    used: set[str] = set()
    for page in PAGES:
        for words, name in re.findall(
            r"!\[([^\]]*)\]\(bilder/([\w-]+)\.png\)", page.read_text(encoding="utf-8")
        ):
            assert len(words) > 20, f"{page.name}: {name} is not described"
            used.add(name)
    pictures = {path.stem: path.stat().st_size for path in GUIDE.glob("bilder/*.png")}
    assert used == set(pictures)
    assert [name for name in used if f'"{name}"' not in SCRIPT] == []
    assert [name for name, size in pictures.items() if size >= LIMIT] == []
