"""The rules about contacts: which district a key lies in, what an entry needs, where there is no contact yet."""

import csv
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import msgspec

from circle.core import calendar, errors, mail

from .model import Coverage, DistrictCoverage, NewContact, RegionCoverage

KINDS = {
    "municipal_contact": "Kommunale Ansprechperson",
    "institution": "Einrichtung",
    "association": "Verband oder Verein",
}
"""The kinds in the words of the interface."""

REGIONS = {
    "051": ("br-duesseldorf", "Düsseldorf"),
    "053": ("br-koeln", "Köln"),
    "055": ("br-muenster", "Münster"),
    "057": ("br-detmold", "Detmold"),
    "059": ("br-arnsberg", "Arnsberg"),
}
"""First three digits of the municipality key → key of the district government and name of its Regierungsbezirk."""


class District(msgspec.Struct, frozen=True):
    """A kreisfreie Stadt (`city`) or a Kreis, by the first five digits of the municipality key."""

    ags: str
    name: str
    kind: Literal["city", "district"]


def _districts() -> dict[str, District]:
    with (Path(__file__).with_name("districts.csv")).open(encoding="utf-8", newline="") as file:
        rows = msgspec.convert(list(csv.DictReader(file, delimiter=";")), list[District])
    return {row.ags: row for row in rows}


DISTRICTS = _districts()
"""All of the Land, after the official municipality keys (Amtliche Gemeindeschlüssel)."""


def clean_ags(ags: str | None) -> str | None:
    """The key without spaces; a spreadsheet that took it for a number has lost the zero in front."""
    digits = "".join((ags or "").split())
    return (f"0{digits}" if len(digits) == 7 and digits.startswith("5") else digits) or None


def district_name(ags: str | None) -> str:
    """The city or district of a key; empty when there is none."""
    return DISTRICTS[ags[:5]].name if ags and ags[:5] in DISTRICTS else ""


def faults(contact: NewContact, house_key: str, topics: Mapping[str, str], today: date) -> dict[str, str]:
    """What is wrong with an entry of a house, by field: key, address, topics, day (decree Nr. 5 d: each in its district)."""
    wrong: dict[str, str] = {}
    if contact.ags is None:
        if contact.kind == "municipal_contact":
            wrong["ags"] = "Bitte den Gemeindeschlüssel (AGS, 8 Ziffern) angeben."
    elif not (len(contact.ags) == 8 and contact.ags.isascii() and contact.ags.isdigit()):
        wrong["ags"] = "Der Gemeindeschlüssel hat genau 8 Ziffern, zum Beispiel 05911000."
    elif contact.ags[:5] not in DISTRICTS:
        wrong["ags"] = (
            "Einen Kreis oder eine kreisfreie Stadt mit diesem Schlüssel gibt es in Nordrhein-Westfalen nicht."
        )
    elif REGIONS[contact.ags[:3]][0] != house_key:
        wrong["ags"] = (
            f"{district_name(contact.ags)} gehört zum Regierungsbezirk {REGIONS[contact.ags[:3]][1]}. "
            "Eintragen kann diesen Kontakt nur das Haus dort."
        )
    if contact.email:
        try:
            mail.check_address(contact.email)
        except mail.HeaderError as refused:
            wrong["email"] = str(refused)
    if unknown := [topic for topic in contact.topics if topic not in topics]:
        wrong["topics"] = f"Dieses Thema gibt es nicht: {unknown[0]}"
    if contact.source_on > today:
        wrong["source_on"] = f"Dieser Tag liegt in der Zukunft. Heute ist der {calendar.date_short(today)}."
    return wrong


def require_valid(contact: NewContact, house_key: str, topics: Mapping[str, str], today: date) -> None:
    """Raises Invalid with a German text for each wrong field."""
    if wrong := faults(contact, house_key, topics, today):
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)


def coverage(known: list[tuple[str, str, int]], houses: set[str] | None) -> Coverage:
    """Where there are contacts. `known` is (first five digits, kind, number); `houses` narrows to their districts."""
    counts: dict[tuple[str, bool], int] = {}
    for ags, kind, number in known:
        place = ags, kind == "municipal_contact"
        counts[place] = counts.get(place, 0) + number
    regions = []
    for prefix, (key, name) in REGIONS.items():
        if houses is not None and key not in houses:
            continue
        districts = [
            DistrictCoverage(
                one.ags, one.name, one.kind, counts.get((one.ags, True), 0), counts.get((one.ags, False), 0)
            )
            for one in DISTRICTS.values()
            if one.ags.startswith(prefix)
        ]
        covered = sum(one.municipal_contacts > 0 for one in districts)
        regions.append(RegionCoverage(key, name, covered, len(districts), districts))
    return Coverage(regions)
