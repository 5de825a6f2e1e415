"""What stands fixed for everybody who talks to the service from outside: addresses, acts, commands and their words."""

import pytest
from litestar import Litestar

from circle import cli
from circle.core.answers import MAX_PAGE
from tests.clients import Clients

from . import ROOT
from .test_routes import routes

API = "/api/v1"
COLLECTIONS = {
    "authorities", "people", "appointments", "meetings", "agenda-items", "tasks", "consultations", "documents",
    "dispatches", "deliveries", "audit-events",
}  # fmt: skip
NESTED = {
    "meetings": {"agenda-items", "papers", "attendance", "minutes"},
    "documents": {"versions"},
    "dispatches": {"deliveries"},
}
ACTS = {
    "meetings": {"invite", "supplement", "start", "close", "cancel", "move"},
    "agenda-items": {"admit", "return", "withdraw", "adjourn", "result"},
    "meetings/minutes": {"circulate", "approve", "objections", "corrections"},
    "consultations": {"assign", "clarify", "answer", "review", "send", "release", "withdraw", "refer"},
    "documents": {"submit", "release", "supersede", "retire"},
    "dispatches": {"send", "cancel", "resend"},
}
COMMANDS = {
    "demo",
    "up",
    "serve",
    "worker",
    "beat",
    "relay",
    "migrate",
    "import",
    "user",
    "doctor",
    "deadline",
}
TARGETS = {"setup", "test", "test-walls", "check", "bench", "bench-search", "faults", "demo", "help"}


@pytest.fixture(name="doors")
def all_doors(app: Litestar) -> set[tuple[str, str]]:
    """Method and path with every parameter as `{}`."""
    return {
        (method, "/".join("{}" if part.startswith("{") else part for part in path.split("/")))
        for method, path, _ in routes(app)
    }


def collection(name: str) -> str:
    return API + "/" + "/{}/".join(name.split("/"))


@pytest.mark.parametrize("name", sorted(COLLECTIONS - {"agenda-items"}))
def test_every_collection_can_be_listed(doors: set[tuple[str, str]], name: str) -> None:
    assert ("GET", f"{API}/{name}") in doors


def test_sessions_files_search_and_the_own_card(doors: set[tuple[str, str]]) -> None:
    wanted = {
        ("POST", "sessions"),
        ("DELETE", "sessions"),
        ("GET", "me"),
        ("POST", "files"),
        ("POST", "search"),
    }
    missing = {(method, name) for method, name in wanted if (method, f"{API}/{name}") not in doors}
    assert not missing


@pytest.mark.parametrize("outer", sorted(NESTED))
def test_what_belongs_to_a_thing_stands_below_it(doors: set[tuple[str, str]], outer: str) -> None:
    missing = {inner for inner in NESTED[outer] if ("GET", f"{API}/{outer}/{{}}/{inner}") not in doors}
    assert not missing


@pytest.mark.parametrize("name", sorted(ACTS))
def test_every_act_is_a_post_below_its_thing(doors: set[tuple[str, str]], name: str) -> None:
    above = collection(name) + ("" if "/" in name else "/{}")
    missing = {act for act in ACTS[name] if ("POST", f"{above}/{act}") not in doors}
    assert not missing


@pytest.mark.parametrize("name", sorted(COLLECTIONS - {"agenda-items"}))
async def test_a_list_is_items_and_next(client: Clients, name: str) -> None:
    anna = await client.as_("anna")
    answer = await anna.get(f"{API}/{name}?limit=1")
    assert answer.status_code == 200 and set(answer.json()) == {"items", "next"}
    if name == "authorities":  # Eight houses: one part, whatever the limit.
        return
    assert (await anna.get(f"{API}/{name}?limit={MAX_PAGE + 1}")).status_code == 400
    assert (await anna.get(f"{API}/{name}?after=%C3%BCber")).status_code == 400


async def test_health_is_open_and_an_unknown_address_is_a_problem(client: Clients) -> None:
    assert (await client.stranger.get("/health/live")).json() == {"status": "ok"}
    ready = (await client.stranger.get("/health/ready")).json()
    assert ready["status"] == ready["database"] == ready["redis"] == "ok"
    unknown = await client.stranger.get(f"{API}/nothing")
    assert unknown.status_code == 404 and unknown.headers["content-type"] == "application/problem+json"
    assert unknown.json()["code"] == "not_found"


def test_the_command_line_has_every_command() -> None:
    assert set(cli.main.commands) >= COMMANDS


def test_make_has_every_target_with_a_word_of_help() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGETS:
        assert f"\n{target}:" in text, target
        line = next(line for line in text.splitlines() if line.startswith(f"{target}:"))
        assert "## " in line, target
