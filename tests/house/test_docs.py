"""What prose promises: commands and targets exist, terms are in the code, and the papers speak of the product alone."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from circle import cli

from . import ROOT

PAPERS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "deploy/README.md", "docs/operations.md"]
# The first are caches and machines, the rest is talk about how the text came to be.
FORBIDDEN = [
    r"(?<![\w.])/(?:home|Users|work|root)/\w",
    r"https?://(?:\w+[.-])*(?:pypi|npmjs|registry|artifactory|nexus)\b",
    r"--(?:extra-)?index-url\b(?!\|)",
    r"\b(?:Claude|ChatGPT|GPT-\d|LLM|Copilot)\b",
    r"\b(?:AI|KI)[- ](?:generated|generiert|assistant|Agent)",
    r"\b(?:sub-?agents?|coding agent|the brief says|TODO|FIXME|XXX)\b",
    r"\b(?:issue|ticket) #\d+",
]
# They are made elsewhere and kept as they are, or name the words in order to forbid them.
OTHERS = (
    "vendor/",
    "LICENSES/",
    "circle/core/fonts/",
    "requirements.lock",
    "tests/house/test_docs.py",
    "Makefile",
)


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    return [
        ROOT / name
        for name in listed.stdout.splitlines()
        if not any(other in name for other in OTHERS) and (ROOT / name).is_file()
    ]


def test_committed_files_speak_of_the_product_alone() -> None:
    files = committed()
    if not files:
        pytest.skip("not a git checkout: nothing says which files belong to it")
    told = []
    for path in files:
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for pattern in FORBIDDEN:
            told += [f"{path.relative_to(ROOT)}: {found[0]}" for found in re.finditer(pattern, text)]
    assert not told, told


@pytest.mark.parametrize("name", [name for name in PAPERS if (ROOT / name).exists()])
def test_every_command_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    # In running text only what is marked as code or quoted counts: `make demo`, „circle up“, "circle migrate".
    for command in re.findall(r"[`„\"]make ([a-z][a-z-]*)", text):
        assert command in targets, f"make {command}"
    for command in re.findall(r"[`„\"](?:\.venv/bin/)?circle ([a-z][a-z-]*)", text):
        assert command in cli.main.commands, f"circle {command}"


@pytest.mark.parametrize(
    "path",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")]),
    ids=lambda path: path.name,
)
def test_every_link_and_every_named_file_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / target).exists(), target
    for target in re.findall(r"`((?:circle|workers|db|tests|deploy|docs)/[\w./-]+)`", text):
        assert (ROOT / target).exists() or re.search(r"[<*]|NNNN|NAME", target), target


def test_every_term_of_the_glossary_is_in_the_code() -> None:
    folders = [ROOT / "circle", ROOT / "workers", ROOT / "db"]
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".py", ".sql"}
    )
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    terms = [
        term for german, column in rows if german != "German" for term in re.findall(r"`([a-z_]+)`", column)
    ]
    assert len(terms) > 60
    missing = [term for term in terms if not re.search(rf"(?<![a-z]){term}(?![a-z])", code)]
    assert not missing, missing


def test_every_decision_has_the_three_parts() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert re.match(rf"# {int(path.name[:4])} · ", text), path.name
        assert all(f"**{part}.**" in text for part in ("Context", "Decision", "Consequence")), path.name
        assert len(text.split()) < 700, f"{path.name}: one page"


def test_the_version_is_the_same_everywhere() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert re.search(
        rf"^softwareVersion: {re.escape(version)}$",
        (ROOT / "publiccode.yml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert f"## {version} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
