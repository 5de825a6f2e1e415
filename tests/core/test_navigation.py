"""The menu offers the rooms in which somebody has work, and no others."""

import re

import pytest

from circle.core.db import Connection
from tests import make
from tests.clients import Clients

EVERYBODY = ["Übersicht", "Personen"]
MENUS = {
    "circle_office": ["Übersicht", "Sitzungen", "Anfragen", "Wissen", "Aufgaben", "Versand", "Personen"],
    "commissioner": ["Übersicht", "Sitzungen", "Anfragen", "Wissen", "Aufgaben", "Personen"],
    "assistant": ["Übersicht", "Anfragen", "Wissen", "Personen"],
    "regional_staff": ["Übersicht", "Wissen", "Personen"],
    "ministry_observer": ["Übersicht", "Sitzungen", "Wissen", "Personen"],
    "data_protection_officer": EVERYBODY,
    "technical_admin": EVERYBODY,
}


@pytest.mark.parametrize("role", MENUS)
async def test_each_role_has_its_menu(client: Clients, db: Connection, role: str) -> None:
    await make.person(db, "dora", authority="br-koeln", roles=[role])
    page = (await (await client.browser("dora")).get("/")).text
    menu = re.search(r'main-nav--wide"><nav[^>]*>(.*?)</nav>', page, re.S)
    assert menu
    assert re.findall(r">([^<>]+?)\s*</a>", menu[1]) == MENUS[role]
