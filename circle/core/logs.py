"""Structured logs without content: one JSON line each, no names, no text, no addresses of people."""

import logging
import sys
from typing import Literal

import msgspec
import structlog


def configure(style: Literal["json", "text"]) -> None:
    """Send our own lines and those of libraries to standard error, as JSON or as text for a person."""
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: structlog.typing.Processor
    factory: structlog.BytesLoggerFactory | structlog.PrintLoggerFactory
    if style == "json":
        last = structlog.processors.JSONRenderer(serializer=_encode)
        factory = structlog.BytesLoggerFactory(sys.stderr.buffer)
    else:
        last, factory = structlog.dev.ConsoleRenderer(colors=False), structlog.PrintLoggerFactory(sys.stderr)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True
    )


def _encode(line: object, **_: object) -> bytes:
    return msgspec.json.encode(line, enc_hook=str)
