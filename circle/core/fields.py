"""Kinds of input shared by all features: limits stand in the type, so that no door forgets them."""

from collections.abc import Mapping
from datetime import date
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition

from . import errors

T = TypeVar("T")

# Controls, line breaks and direction overrides: what `mail.check_subject` refuses, for lines end up in subjects.
_REFUSED = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069"
ONE_LINE = rf"^[^\x00-\x1f{_REFUSED}]*[^\x00-\x20{_REFUSED}][^\x00-\x1f{_REFUSED}]*$"

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=300, pattern=ONE_LINE)]
"""One line that is not blank and holds no control characters."""
OptionalLine = Annotated[str, msgspec.Meta(max_length=300, pattern=rf"^[^\x00-\x1f{_REFUSED}]*$")]
Text = Annotated[str, msgspec.Meta(max_length=20_000, pattern=r"^[^\x00]*$")]
"""Several lines, possibly none."""
RequiredText = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000, pattern=r"^[^\x00]*\S[^\x00]*$")]
Body = Annotated[str, msgspec.Meta(max_length=200_000, pattern=r"^[^\x00]*$")]
"""The Markdown body of a document."""
Email = Annotated[
    str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[^\s@<>\x00-\x1f]+@[^\s@<>\x00-\x1f]+$")
]
Minutes = Annotated[int, msgspec.Meta(ge=0, le=600)]
Topics = Annotated[list[Annotated[str, msgspec.Meta(max_length=60)]], msgspec.Meta(max_length=20)]

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)

if TYPE_CHECKING:
    Day = date
else:

    class _Dates(type):
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, date)

    class Day(metaclass=_Dates):
        """A date that comes in, within FIRST_DAY and LAST_DAY; what is read is a plain `date`.

        PostgreSQL knows the first and the last date of Python as infinite, and a day before or after them is no date.
        msgspec bounds no dates, so this is a type of its own that `decode` reads.
        """


class DaySchema(OpenAPISchemaPlugin):
    """Describes a Day as the date that it is."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        """True for Day alone."""
        return value is Day

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """A string with the format of a date."""
        return Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE)


def decode(kind: Any, value: Any) -> Any:
    """The hook of msgspec for the types of this module. Raises ValueError, which msgspec tells with the field."""
    if kind is not Day:
        raise TypeError(f"{kind} is not read from input")
    try:
        day = msgspec.convert(value, date)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error  # msgspec adds the field to a plain ValueError alone
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("date out of bounds")
    return day


DECODERS = [(lambda kind: kind is Day, decode)]
"""The same hook for bodies and query parameters."""


def from_form(kind: type[T], form: Mapping[str, Any]) -> T:
    """Read an HTML form into `kind`, an input Struct. Empty fields take the default where there is one.

    Raises Invalid with one German text for each wrong field, so that a person mends all at once.
    """
    wrong: dict[str, str] = {}
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):  # type: ignore[arg-type]  # every input type is a Struct
        many = get_origin(_bare(field.type)) is list
        raw = (
            form.getall(field.encode_name, [])
            if many and hasattr(form, "getall")
            else form.get(field.encode_name)
        )
        if isinstance(raw, str):
            raw = raw.replace("\r\n", "\n").strip()
        if raw in (None, "", []):
            if field.required:
                wrong[field.encode_name] = "Bitte ausfüllen."
            continue
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False, dec_hook=decode)
        except msgspec.ValidationError as error:
            wrong[field.encode_name] = errors.german(str(error))
    if wrong:
        raise errors.Invalid("Bitte prüfen Sie die markierten Felder.", fields=wrong)
    return kind(**values)


def _bare(kind: Any) -> Any:
    """`Annotated[list[str], ...] | None` → `list[str]`."""
    if get_origin(kind) in (Union, UnionType):
        return _bare(next(one for one in get_args(kind) if one is not NoneType))
    return kind.__origin__ if hasattr(kind, "__metadata__") else kind
