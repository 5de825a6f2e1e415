"""The example circle has exactly its two planted duties, and knows who could vote on 18.03.2026."""

from datetime import date
from pathlib import Path

import msgspec

from circle.core import auth, clock, files
from circle.core.db import Caller
from circle.local import importer
from circle.people.appointments import store
from circle.people.appointments.model import Duty, Entitled, Ministry
from tests.conftest import START
from tests.local.test_importer import DEMO, empty


async def test_two_duties_the_deputy_of_march_and_the_ministry(tmp_path: Path) -> None:
    async with empty() as database:
        await importer.load_folder(
            database, files.Storage(str(tmp_path)), DEMO, lambda *_: None, passwords="demo"
        )
        async with database.begin(None) as db:
            await clock.wind(db, START)
            now = (await clock.read(db)).now()
            leyla = await db.fetchval("select id from person where reference = 'p-002'")
            caller = Caller(auth.token_hash(await auth.open_session(db, leyla, "bearer")), now)
            open_ones = msgspec.json.decode((await store.list_duties(db, caller)).body, type=list[Duty])
            assert [(x.authority_key, x.kind, x.duty, x.since, x.person_name) for x in open_ones] == [
                ("br-detmold", "commissioner", "announced_externally", date(2026, 7, 1), "Malik Neubeispiel"),
                ("br-muenster", "deputy", "ministry_informed", date(2026, 10, 1), "Yusuf Aamuster"),
            ]
            found = await store.list_entitled(db, caller, date(2026, 3, 18))
            entitled = msgspec.json.decode(found.body, type=list[Entitled])
            assert {x.authority_key: x.entitled_name for x in entitled} == {
                "br-arnsberg": "Jörn Probemuster", "br-detmold": "Gudrun Altmuster",
                "br-duesseldorf": "Aylin Rheinmuster", "br-koeln": "Irina Musterkowa",
                "br-muenster": "Hannelore Probekamp",
            }  # fmt: skip
            found = await store.list_ministries(db, caller)
            (ministry,) = msgspec.json.decode(found.body, type=list[Ministry])
            assert (ministry.short, ministry.email) == ("MKJFGFI", "viola.referatsmuster@ministerium.example")
