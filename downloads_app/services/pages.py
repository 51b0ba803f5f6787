"""One page of a long list: by its number or after a cursor, without counting or reading what is not shown."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, null, select, tuple_, union_all
from sqlalchemy.orm.interfaces import ORMOption

from downloads_app.errors import InvalidInput
from downloads_app.extensions import db
from downloads_app.models.columns import UNSTORABLE, UtcDateTime

MAX_COUNTED = 10_000
"""Totals are counted up to this; for a longer list the answer says that there are at least so many rows."""
MAX_SKIPPED = 100_000
"""Rows before a page that is asked for by its number: the database reads their keys. After a cursor it reads none."""
MAX_NUMBER = 1 << 63
BATCH = 500
"""Rows a statement: well below the parameters that either database takes at once."""
_FAULT = {"cursor": "not one of this list"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of a list: `sort` is a column's name, with a minus in front for the largest first."""

    sort: str
    page: int = 1
    page_size: int = 50
    cursor: str | None = None
    """The end of the previous page; used instead of `page`."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and how many the whole list has."""

    rows: Sequence[T]
    total: int
    total_is_minimum: bool = False
    next_cursor: str | None = None
    """Where the next page begins; None at the end."""
    is_after_cursor: bool = False
    """Whether it has no number."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What all rows of a list have in common: values by column name, and other conditions."""

    equal: Mapping[str, Any] = field(default_factory=dict)
    one_of: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Values by column name, of which a row has one; a column without values may have any."""
    conditions: Sequence[ColumnElement[bool]] = ()
    scope: Sequence[str] = ()
    """Names `conditions`, `found` and `either` for cursors: who asks, what they search."""
    found: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Like `one_of`, but what was found just now. A cursor is good also if more is found for the next page."""
    either: Sequence[ColumnElement[bool]] = ()
    """Conditions of which exactly one holds for each row; each can be read from an index of its own."""

    @property
    def choices(self) -> dict[str, Sequence[Any]]:
        """`one_of` without the columns that may have any value."""
        return {name: values for name, values in self.one_of.items() if values}

    def digest(self, sort: str) -> str:
        """Return what a cursor is bound to."""
        named = [sort, sorted(self.equal.items()), sorted((k, sorted(v)) for k, v in self.choices.items()), *self.scope]
        return hashlib.sha256(json.dumps(named, default=str).encode()).hexdigest()[:16]


def fetch(model: type[T], wanted: Wanted, having: Filter, options: Sequence[ORMOption] = ()) -> Page[T]:
    """Return a page of the rows of `model`; raises InvalidInput for a cursor of another list, or a page too far away.

    Of the rows before the page only the keys are read, from an index. Whole rows are read for the page alone.
    """
    table: Any = model
    name = wanted.sort.removeprefix("-")
    column, is_descending = getattr(table, name), wanted.sort.startswith("-")
    branches = _branches(table, having)
    parts: list[ColumnElement[bool] | None] = [None]
    if wanted.cursor is not None:
        position = _read_cursor(wanted.cursor, having.digest(wanted.sort), column)
        parts = _after(position, column, table.id, is_descending)
    skip = 0 if wanted.cursor is not None else (wanted.page - 1) * wanted.page_size
    counted = _count(branches) if skip > MAX_SKIPPED else None
    if counted is not None:
        return _too_far(*counted)
    ids: list[str] = []
    for part in parts:
        missing = wanted.page_size + 1 - len(ids)
        if missing > 0:
            keys = _keys(branches, part, (column, table.id), is_descending, skip, missing)
            found = db.session.execute(keys.add_columns(_total_of(branches))).all()
            ids += [key for key, _ in found]
            counted = _judge(found[0][1]) if found else counted
    shown = ids[: wanted.page_size]
    rows = _read(table, shown, options)
    has_more = len(ids) > len(shown) and bool(rows)
    cursor = _make_cursor(having.digest(wanted.sort), getattr(rows[-1], name), rows[-1].id) if has_more else None
    return Page(rows, *(counted or _count(branches)), cursor, wanted.cursor is not None)


def _too_far(total: int, is_minimum: bool) -> Page[Any]:
    """Return the empty page behind the end of a list; raises InvalidInput if it would take long to find that end."""
    if is_minimum:
        limit = f"at most {MAX_SKIPPED:,} rows can be skipped"
        raise InvalidInput(f"This page is too far away: {limit}. Use `cursor`", {"page": limit})
    return Page([], total)


def _branches(table: Any, having: Filter) -> list[Select[Any]]:
    """Return the list as selects that each read one index in order: one for each of several values of a column.

    Where `found` has some, other columns do not make still more of them.
    """
    conditions = [getattr(table, name) == value for name, value in having.equal.items()]
    alternatives: list[list[ColumnElement[bool]]] = [[one] for one in having.either] or [[]]
    for name, values in {**having.found, **having.choices}.items():
        if name == "id" or (having.found and name not in having.found):
            conditions.append(getattr(table, name).in_(list(values)))
        else:
            alternatives = [[*one, getattr(table, name) == value] for one in alternatives for value in set(values)]
    return [select(table.id).where(*conditions, *having.conditions, *one) for one in alternatives]


def _keys(
    branches: list[Select[Any]],
    part: ColumnElement[bool] | None,
    keys: tuple[Any, Any],
    is_descending: bool,
    skip: int,
    amount: int,
) -> Select[Any]:
    """Return the select of the ids in their order; of several branches each gives no more than could be shown."""
    selects = [branch if part is None else branch.where(part) for branch in branches]
    if len(selects) == 1:
        return selects[0].order_by(*_order(keys, is_descending)).offset(skip).limit(amount)
    limited = [
        one.add_columns(keys[0].label("sort_key")).order_by(*_order(keys, is_descending)).limit(skip + amount)
        for one in selects
    ]
    every = union_all(*(select(one.subquery()) for one in limited)).subquery()
    ordered = select(every.c.id).order_by(*_order((every.c.sort_key, every.c.id), is_descending))
    return ordered.offset(skip).limit(amount)


def _order(keys: Sequence[Any], is_descending: bool) -> list[Any]:
    """Order by one column, then by id, so that pages neither overlap nor miss a row."""
    return [key.desc() if is_descending else key.asc() for key in keys]


def _read(table: Any, ids: list[str], options: Sequence[ORMOption]) -> list[Any]:
    """Return the rows of these ids in the order of the ids; one that has just been deleted is left out."""
    found: dict[str, Any] = {}
    for at in range(0, len(ids), BATCH):
        rows = db.session.scalars(select(table).where(table.id.in_(ids[at : at + BATCH])).options(*options))
        found |= {row.id: row for row in rows}
    return [found[key] for key in ids if key in found]


def _total_of(branches: list[Select[Any]]) -> Any:
    """Return the expression of how many rows there are; no branch is counted beyond MAX_COUNTED."""
    limited = [branch.limit(MAX_COUNTED + 1).subquery() for branch in branches]
    return sum((select(func.count()).select_from(one).scalar_subquery() for one in limited), literal(0))


def _count(branches: list[Select[Any]]) -> tuple[int, bool]:
    """Return how many rows there are, and whether there are more than that."""
    return _judge(db.session.scalar(select(_total_of(branches))) or 0)


def _judge(total: int) -> tuple[int, bool]:
    return min(total, MAX_COUNTED), total > MAX_COUNTED


def _after(position: tuple[Any, str], column: Any, key: Any, is_descending: bool) -> list[ColumnElement[bool] | None]:
    """Return, in their order, the parts of the list behind a position: each can be read from an index.

    Where a column is unknown (NULL) comes last when it ascends in PostgreSQL, first in SQLite.
    """
    value, last_id = position
    here, there = tuple_(column, key), tuple_(value, last_id)
    known = here < there if is_descending else here > there
    if not column.property.columns[0].nullable:
        return [known]
    unknown_comes_last = (db.engine.dialect.name == "postgresql") != is_descending
    unknown = column.is_(null())
    if value is None:
        rest = and_(unknown, key < last_id if is_descending else key > last_id)
        return [rest] if unknown_comes_last else [rest, column.is_not(null())]
    return [known, unknown] if unknown_comes_last else [known]


def _make_cursor(digest: str, value: Any, row_id: str) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([digest, plain, row_id]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str, digest: str, column: Any) -> tuple[Any, str]:
    """Return the sort key's value and the id at which a page ended; raises InvalidInput."""
    try:
        content = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        bound_to, value, row_id = content
        if bound_to == digest:
            return _typed(value, column), str(UUID(row_id))
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        raise InvalidInput("This cursor was not given by us", _FAULT) from exc
    raise InvalidInput("This cursor belongs to a list with other filters", _FAULT)


def _typed(value: Any, column: Any) -> Any:
    """Return a cursor's value as the column has it; raises ValueError or TypeError for another kind of value."""
    definition = column.property.columns[0]
    if value is None and definition.nullable:
        return None
    if isinstance(definition.type, UtcDateTime):
        return datetime.fromisoformat(value)
    kind = definition.type.python_type
    if type(value) is not kind or (kind is int and not -MAX_NUMBER <= value < MAX_NUMBER):
        raise ValueError("not of the column's kind")
    if kind is str and UNSTORABLE.search(value):
        raise ValueError("no text")
    return value
