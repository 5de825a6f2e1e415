"""The text of an uploaded file, read in a child process: what parsers do to memory and time stays there.

`python -m circle.knowledge.extraction CONTENT_TYPE` reads the file from standard input and writes its text.
"""

import asyncio
import io
import os
import re
import resource
import sys
import zipfile
from collections.abc import Iterator

import pypdfium2
from lxml import etree

LONGEST = 1_000_000
"""Characters kept of one file."""
MOST_UNPACKED = 100 * 1024 * 1024
MOST_MEMBERS = 2_000
MEMORY, CPU_SECONDS, WALL_SECONDS = 1024 * 1024 * 1024, 30, 60
_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_BREAKS = {"p", "br", "tr", "h", "row", "si", "tab", "line-break", "table-row", "list-item"}
_WORDS = {"t"}


class ExtractionError(ValueError):
    """A file whose text cannot be read within the limits."""


def extract(content: bytes, content_type: str) -> str:
    """Return the text of a file, at most a million characters; pictures have none. Raises ExtractionError."""
    if content_type == "application/pdf":
        text = _pdf(content)
    elif content_type.startswith((_OFFICE, _OPEN)):
        text = _package(content, content_type)
    elif content_type.startswith("text/"):
        text = content.decode("utf-8-sig", errors="replace")
    else:
        text = ""
    return tidy(text)


def tidy(text: str) -> str:
    """Return the text without control characters, with words that a line's end had cut put together again."""
    # PDFium marks a hyphen at a line's end with U+0002.
    text = re.sub("[\x02\ufffe\u00ad]\r?\n?", "", text[: 2 * LONGEST])
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]", " ", text.replace("\r\n", "\n"))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+", " ", text)).strip()[:LONGEST]


def _pdf(content: bytes) -> str:
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise ExtractionError("not a readable PDF") from error
    pieces, length = [], 0
    for page in document:
        piece = page.get_textpage().get_text_range()
        pieces.append(piece)
        length += len(piece)
        if length > LONGEST:
            break
    return "\n\n".join(pieces)


def _package(content: bytes, content_type: str) -> str:
    """Text of an office file: a zip of XML parts, whose unpacked size is checked before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            members = package.infolist()
            if len(members) > MOST_MEMBERS or sum(one.file_size for one in members) > MOST_UNPACKED:
                raise ExtractionError("too much is packed into this file")
            names = sorted((one.filename for one in members if _holds_text(one.filename)), key=_in_order)
            return "\n\n".join(
                _words(package.read(name), office=content_type.startswith(_OFFICE)) for name in names
            )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, etree.XMLSyntaxError) as error:
        raise ExtractionError("not a readable office file") from error


def _holds_text(name: str) -> bool:
    return bool(
        re.fullmatch(
            r"content\.xml|word/(?:document|footnotes|endnotes|header\d*|footer\d*)\.xml"
            r"|ppt/(?:slides/slide|notesSlides/notesSlide)\d+\.xml|xl/sharedStrings\.xml",
            name,
        )
    )


def _in_order(name: str) -> tuple[str, int]:
    number = re.search(r"\d+", name)
    return re.sub(r"\d+", "", name), int(number.group()) if number else 0


def _words(part: bytes, *, office: bool) -> str:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return "".join(_walk(etree.fromstring(part, parser), office))


def _walk(root: etree._Element, office: bool) -> Iterator[str]:
    """Text in reading order: OOXML keeps words in `t` elements, OpenDocument everywhere."""
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):
            continue
        name = etree.QName(element).localname
        if event == "start" and element.text and (not office or name in _WORDS):
            yield element.text
        if event == "end":
            if name in _BREAKS:
                yield "\n"
            if not office and element.tail and element is not root:
                yield element.tail


async def in_child(content: bytes, content_type: str) -> str:
    """Return the text, read by a process of limited memory and time. Raises ExtractionError."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "circle.knowledge.extraction", content_type,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    try:
        text, _ = await asyncio.wait_for(child.communicate(content), WALL_SECONDS)
    except (TimeoutError, BrokenPipeError, ConnectionResetError) as error:
        raise ExtractionError("reading took too long or broke off") from error
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise ExtractionError("the file could not be read")
    return text.decode("utf-8", errors="replace")


def main() -> int:
    """Read standard input, write its text to standard output. Exit 1 when it cannot be read."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        text = extract(sys.stdin.buffer.read(), sys.argv[1])
    except (ExtractionError, MemoryError):
        return 1
    sys.stdout.buffer.write(text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
