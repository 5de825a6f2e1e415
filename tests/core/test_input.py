"""What cannot be taken is told, in German and at its field, and never a fault of ours."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar import Litestar

from circle.core import answers, errors, fields, mail, openapi
from circle.core.db import Connection
from tests import make
from tests.clients import Clients
from tests.house.test_openapi import operations

LISTS = ["people", "appointments", "tasks", "meetings", "consultations", "documents", "dispatches", "deliveries",
    "audit-events"]  # fmt: skip
DEEP = b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
JSON = {"content-type": "application/json"}


@pytest.fixture(name="anna")
async def the_office(client: Clients) -> httpx.AsyncClient:
    return await client.as_("anna")


def told(answer: httpx.Response, status: int = 400) -> dict[str, Any]:
    """The problem, after a look at its form (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"] == "about:blank" and problem["status"] == status
    assert problem["code"] and problem["title"] and problem["detail"]
    return problem


async def tasks(db: Connection) -> int:
    return int(await db.fetchval("select count(*) from task"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "\xff\xfe"}',
        b'{"title": "\xc3"}',
        b'{"title": "\\ud800"}',
        b"\xff",
        b"{",
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{}{}",
        b'{"title": NaN}',
        b'{"title": "a\x00b"}',
        b'{"title": "a\\u0000b", "owner_id": "00000000-0000-4000-8000-000000000000"}',
        DEEP,
        b'{"title": ' + b"1" * 200_000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
async def test_what_is_no_json_of_ours_is_a_problem(
    anna: httpx.AsyncClient, db: Connection, body: bytes
) -> None:
    told(await anna.post("/api/v1/tasks", content=body, headers=JSON))
    assert await tasks(db) == 0


@pytest.mark.parametrize(
    "change, field, words",
    [
        ({"unknown": 1}, "unknown", "Dieses Feld gibt es nicht."),
        ({"status": "done"}, "status", "Dieses Feld gibt es nicht."),
        ({"title": 7}, "title", "Hier wird Text erwartet."),
        ({"title": None}, "title", "Hier wird Text erwartet."),
        ({"title": ["a"]}, "title", "Hier wird Text erwartet."),
        ({"title": ""}, "title", "Bitte ausfüllen."),
        ({"title": "x" * 301}, "title", "Höchstens 300 Zeichen."),
        ({"title": "a\nb"}, "title", "Zeilenumbrüche und Steuerzeichen sind hier nicht erlaubt, leer darf es nicht sein."),
        ({"owner_id": "ben"}, "owner_id", "Das ist keine gültige Kennung."),
        ({"due": "2026-02-30"}, "due", "Dieses Datum gibt es nicht. Erwartet wird JJJJ-MM-TT."),
        ({"due": "2027-02-29"}, "due", "Dieses Datum gibt es nicht. Erwartet wird JJJJ-MM-TT."),
        ({"due": "31.12.2026"}, "due", "Dieses Datum gibt es nicht. Erwartet wird JJJJ-MM-TT."),
        ({"due": "2026-13-01"}, "due", "Dieses Datum gibt es nicht. Erwartet wird JJJJ-MM-TT."),
        ({"due": "9999-12-31"}, "due", "Das Datum liegt nicht zwischen dem 01.01.1990 und dem 31.12.2199."),
        ({"due": 20261201}, "due", "Hier wird ein Datum erwartet (JJJJ-MM-TT)."),
    ],
)  # fmt: skip
async def test_a_wrong_value_is_told_at_its_field(
    anna: httpx.AsyncClient, db: Connection, change: dict[str, Any], field: str, words: str
) -> None:
    ben = str(await make.person_id(db, "ben"))
    problem = told(await anna.post("/api/v1/tasks", json={"title": "Bericht", "owner_id": ben} | change))
    assert problem["errors"] == [{"field": field, "detail": words}]
    assert await tasks(db) == 0


async def test_a_missing_field_is_named(anna: httpx.AsyncClient) -> None:
    problem = told(await anna.post("/api/v1/tasks", json={"title": "Bericht"}))
    assert problem["errors"] == [{"field": "owner_id", "detail": "Diese Angabe fehlt."}]


async def test_of_a_key_that_comes_twice_none_slips_through(anna: httpx.AsyncClient, db: Connection) -> None:
    ben = await make.person_id(db, "ben")
    body = f'{{"title": "", "title": "Bericht", "owner_id": "{ben}", "owner_id": "x"}}'
    told(await anna.post("/api/v1/tasks", content=body.encode(), headers=JSON))


@pytest.mark.parametrize("name", LISTS)
async def test_lists_have_a_limit(anna: httpx.AsyncClient, name: str) -> None:
    for limit in ("0", "-1", "201", "1000000000", "99999999999999999999999", "x", "1.5", "", "%00"):
        problem = told(await anna.get(f"/api/v1/{name}?limit={limit}"))
        assert problem["errors"][0]["field"] == "limit", limit
    for limit in (1, 200):
        assert (await anna.get(f"/api/v1/{name}?limit={limit}")).status_code == 200


@pytest.mark.parametrize("name", LISTS)
async def test_a_page_key_is_one_of_ours(anna: httpx.AsyncClient, name: str) -> None:
    for after in (
        "x",
        "%%%",
        "AAAA",
        "MjAyNi0wMS0wMQ",
        "%00",
        "ä",
        "\u2028",
        "_" * 500,
        answers.seal("x")[:-1],
    ):
        answer = await anna.get(f"/api/v1/{name}", params={"after": after})
        assert told(answer)["errors"] == [{"field": "after", "detail": "Bitte next verwenden."}], after


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "key", ["", "x", "\x00", "' or 1=1 --", "9" * 40, "2026-02-30 x", "2026-11-01 none", "-1"]
)
async def test_even_a_forged_page_key_is_no_fault(anna: httpx.AsyncClient, name: str, key: str) -> None:
    answer = await anna.get(f"/api/v1/{name}", params={"after": answers.seal(key)})
    assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("key", ["a", "2026-11-01 00000000-0000-4000-8000-000000000000", "ß/+?=", ""])
def test_a_sealed_key_comes_back(key: str) -> None:
    sealed = answers.seal(key)
    assert answers.unseal(sealed) == key
    assert sealed.replace("-", "").replace("_", "").isalnum()


async def test_following_next_shows_everything_once(
    client: Clients, db: Connection, anna: httpx.AsyncClient
) -> None:
    for nick in ("ida", "otto", "uwe", "Äda"):
        await make.person(db, nick.lower(), name=f"{nick.capitalize()} Probe", roles=["kfi_expert"])
    seen: list[str] = []
    following: str | None = "/api/v1/people?limit=2"
    while following:
        assert following.startswith("/api/v1/people?limit=2")
        page = (await anna.get(following)).json()
        assert len(page["items"]) <= 2
        seen += [person["name"] for person in page["items"]]
        following = page["next"]
    assert seen == [
        "Äda Probe",
        "Anna Amt",
        "Ben Beauftragt",
        "Clara Außen",
        "Ida Probe",
        "Otto Probe",
        "Uwe Probe",
    ]


@pytest.mark.parametrize(
    "path",
    [
        "people?q=%00",
        "people?q=%ff",
        "people?q=%F0%9F%92%A9",
        "people?q=%25%27%22%5C_",
        "people?q=" + "a" * 5000,
    ],
)
async def test_odd_words_find_nothing_and_break_nothing(anna: httpx.AsyncClient, path: str) -> None:
    answer = await anna.get(f"/api/v1/{path}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.json()["items"] == []


@pytest.mark.parametrize(
    "path", ["/personen?after=x", "/personen?after=%00", "/aufgaben?after=x", "/sitzungen?after=x"]
)
async def test_pages_tell_it_too(client: Clients, path: str) -> None:
    page = await (await client.browser("anna")).get(path)
    assert page.status_code == 422 and page.headers["content-type"].startswith("text/html")
    assert "stammt nicht aus dieser Liste" in page.text and page.text.count("<h1") == 1


async def test_a_form_in_broken_utf8_is_no_fault(client: Clients) -> None:
    browser = await client.browser("anna")
    headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    for body in (b"email=%ff%fe&password=\xff", b"\xff\xfe", b"&&&=", b"a" * 50_000):
        for path in ("/anmelden", "/aufgaben/neu"):
            answer = await browser.client.post(path, content=body, headers=headers)
            assert 400 <= answer.status_code < 500, (path, body[:20], answer.text)


async def test_a_broken_multipart_form_is_no_fault(client: Clients) -> None:
    browser = await client.browser("anna")
    for kind in (
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=" + "y" * 300,
    ):
        headers = {"content-type": kind, "sec-fetch-site": "same-origin"}
        for body in (
            b"",
            b"--x\r\n",
            b"--x\r\ncontent-disposition: form-data\r\n\r\nv\r\n--x--",
            b"\xff" * 100,
        ):
            for path in ("/anmelden", "/aufgaben/neu"):
                answer = await browser.client.post(path, content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (kind, body, answer.text)


async def test_a_body_over_the_limit_is_refused_announced_or_not(
    anna: httpx.AsyncClient, client: Clients
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    problem = told(await anna.post("/api/v1/tasks", content=b" " * 1_100_000, headers=JSON), 413)
    assert problem["code"] == "too_large"
    assert told(await anna.post("/api/v1/tasks", content=pieces(), headers=JSON), 413)["code"] == "too_large"
    browser = await client.browser("anna")
    page = await browser.post("/aufgaben/neu", {"title": "x" * 1_100_000})
    assert page.status_code == 413 and "Das ist zu groß." in page.text


@pytest.mark.parametrize(
    "value, status, code",
    [
        ("", 428, "if_match_required"),
        ("v1", 200, ""),
        ('"v1"', 200, ""),
        ('W/"v1"', 200, ""),
        ('"1"', 400, "if_match_invalid"),
        ("*", 400, "if_match_invalid"),
        ('"v-1"', 400, "if_match_invalid"),
        ('"v99999999999"', 400, "if_match_invalid"),
        ('"v²"', 400, "if_match_invalid"),
        ('"v9"', 412, "stale"),
    ],
)
async def test_if_match_names_the_state_that_is_changed(
    anna: httpx.AsyncClient, db: Connection, value: str, status: int, code: str
) -> None:
    ben = str(await make.person_id(db, "ben"))
    made = (await anna.post("/api/v1/tasks", json={"title": "Bericht", "owner_id": ben})).json()
    headers = {"if-match": value.encode("latin-1")} if value else {}
    answer = await anna.patch(f"/api/v1/tasks/{made['id']}", json={"title": "Neu"}, headers=headers)
    if code:
        assert told(answer, status)["code"] == code
    else:
        assert answer.status_code == 200 and answer.headers["etag"] == '"v2"'


async def test_other_formats_and_methods_are_refused(anna: httpx.AsyncClient) -> None:
    form = await anna.post("/api/v1/tasks", data={"title": "x"})
    assert 400 <= form.status_code < 500 and form.headers["content-type"] == "application/problem+json"
    assert told(await anna.put("/api/v1/tasks", json={}), 405)["code"] == "method_not_allowed"
    for method in ("TRACE", "PROPFIND", "CONNECT"):
        assert (await anna.request(method, "/api/v1/tasks")).status_code == 405
    assert json.loads((await anna.get("/api/v1/tasks", headers={"accept": "text/xml"})).text)["items"] == []


@pytest.mark.parametrize(
    "sign", ["\x80", "\x9f", "\u2028", "\u202a", "\u202e", "\u2066", "\u2069", "\n", "\x7f"]
)
def test_a_line_takes_only_what_may_stand_in_a_subject(sign: str) -> None:
    title = f"Sprach{sign}mittlung"
    with pytest.raises(mail.HeaderError):
        mail.check_subject(title)
    for kind in (fields.Line, fields.OptionalLine):
        assert msgspec.convert("Größe – „Maß“ \u00a0", kind)
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(title, kind)


def at_dates(schema: dict[str, Any], schemas: dict[str, Any], value: Any, day: str) -> list[tuple[str, Any]]:
    """The example of a body once for each of its date fields, named as a problem names it, with `day` in this field."""
    if reference := schema.get("$ref"):
        return at_dates(schemas[reference.rsplit("/", 1)[-1]], schemas, value, day)
    if schema.get("format") == "date":
        return [("", day)]
    found = []
    for choice in schema.get("oneOf", []) + schema.get("anyOf", []):
        found += at_dates(choice, schemas, value, day)
    for name, part in schema.get("properties", {}).items():
        given = value.get(name) if isinstance(value, dict) else None
        found += [
            (f"{name}.{below}".rstrip("."), (value or {}) | {name: changed})
            for below, changed in at_dates(part, schemas, given, day)
        ]
    if "items" in schema:
        first, *rest = value if isinstance(value, list) and value else [None]
        inside = at_dates(schema["items"], schemas, first, day)
        found += [(f"0.{below}", [changed, *rest]) for below, changed in inside]
    return found


@pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2200-01-01", "9999-12-31"])
async def test_no_door_takes_a_date_that_the_database_calls_infinite(
    anna: httpx.AsyncClient, app: Litestar, day: str
) -> None:
    described = openapi.describe(app, app.openapi_schema.to_schema())
    schemas, wrong, tried = described["components"]["schemas"], [], 0
    headers = {"if-match": '"v1"', "idempotency-key": "dates"}
    for method, path, told in operations(described):
        given = {
            place: {
                one["name"]: one.get("example") or one["schema"]["examples"][0]
                for one in told.get("parameters", [])
                if one["in"] == place and (one["required"] or "'date'" in str(one["schema"]))
            }
            for place in ("path", "query")
        }
        address = path.format_map(given["path"])
        for one in told.get("parameters", []):
            if one["in"] == "query" and "'date'" in str(one["schema"]):
                params, tried = given["query"] | {one["name"]: day}, tried + 1
                answer = await anna.request(method, address, params=params)
                if answer.status_code != 400 or [at["field"] for at in answer.json().get("errors", [])] != [
                    one["name"]
                ]:
                    wrong.append(f"{method} {answer.url}: {answer.status_code} {answer.text}")
        media = told.get("requestBody", {}).get("content", {}).get("application/json")
        for name, body in at_dates(media["schema"], schemas, media["example"], day) if media else []:
            answer, tried = await anna.request(method, address, json=body, headers=headers), tried + 1
            if answer.status_code != 400 or [one["field"] for one in answer.json().get("errors", [])] != [
                name
            ]:
                wrong.append(f"{method} {address} {body}: {answer.status_code} {answer.text}")
    assert not wrong, "\n".join(wrong)
    assert tried > 30


@pytest.mark.parametrize("day", ["0001-01-01", "1989-12-31", "2200-01-01", "9999-12-31"])
def test_no_form_takes_it_either(day: str) -> None:
    class Form(msgspec.Struct):
        due: fields.Day | None = None

    with pytest.raises(errors.Invalid) as refused:
        fields.from_form(Form, {"due": day})
    assert refused.value.fields == {
        "due": "Das Datum liegt nicht zwischen dem 01.01.1990 und dem 31.12.2199."
    }
    assert fields.from_form(Form, {"due": "2199-12-31"}).due == fields.LAST_DAY
    assert fields.from_form(Form, {"due": ""}).due is None
