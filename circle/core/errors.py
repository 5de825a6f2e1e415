"""Everything that can be refused, and how it is said: RFC 9457 for programs, a German page for people.

`code` is stable English for programs, `title` and `detail` are German for people. docs/errors.md lists all codes.
"""

import re
from typing import Any

import asyncpg


class CircleError(Exception):
    """A refusal with its HTTP status, stable code and German title; `detail` says what to do.

    `fields` maps a field's name to the German text that belongs beside it; `me` is the caller's card for the head of
    an error page; `extra` goes into the problem as it is.
    """

    status = 400
    code = "invalid"
    title = "Die Eingabe ist nicht gültig."

    def __init__(
        self,
        detail: str = "",
        *,
        code: str = "",
        fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        me: bytes = b"",
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.code = code or type(self).code
        self.fields = fields or {}
        self.headers = headers or {}
        self.me = me
        self.extra = extra

    def problem(self) -> dict[str, Any]:
        """The body of an `application/problem+json` answer (RFC 9457)."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail or self.title,
        }
        if self.fields:
            body["errors"] = [{"field": name, "detail": text} for name, text in self.fields.items()]
        return body | self.extra


class Invalid(CircleError):
    """Input that cannot be taken: 400 for programs, 422 for a form."""


class NotSignedIn(CircleError):
    status, code, title = 401, "not_signed_in", "Bitte melden Sie sich an."


class SignInAgain(CircleError):
    status, code, title = 401, "sign_in_again", "Bitte melden Sie sich erneut an."


class Forbidden(CircleError):
    status, code, title = 403, "forbidden", "Dazu sind Sie nicht berechtigt."


class NotFound(CircleError):
    """Unknown, or not for the caller: both look the same."""

    status, code, title = 404, "not_found", "Das gibt es hier nicht, oder es ist nicht für Sie bestimmt."


class Gone(CircleError):
    """It was there for whoever asks, and is no more."""

    status, code, title = 410, "gone", "Das gibt es nicht mehr."


class Conflict(CircleError):
    """The thing is in a state that does not allow this."""

    status, code, title = 409, "wrong_state", "Das geht im jetzigen Stand nicht."


class Stale(CircleError):
    """Somebody changed it meanwhile; `current` carries the present state."""

    status, code, title = 412, "stale", "Inzwischen wurde das geändert. Bitte den neuen Stand ansehen."


class TooLarge(CircleError):
    status, code, title = 413, "too_large", "Das ist zu groß."


class KeyReused(CircleError):
    status, code, title = 422, "key_reused", "Dieser Idempotency-Key gehört zu einer anderen Anfrage."


class MatchRequired(CircleError):
    status, code, title = 428, "if_match_required", "Zum Ändern gehört die Kopfzeile If-Match mit dem Stand."


class TooMany(CircleError):
    status, code, title = 429, "too_many_tries", "Zu viele Versuche. Bitte warten Sie etwas."


class Unavailable(CircleError):
    status, code, title = (
        503,
        "unavailable",
        "Der Dienst ist gerade nicht erreichbar. Bitte gleich noch einmal.",
    )


# Constraint → what a person is told when a race or an odd input meets it. A race is a 409, never a 500.
CONSTRAINTS: dict[str, tuple[type[CircleError], str, str]] = {
    "person_email_unique": (Conflict, "email_taken", "Diese E-Mail-Adresse gibt es schon."),
    "person_letters_email_unique": (Conflict, "email_taken", "Diese E-Mail-Adresse gibt es schon."),
    "role_grant_no_overlap": (Conflict, "role_held", "Diese Rolle hat die Person in dieser Zeit schon."),
    "role_grant_period_ordered": (Invalid, "invalid", "Das Ende liegt vor dem Beginn."),
    "appointment_no_overlap": (Conflict, "appointment_overlap", "In dieser Zeit ist das Haus schon besetzt."),
    "appointment_period_ordered": (Invalid, "invalid", "Das Ende liegt vor dem Beginn."),
    "absence_no_overlap": (
        Conflict,
        "absence_overlap",
        "In dieser Zeit ist schon eine Abwesenheit eingetragen.",
    ),
    "absence_period_ordered": (Invalid, "invalid", "Das Ende liegt vor dem Beginn."),
    "absence_own_deputy": (Invalid, "invalid", "Niemand vertritt sich selbst."),
    "responsible_ministry_day_unique": (
        Conflict,
        "ministry_exists",
        "Für diesen Tag ist schon ein Ministerium eingetragen.",
    ),
    "delivery_once_per_person": (Conflict, "already_delivered", "Diese Person steht schon im Versand."),
    "procedure_version_unique": (
        Conflict,
        "procedure_exists",
        "Eben ist eine andere Fassung eingetragen worden.",
    ),
    "procedure_day_unique": (Conflict, "procedure_exists", "Ab diesem Tag gilt schon eine andere Fassung."),
    "procedure_days_ordered": (Invalid, "invalid", "Eine Fassung gilt nicht vor ihrem Beschluss."),
    "date_poll_date_times_ordered": (Invalid, "invalid", "Das Ende muss nach dem Beginn liegen."),
    "meeting_times_ordered": (Invalid, "invalid", "Das Ende muss nach dem Beginn liegen."),
    "agenda_item_order_unique": (
        Conflict,
        "order_taken",
        "Diese Stelle der Tagesordnung ist belegt. Bitte neu laden.",
    ),
    "consultation_author_is_not_reviewer": (
        Conflict,
        "same_person",
        "Verfasst und geprüft wird von zwei Personen.",
    ),
    "consultation_urgent_has_reason": (Invalid, "invalid", "Eine eilige Anfrage braucht einen Grund."),
    "clarification_one_open": (Conflict, "clarification_open", "Es ist schon eine Rückfrage offen."),
    "minutes_once_per_meeting": (
        Conflict,
        "minutes_exist",
        "Zu dieser Sitzung gibt es schon eine Niederschrift.",
    ),
    "department_number_unique": (
        Conflict,
        "department_exists",
        "Einen Fachbereich mit dieser Nummer gibt es in Ihrem Haus schon.",
    ),
    "co_signature_step_unique": (Conflict, "order_taken", "Dieser Schritt ist belegt. Bitte neu laden."),
    "participation_days_ordered": (Invalid, "invalid", "Die Antwort ist nicht vor der Anfrage fällig."),
    "expert_involvement_once": (Conflict, "already_involved", "Diese Person ist schon hinzugezogen."),
    "expert_involvement_period_ordered": (Invalid, "invalid", "Höchstens ein Jahr, und nicht rückwirkend."),
    "presence_once": (
        Conflict,
        "already_there",
        "Diese Person ist in dieser Zeit schon als anwesend eingetragen.",
    ),
    "presence_one_voice": (
        Conflict,
        "voice_taken",
        "In dieser Zeit führt schon jemand anderes die Stimme dieses Hauses.",
    ),
    "presence_times_ordered": (Invalid, "invalid", "Niemand geht, bevor er kommt."),
    "item_call_one_open": (
        Conflict,
        "item_open",
        "Eben ist ein anderer Punkt aufgerufen worden. Bitte neu laden.",
    ),
    "agenda_content_extra_sane": (Invalid, "invalid", "Mehr als 600 Minuten bekommt kein Punkt dazu."),
    "speech_request_one_waiting": (
        Conflict,
        "already_waiting",
        "Diese Wortmeldung steht schon auf der Liste.",
    ),
    "speech_request_one_speaker": (Conflict, "busy", "Eben hat jemand anderes das Wort bekommen."),
    "ballot_one_open": (Conflict, "ballot_open", "Zu diesem Punkt läuft schon eine Abstimmung."),
    "ballot_settled": (
        Conflict,
        "ballot_open",
        "Es läuft noch eine Abstimmung. Bitte schließen Sie sie oder brechen Sie sie ab.",
    ),
    "ballot_within_voices": (
        Invalid,
        "too_many_votes",
        "Gezählt sind mehr Stimmen, als Häuser mit Stimme im Raum sind.",
    ),
    "written_once": (Conflict, "written_once", "Das ist festgeschrieben und wird nicht mehr geändert."),
}


# The server went away or is full. Whether a commit on its way arrived, nobody knows.
LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


def from_database(error: asyncpg.PostgresError) -> CircleError | None:
    """The refusal behind a database error, or None when it is a fault of ours."""
    name = getattr(error, "constraint_name", None) or ""
    if name in CONSTRAINTS:
        kind, code, detail = CONSTRAINTS[name]
        return kind(detail, code=code)
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return Invalid("Ein Verweis zeigt auf etwas, das es nicht gibt.", code="unknown_reference")
    if isinstance(error, asyncpg.UniqueViolationError):
        return Conflict("Das gibt es schon.", code="exists")
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return Invalid(code="invalid")
    if isinstance(error, asyncpg.DataError):
        return Invalid("Ein Wert ist so nicht möglich.")
    if isinstance(
        error, asyncpg.DeadlockDetectedError | asyncpg.LockNotAvailableError | asyncpg.SerializationError
    ):
        return Conflict("Jemand arbeitet gerade daran. Bitte noch einmal.", code="busy")
    if isinstance(error, asyncpg.QueryCanceledError):
        return Unavailable("Das hat zu lange gedauert. Bitte noch einmal.")
    if isinstance(error, LOST):
        return Unavailable()
    return None


# msgspec's English, in German and without jargon. The first pattern that fits wins.
GERMAN: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), german)
    for pattern, german in [
        (r"missing required field `(.+?)`", "Diese Angabe fehlt."),
        (r"contains unknown field `(.+?)`", "Dieses Feld gibt es nicht."),
        (r"`str` of length >= 1", "Bitte ausfüllen."),
        (r"`str` of length <= (\d+)", "Höchstens {0} Zeichen."),
        (r"`str` of length >= (\d+)", "Mindestens {0} Zeichen."),
        (r"`(?:array|list)` of length <= (\d+)", "Höchstens {0} Einträge."),
        (r"`(?:array|list)` of length >= (\d+)", "Mindestens {0} Einträge."),
        (r"`int` <= (-?\d+)", "Höchstens {0}."),
        (r"`int` >= (-?\d+)", "Mindestens {0}."),
        (r"matching regex '.*\]\+@\[", "Bitte die vollständige E-Mail-Adresse eingeben."),
        (
            r"matching regex",
            "Zeilenumbrüche und Steuerzeichen sind hier nicht erlaubt, leer darf es nicht sein.",
        ),
        (r"date out of bounds", "Das Datum liegt nicht zwischen dem 01.01.1990 und dem 31.12.2199."),
        (r"RFC3339 encoded date", "Dieses Datum gibt es nicht. Erwartet wird JJJJ-MM-TT."),
        (r"RFC3339 encoded time", "Diese Uhrzeit gibt es nicht. Erwartet wird HH:MM."),
        (r"day is out of range|month must be", "Dieses Datum gibt es nicht."),
        (r"Invalid enum value|Expected `Literal", "Bitte einen der vorgesehenen Werte wählen."),
        (r"Invalid UUID", "Das ist keine gültige Kennung."),
        (r"Expected `int`", "Hier wird eine ganze Zahl erwartet."),
        (r"Expected `bool`", "Hier wird ja oder nein erwartet."),
        (r"Expected `date", "Hier wird ein Datum erwartet (JJJJ-MM-TT)."),
        (r"Expected `time", "Hier wird eine Uhrzeit erwartet (HH:MM)."),
        (r"Expected `array`", "Hier wird eine Liste erwartet."),
        (r"Expected `object`", "Hier wird ein Objekt erwartet."),
        (r"Expected `str`", "Hier wird Text erwartet."),
        (r"malformed|truncated|utf-8|surrogate|trailing|EOF", "Das ist kein gültiges JSON."),
    ]
]


def german(message: str) -> str:
    """msgspec's message about one value, as a German sentence."""
    for pattern, text in GERMAN:
        if found := pattern.search(message):
            return text.format(*found.groups())
    return "Dieser Wert ist nicht gültig."


def dotted(path: str) -> str:
    """`items[0].title`, as msgspec writes a place in a list, as `items.0.title`."""
    return re.sub(r"\[(\d*|\.\.\.)\]", r".\1", path).strip(".")


def field_of(message: str) -> str:
    """The field a msgspec message is about: `... - at `$.items[0].title`` → `items.0.title`."""
    named = re.search(r"(?:missing required|unknown) field `(.+?)`", message)
    path = re.search(r"at `\$\.?(.*?)`", message)
    parts = dotted(path.group(1)) if path else ""
    return ".".join(part for part in (parts, named.group(1) if named else "") if part)
