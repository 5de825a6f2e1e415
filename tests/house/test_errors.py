"""docs/errors.md lists every code that a program can meet, with its status, and no other."""

import re

from circle.core import errors, web

from . import ROOT, calls, modules, text_of


def kinds(of: type[errors.CircleError]) -> list[type[errors.CircleError]]:
    return [of, *(one for child in of.__subclasses__() for one in kinds(child))]


def raised() -> set[tuple[str, str]]:
    """Code and status of every refusal in the code."""
    found = {(kind.code, str(kind.status)) for kind in kinds(errors.CircleError)}
    found |= {(code, str(kind.status)) for kind, code, _ in errors.CONSTRAINTS.values()}
    found |= {(code, str(status)) for status, (code, _) in web.HTTP_CODES.items()} | {("refused", "4xx")}
    classes = {kind.__name__: kind for kind in kinds(errors.CircleError)}
    for _, tree in modules():
        for name, call in calls(tree, set(classes)):
            for keyword in call.keywords:
                if keyword.arg == "code" and (code := text_of(keyword.value)):
                    found.add((code, str(classes[name].status)))
    return found


def listed() -> list[tuple[str, str]]:
    text = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    return re.findall(r"^\| `([a-z_]+)` \| (\d\d\d|4xx) \|", text, re.MULTILINE)


def test_every_code_is_listed_with_its_status_and_no_other() -> None:
    assert len(raised()) > 30
    assert set(listed()) == raised()


def test_the_list_is_in_order_and_names_each_once() -> None:
    assert listed() == sorted(set(listed()), key=lambda pair: (pair[1], pair[0]))


def test_every_named_constraint_exists() -> None:
    schema = (ROOT / "db/schema.sql").read_text(encoding="utf-8")
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "db/migrations").glob("*.sql"))
    for name in errors.CONSTRAINTS:
        assert name in schema or f"'{name}'" in code, name
