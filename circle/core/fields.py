"""Kinds of input shared by all features: limits stand in the type, so that no door forgets them."""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

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
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
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
