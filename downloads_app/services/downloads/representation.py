"""A download as it is shown: its columns, listed once; as a dict, and as JSON text.

The statement that reads changes (services/live/changes.py), the stream's events, the schema of REST and the JSON of the
commands are made from these lists. The keys and their order are fixed from outside.
"""

import enum
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

from sqlalchemy import Integer, Text

from downloads_app.models import Download
from downloads_app.models.columns import UtcDateTime

PROGRESS_COLUMNS = (
    "current_bytes",
    "total_bytes",
    "current_file",
    "total_files",
    "files_completed",
    "download_speed",
    "eta_seconds",
)
PROGRESS_KEY = "progress_data"
"""The key whose value holds the columns of progress."""
KEYS = (
    "id",
    "user_id",
    "provider_id",
    "repository_id",
    "status",
    PROGRESS_KEY,
    "started_at",
    "created_at",
    "updated_at",
)
_AT = KEYS.index(PROGRESS_KEY)
COLUMNS = (*KEYS[:_AT], *PROGRESS_COLUMNS, *KEYS[_AT + 1 :])

Encoder = Callable[[Sequence[Any]], bytes]
values_of = attrgetter(*COLUMNS)
"""Returns the values of a row in the order of COLUMNS, which `encode` takes."""
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class Kind(enum.Enum):
    """The kind of a column's values, as far as JSON needs it."""

    WORD = enum.auto()  # text without a character that JSON escapes: ids and statuses
    TEXT = enum.auto()
    NUMBER = enum.auto()
    TIME = enum.auto()


def kind_of(column: str) -> Kind:
    """Return what one of COLUMNS holds."""
    held = Download.__table__.c[column].type
    for kind, types in ((Kind.TIME, UtcDateTime), (Kind.NUMBER, Integer), (Kind.TEXT, Text)):
        if isinstance(held, types):
            return kind
    return Kind.WORD


def can_be_null(column: str) -> bool:
    """Whether one of COLUMNS can be unknown."""
    return bool(Download.__table__.c[column].nullable)


_TIMES = frozenset(column for column in COLUMNS if kind_of(column) is Kind.TIME)


class Shown(Protocol):
    """A row that has COLUMNS as attributes: a Download, or the row of a query."""

    id: Any
    status: Any


def as_dict(row: Shown) -> dict[str, Any]:
    """Return KEYS with their values; an unknown value is None, times are text (see `format_time`)."""
    values = {
        column: format_time(value) if column in _TIMES else value
        for column, value in zip(COLUMNS, values_of(row), strict=True)
    }
    values[PROGRESS_KEY] = {column: values[column] for column in PROGRESS_COLUMNS}
    return {key: values[key] for key in KEYS}


def format_time(value: datetime | str | None) -> str | None:
    """Return a UTC time, given as a datetime or in a database's text form, to the second and with `Z`."""
    return None if value is None else _quote_time(value)[1:-1]


def _quote_time(value: datetime | str) -> str:
    text = str(value)
    return f'"{text[:10]}T{text[11:19]}Z"'


def _write_encoder() -> Encoder:
    """Write the source of a function for these columns, as `dataclasses` does, and compile it.

    Every changed row passes through it. It takes a fifth of the time of JSON's own encoder; a loop over the columns
    would take half as long again.
    """

    def template(columns: Sequence[str]) -> str:
        marks = ('"%s"' if kind_of(column) is Kind.WORD else "%s" for column in columns)
        return ",".join(f'"{column}":{mark}' for column, mark in zip(columns, marks, strict=True))

    def expression(column: str) -> str:
        call = {Kind.TEXT: "_to_json({})", Kind.TIME: "_quote_time({})"}.get(kind_of(column), "{}")
        known = call.format(column)
        return f'"null" if {column} is None else {known}' if can_be_null(column) else known

    progress = f'"{PROGRESS_KEY}":{{{template(PROGRESS_COLUMNS)}}}'
    whole = f"{{{template(KEYS[:_AT])},{progress},{template(KEYS[_AT + 1 :])}}}"
    lines = (
        "def encode(row):",
        f"    {', '.join(COLUMNS)} = row",
        f"    return ({whole!r} % ({', '.join(map(expression, COLUMNS))})).encode('ascii')",
    )
    names: dict[str, Any] = {"_to_json": _to_json, "_quote_time": _quote_time}
    # The rule fears that somebody else's text is run. This one is made of the names of COLUMNS alone, which stand in
    # this package; rows come later, as values. Written out for the columns, it takes two thirds of a loop's time.
    exec("\n".join(lines), names)  # noqa: S102 - the text is made of this package's own column names
    encoder: Encoder = names["encode"]
    return encoder


encode = _write_encoder()
"""Returns `as_dict` as JSON text, one line, of the values of a row in the order of COLUMNS (see `values_of`).

Times may be text as a database writes it.
"""
