"""Printed documents: a Typst source and JSON become a PDF for the archive (PDF/A-2a) and for all (PDF/UA-1).

A source reads what it prints from `sys.inputs.content` and nowhere else; no text of a person ever becomes
part of a source. Equal content gives equal bytes: the document's date stands in the content.
"""

import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import typst

_PACKAGE = Path(__file__).parent.parent
_FONTS = Path(__file__).parent / "fonts"
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNKNOWN = "□"
# Latin, Greek, Cyrillic, punctuation, currency, arrows and shapes: each sign stands alone in Fira Sans.
_PLAIN = frozenset([*range(0x300), *range(0x370, 0x483), *range(0x1E00, 0x200B), *range(0x2010, 0x2600)])


def render(source: Path, content: bytes) -> bytes:
    """Return the PDF that the Typst file `source`, below the package, makes of `content`, a JSON object.

    Signs that the fonts do not have appear as □, control characters and direction overrides are left out:
    both would make the standards refuse the whole document. Raises typst.TypstError if the source is wrong.
    """
    given = msgspec.json.decode(content)
    try:
        return _compile(source, _printable(given, _coverage()))
    except typst.TypstError as error:
        if "could not be displayed" not in error.message:
            raise
        # A rare script can lack the one sign that two known ones melt into; then only plain letters are sure.
        return _compile(source, _printable(given, _coverage() & _PLAIN))


def _compile(source: Path, content: Any) -> bytes:
    pdf = typst.compile(
        str(source),
        root=str(_PACKAGE),
        font_paths=[str(_FONTS)],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=["a-2a", "ua-1"],
        sys_inputs={"content": msgspec.json.encode(content).decode()},
    )
    if not isinstance(pdf, bytes):
        raise TypeError(f"{source.name} gave no single document")
    return pdf


def _printable(value: Any, known: frozenset[int]) -> Any:
    if isinstance(value, str):
        return "".join(
            _sign(sign, known) for sign in unicodedata.normalize("NFC", value.replace("\r\n", "\n"))
        )
    if isinstance(value, list):
        return [_printable(one, known) for one in value]
    if isinstance(value, dict):
        return {name: _printable(one, known) for name, one in value.items()}
    return value


def _sign(sign: str, known: frozenset[int]) -> str:
    if sign in "\n\u2028\u2029":
        return "\n"
    if sign == "\t":
        return " "
    if sign in _OVERRIDES or unicodedata.category(sign) == "Cc":
        return ""
    return sign if ord(sign) in known else _UNKNOWN


@cache
def _coverage() -> frozenset[int]:
    """The code points that our fonts and those inside Typst can print, in every weight that we use.

    The list was found by printing each sign under both standards; it is to be found again with other fonts.
    """
    covered: set[int] = set()
    for line in (_FONTS / "coverage.txt").read_text().split():
        first, _, last = line.partition("-")
        covered.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(covered)
