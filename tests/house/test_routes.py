"""The table of routes with the right each one names, and what every role meets at every door."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date

from litestar import Litestar
from litestar.routes import WebSocketRoute

from circle.core import access, auth
from circle.core.db import Connection
from tests import make
from tests.clients import Clients

from . import ROOT, compare

ROUTES = ROOT / "tests/house/routes.txt"
DOORS = ROOT / "tests/house/doors.txt"
UNKNOWN = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "999999", "str": "unbekannt"}
# They end the session that the rest of the walk needs.
ENDS_SESSION = {"/abmelden"}


def routes(app: Litestar) -> Iterator[tuple[str, str, str]]:
    """Method, path and right of every route, sorted by path."""
    found = [
        (route.path, method, str(handler.opt["permission"]))
        for route in app.routes
        for handler in getattr(route, "route_handlers", [])
        for method in handler.http_methods
        if method not in ("OPTIONS", "HEAD")
    ]
    found += [
        (route.path, "SOCKET", str(route.route_handler.opt["permission"]))
        for route in app.routes
        if isinstance(route, WebSocketRoute)
    ]
    for path, method, right in sorted(found):
        yield method, path, right


def test_the_table_of_routes_is_the_kept_one(app: Litestar) -> None:
    table = "".join(f"{method:<6} {path}  {right}\n" for method, path, right in routes(app))
    compare(ROUTES, table)


def test_every_route_names_a_right_that_exists(app: Litestar) -> None:
    named = {right for _, _, right in routes(app)}
    assert named <= access.RIGHTS.keys() | {"public", "signed_in"}, named - access.RIGHTS.keys()
    assert {role for roles in access.RIGHTS.values() for role in roles} <= auth.ROLE_NAMES.keys()


async def test_what_every_role_meets_at_every_door(app: Litestar, client: Clients, db: Connection) -> None:
    """Each role knocks at each GET, and at each POST without a body; ids are of things that nobody has.

    The snapshot keeps one line per door: the commonest status first, then the roles that meet another one.
    """
    people = {}
    for role in auth.ROLE_NAMES:
        nick = role.replace("_", "-")
        await make.person(db, nick, authority="br-koeln" if role in access.HOUSE else "kfi", roles=[role])
        if role == "deputy":
            # A deputy acts while the commissioner of the house is away.
            away, here = await make.person_id(db, "commissioner"), await make.person_id(db, nick)
            await make.absence(db, away, here, make.SINCE, date(2030, 1, 1))
        people[role] = (await client.as_(nick), await client.browser(nick))
    lines = []
    for method, path, right in routes(app):
        if method not in ("GET", "POST") or path.startswith("/static") or path in ENDS_SESSION:
            continue
        door = re.sub(r"\{\w+:(\w+)\}", lambda found: UNKNOWN[found[1]], path)
        met = {}
        for role, (program, browser) in people.items():
            by = program if path.startswith("/api/") else browser
            answer = await (by.get(door) if method == "GET" else by.post(door))
            met[role] = answer.status_code
        stranger = await (
            client.stranger.get(door) if method == "GET" else client.stranger.post(door, headers=OWN)
        )
        assert max([*met.values(), stranger.status_code]) < 500, f"{method} {path}: {met}"
        if right == "public":
            assert set(met.values()) == {stranger.status_code}, f"{method} {path}: {met}"
        elif "{" in path:
            assert all(status >= 400 for status in met.values()), f"{method} {path}: {met}"
        lines.append(line(f"{method} {path}", stranger.status_code, met))
    compare(DOORS, HEAD + "".join(lines))


OWN = {"sec-fetch-site": "same-origin"}
HEAD = (
    "# door: stranger | most roles | other roles; ids are of things that do not exist, POSTs have no body\n"
)


def line(door: str, stranger: int, met: dict[str, int]) -> str:
    """One door in one line."""
    usual = Counter(met.values()).most_common(1)[0][0]
    others: dict[int, list[str]] = {}
    for role, status in met.items():
        if status != usual:
            others.setdefault(status, []).append(role)
    rest = "; ".join(f"{status} {' '.join(sorted(roles))}" for status, roles in sorted(others.items()))
    return f"{door}: {stranger} | {usual} | {rest or '-'}\n"
