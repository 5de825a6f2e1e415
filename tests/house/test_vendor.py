"""What comes from elsewhere is unmodified and licensed, and nothing we serve asks another host for anything."""

import hashlib
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "circle/core/static"
LISTS = [STATIC / "vendor/vendor.toml", ROOT / "tests/browser/vendor/vendor.toml"]

# A namespace is a name and is never fetched.
ADDRESS = re.compile(r"https?://(?!www\.w3\.org/)[^\s\"'<>)]+")
LOADED = re.compile(
    r"""url\(\s*["']?(?:https?:)?//|@import|(?:src|srcset|data|poster)\s*=\s*["'](?:https?:)?//"""
)
INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|javascript:", re.IGNORECASE
)


def packages(listing: Path) -> list[dict[str, Any]]:
    return list(tomllib.loads(listing.read_text(encoding="utf-8"))["package"])


@pytest.mark.parametrize("listing", LISTS, ids=lambda path: path.parts[-3])
def test_every_vendored_file_is_listed_and_unmodified(listing: Path) -> None:
    listed = {name: checksum for package in packages(listing) for name, checksum in package["files"].items()}
    found = {
        path.relative_to(listing.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in listing.parent.rglob("*")
        if path.is_file() and path != listing
    }
    assert found == listed


@pytest.mark.parametrize("listing", LISTS, ids=lambda path: path.parts[-3])
def test_every_package_names_its_origin_and_its_licence_text_is_here(listing: Path) -> None:
    for package in packages(listing):
        assert re.fullmatch(r"sha512-[A-Za-z0-9+/]{86}==", package["integrity"]), package["name"]
        assert (ROOT / "LICENSES" / f"{package['licence']}.txt").stat().st_size > 500


def test_no_static_file_names_a_foreign_host() -> None:
    served = [path for path in STATIC.rglob("*") if path.suffix in {".css", ".js", ".svg", ".html"}]
    assert len(served) >= 5
    for path in served:
        text = path.read_text(encoding="utf-8")
        assert not ADDRESS.findall(text), path
        assert not LOADED.findall(text), path


def test_no_template_loads_from_elsewhere_or_breaks_the_content_security_policy() -> None:
    templates = sorted((ROOT / "circle").rglob("templates/**/*.html"))
    assert templates
    for path in templates:
        text = path.read_text(encoding="utf-8")
        assert not LOADED.findall(text), path
        assert not INLINE.findall(text), path
        links = re.findall(r"<link\b[^>]*href=[\"'](?:https?:)?//", text)
        assert not links, path


def test_every_font_that_the_style_names_is_here_and_every_font_here_is_named() -> None:
    style = (STATIC / "app.css").read_text(encoding="utf-8")
    named = {(STATIC / name).resolve() for name in re.findall(r"url\(\"?([^)\"]+\.woff2)\"?\)", style)}
    assert named == {path.resolve() for path in STATIC.rglob("*.woff2")}


def test_every_icon_that_a_template_uses_is_in_the_sprite() -> None:
    sprite = (STATIC / "icons.svg").read_text(encoding="utf-8")
    drawn = set(re.findall(r'<symbol id="([a-z-]+)"', sprite))
    templates = sorted((ROOT / "circle").rglob("templates/**/*.html"))
    used = {
        name
        for path in templates
        for name in re.findall(r"\bicon\(\s*['\"]([a-z-]+)['\"]", path.read_text(encoding="utf-8"))
    }
    assert used
    assert used <= drawn
