"""A database that goes away is told as such: try again, and no word on what was saved."""

import asyncpg
import pytest

from circle.core import errors, web


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.DiskFullError("no space left"),
        asyncpg.IdleInTransactionSessionTimeoutError("idle in transaction"),
        asyncpg.QueryCanceledError("statement timeout"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_lost_database_is_503(error: asyncpg.PostgresError) -> None:
    refusal = web.as_refusal(error)
    assert isinstance(refusal, errors.Unavailable) and refusal.status == 503


def test_a_fault_promises_nothing_about_what_was_saved() -> None:
    fault = web.as_refusal(asyncpg.UndefinedColumnError("no such column"))
    assert fault.status == 500 and "gespeichert" not in fault.title
