"""Authorities, people with their roles, appointments, absences and the contacts of the network."""

from circle.core.db import row
from circle.local.child import LocalError
from circle.people.network import actions as contacts
from circle.people.network import store as network

from .folder import Authority, Person
from .run import Run

KINDS = {"office": "competence_centre"}
"""Where the folder says it differently from the database."""
FROM_APPOINTMENTS = {"commissioner", "deputy"}
"""These roles follow from an appointment and its dates, so nobody is granted them."""
WITHOUT_ACCOUNT = {"municipal_contact", "partner"}
MUNICIPAL = Authority("kommunal", "Kommunen und Partner", "Kommunal", "municipal")
"""The contacts belong to none of the authorities; they share this one."""


async def load_authorities(run: Run) -> None:
    """The houses, superior ones first."""
    houses = list(run.folder.authorities)
    if any(person.authority == MUNICIPAL.id for person in run.folder.persons):
        houses.append(MUNICIPAL)
    run.know("authorities", await run.db.fetch("select key, id from authority"))
    for house in sorted(run.missing("authorities", houses), key=lambda house: house.parent is not None):
        added = await row(
            run.db,
            """
            insert into authority (key, name, short, code, seat, kind, parent_id, address, phone, website)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id
            """,
            house.id,
            house.name,
            house.short,
            house.code,
            house.seat,
            KINDS.get(house.kind, house.kind),
            run.maybe("authorities", house.parent, f"Die Behörde {house.id}"),
            house.address,
            house.phone,
            house.website,
        )
        run.add("authorities", house.id, added["id"])


async def load_persons(run: Run, password_hash: str | None) -> None:
    """People and the roles they are granted. Active ones may sign in with the hashed password, contacts never.

    Who has an account under the same e-mail address already keeps it as it is.
    """
    people = run.folder.persons
    run.know(
        "persons",
        await run.db.fetch(
            """
            select wanted.key, p.id from unnest($1::text[], $2::text[], $3::boolean[]) wanted (key, email, letters_only)
            join person p on p.reference = wanted.key
                or lower(p.email) = lower(wanted.email) and p.letters_only = wanted.letters_only
            order by p.reference is not distinct from wanted.key
            """,
            [person.id for person in people],
            [person.email for person in people],
            [_letters_only(person) for person in people],
        ),
    )
    for person in run.missing("persons", people):
        added = await row(
            run.db,
            """
            insert into person (reference, title, name, email, phone, function, authority_id, active, password_hash, room,
                hours, contact_confirmed_on, contact_reminded_on, letters_only, contact_email, public_fields)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) returning id
            """,
            person.id,
            person.title,
            person.name,
            person.email,
            person.phone,
            person.function,
            run.find("authorities", person.authority, f"Die Person {person.id}"),
            person.active,
            password_hash if person.active and person.roles and not _letters_only(person) else None,
            person.room,
            person.hours,
            person.contact_confirmed_on,
            person.contact_reminded_on,
            _letters_only(person),
            person.contact_email,
            person.public_fields,
        )
        run.add("persons", person.id, added["id"])
        await _grant(run, person)


def _letters_only(person: Person) -> bool:
    return bool(person.roles) and WITHOUT_ACCOUNT.issuperset(person.roles)


async def _grant(run: Run, person: Person) -> None:
    """An assistant's role has the dates of the assistance; the others have no end."""
    entry = next((one for one in run.folder.appointments.assistants if one.person == person.id), None)
    dated = {"assistant": entry} if entry else {}
    for role in sorted({*person.roles, *dated} - FROM_APPOINTMENTS):
        period = dated.get(role)
        await run.db.execute(
            """
            insert into role_grant (person_id, role, valid_from, valid_to)
            values ($1, $2, coalesce($3, '2000-01-01'::date), $4)
            """,
            run.ids["persons"][person.id],
            role,
            period and period.valid_from,
            period and period.valid_to,
        )


async def load_appointments(run: Run) -> None:
    """Appointments with their successors. One is known by its person, authority, kind and first day."""
    entries = run.folder.appointments.appointments
    known = {
        tuple(found)[1:]: found["id"]
        for found in await run.db.fetch(
            "select id, person_id, authority_id, kind, valid_from from appointment"
        )
    }
    fresh = []
    for entry in entries:
        place = f"Die Bestellung {entry.id}"
        person_id = run.find("persons", entry.person, place)
        authority_id = run.find("authorities", entry.authority, place)
        if found := known.get((person_id, authority_id, entry.kind, entry.valid_from)):
            run.ids["appointments"][entry.id] = found
            continue
        added = await row(
            run.db,
            """
            insert into appointment (person_id, authority_id, kind, valid_from, valid_to, order_date, file_reference,
                attached_to, announced_internally_on, announced_externally_on, ministry_informed_on)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id
            """,
            person_id,
            authority_id,
            entry.kind,
            entry.valid_from,
            entry.valid_to,
            entry.organisation_order.date,
            entry.organisation_order.file_reference,
            entry.attached_to,
            entry.announced_internally_on,
            entry.announced_externally_on,
            entry.ministry_informed_on,
        )
        run.add("appointments", entry.id, added["id"])
        fresh.append(entry)
    for entry in fresh:
        if entry.succeeded_by:
            successor = run.find("appointments", entry.succeeded_by, f"Die Bestellung {entry.id}")
            await run.db.execute(
                "update appointment set succeeded_by = $2 where id = $1",
                run.ids["appointments"][entry.id],
                successor,
            )


async def load_ministry(run: Run) -> None:
    """Who takes notices of appointment: the folder's ministry with its first guest (domain rules 3.2).

    A ministry that somebody entered already stays as it is.
    """
    house = next((house for house in run.folder.authorities if house.kind == "ministry"), None)
    guests = holders(run, "ministry_observer")
    if house is None or not guests:
        return
    await run.db.execute(
        """
        insert into responsible_ministry (name, short, recipient_id, valid_from)
        select $1, $2, $3, '2022-01-01' where not exists (select from responsible_ministry)
        """,
        house.name,
        house.short,
        run.ids["persons"][guests[0].id],
    )


async def load_absences(run: Run) -> None:
    """When somebody is away, and who acts meanwhile."""
    known = {
        tuple(found)
        for found in await run.db.fetch("select person_id, deputy_id, starts_on, ends_on from absence")
    }
    for entry in run.folder.appointments.absences:
        place = f"Die Abwesenheit ab {entry.starts_on}"
        person_id = run.find("persons", entry.person, place)
        deputy_id = run.find("persons", entry.deputy, place)
        if (person_id, deputy_id, entry.starts_on, entry.ends_on) in known:
            continue
        added = await row(
            run.db,
            "insert into absence (person_id, deputy_id, starts_on, ends_on) values ($1, $2, $3, $4) returning id",
            person_id,
            deputy_id,
            entry.starts_on,
            entry.ends_on,
        )
        run.add("absences", f"{entry.person} {entry.starts_on}", added["id"])


async def load_partners(run: Run) -> None:
    """The contacts of the network (Nr. 5 d of the decree)."""
    run.know(
        "partners",
        await run.db.fetch("select reference as key, id from partner where reference is not null"),
    )
    people = {person.id: person for person in run.folder.persons}
    for partner in run.missing("partners", run.folder.partners):
        place = f"Der Kontakt {partner.id}"
        person_id = run.maybe("persons", partner.contact, place)
        person = people[partner.contact] if partner.contact else partner
        known_on = partner.source_on or run.actor.today
        added = await row(
            run.db,
            """
            insert into partner (reference, kind, organisation, authority_id, person_id, audience_level, subscribed,
                name, function, email, phone, address, municipality, ags, topics, source, source_on, unsubscribed_on)
            values ($1, $2, $3, $4, (select id from person where id = $5 and letters_only), $6, $7, $8, $9, $10, $11, $12,
                $13, $14, $15, $16, $17, case when not $7 then $18::date end) returning id
            """,
            partner.id,
            partner.kind,
            partner.organisation,
            run.find("authorities", partner.district, place),
            person_id,
            partner.audience,
            partner.subscribed,
            person.name,
            person.function,
            person.email,
            person.phone,
            partner.address,
            partner.municipality,
            partner.ags,
            partner.topics,
            partner.source,
            known_on,
            partner.unsubscribed_on or known_on,
        )
        run.add("partners", partner.id, added["id"])
        await network.link_people(run.db, [added["id"]])
        await contacts.index(run.db, [added["id"]])


def holders(run: Run, role: str) -> list[Person]:
    """The folder's active people with a role, in its order."""
    return [person for person in run.folder.persons if person.active and role in person.roles]


def office(run: Run) -> Person:
    """Who runs the circle's office. Raises LocalError when the folder names nobody."""
    if found := holders(run, "circle_office"):
        return found[0]
    raise LocalError("In persons.json hat niemand die Rolle circle_office.")
