"""What an object mapper would check: every statement fits the migrated schema, and is the SQL that one reads."""

import ast
import functools
import re
from pathlib import PurePosixPath

import asyncpg

from circle.core.db import Connection

from . import calls, modules, text_of

# Name of the call → which argument is the statement, and how many parameters it brings of its own.
METHODS = {"fetch": (0, 0), "fetchrow": (0, 0), "fetchval": (0, 0), "execute": (0, 0), "executemany": (0, 0)}
FUNCTIONS = {"read_one": (1, 2), "read_page": (1, 2), "row": (1, 0)}
# Runs what others wrote; begins and ends transactions.
ENGINE = {"circle/core/db.py", "db/migrate.py"}
KEYWORD = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|JOIN|VALUES|RETURNING|ORDER BY|GROUP BY|AND|NULL|CASE|EXISTS)\b"
)


@functools.cache
def statements() -> list[tuple[str, str | None, int | None]]:
    """Place, text (None when it is not a plain string) and number of parameters (None with `*args`)."""
    found: list[tuple[str, str | None, int | None]] = []
    for path, tree in modules():
        if path in ENGINE:
            continue
        for name, call in calls(tree, METHODS.keys() | FUNCTIONS.keys()):
            where, own = (METHODS | FUNCTIONS)[name]
            if (name in METHODS) != isinstance(call.func, ast.Attribute) and name != "row":
                continue
            if len(call.args) <= where:
                continue
            brought = call.args[where + 1 + (1 if own else 0) :]
            # Rows for `executemany` come in a list, starred ones in a tuple: nobody can count them here.
            unknown = name == "executemany" or any(isinstance(one, ast.Starred) for one in brought)
            count = None if unknown else len(brought) + own
            found.append((f"{path}:{call.lineno}", text_of(call.args[where]), count))
    return found


async def test_every_statement_fits_the_schema(db: Connection) -> None:
    wrong = []
    for place, text, count in statements():
        if text is None:
            continue
        await db.execute("savepoint before")
        try:
            wanted = len((await db.prepare(text)).get_parameters())
        except asyncpg.PostgresError as error:
            wrong.append(f"{place}: {error}")
            await db.execute("rollback to savepoint before")
        else:
            if count is not None and count != wanted:
                wrong.append(f"{place}: {wanted} parameters in the statement, {count} in the call")
    assert not wrong, "\n".join(wrong)


def test_no_statement_is_built_from_text() -> None:
    built = [place for place, text, _ in statements() if text is None]
    assert len(statements()) > 100
    assert not built, built


def test_keywords_are_lower_case() -> None:
    loud = [
        place for place, text, _ in statements() if text and KEYWORD.search(re.sub(r"'[^']*'", "''", text))
    ]
    assert not loud, loud


def test_sql_of_a_feature_stands_in_its_store() -> None:
    strays = {
        place
        for place, _, _ in statements()
        if not place.startswith(("circle/core/", "circle/local/", "circle/cli.py", "circle/search/index.py"))
        and PurePosixPath(place.split(":")[0]).name != "store.py"
    }
    assert not strays, strays
