"""Tests about the code itself. What they read and compare is here: the source as trees, and the kept snapshots."""

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


@functools.cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the product with its path from the root."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8")))
        for folder in ("circle", "workers", "db")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def calls(tree: ast.AST, names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Calls of functions and methods by their last name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name in names:
                yield name, node


def text_of(node: ast.AST | None) -> str | None:
    """The value of a plain string in the source; None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def compare(path: Path, text: str) -> None:
    """What is kept in `path` is what the code gives now. `make snapshots` writes it anew; the diff is the review."""
    if os.environ.get("CIRCLE_SNAPSHOTS") == "renew":
        path.write_text(text, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8") if path.exists() else ""
    name = path.relative_to(ROOT)
    assert text.splitlines() == kept.splitlines(), (
        f"{name} is out of date: „make snapshots“, then read the diff"
    )
