"""How every list of the REST resources is paged (`X-Pagination` carries the total), filtered and sorted."""

from typing import Any, TypeVar

from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, func, select

from downloads_app.extensions import db
from downloads_app.web.api.schemas import InputSchema

MAX_PAGE_SIZE = 100
T = TypeVar("T")


class ListQuery(InputSchema):
    """What any list may be asked for, beside `page` and `page_size`."""

    id = fields.List(fields.UUID(), load_default=list, metadata={"description": "only these; may be repeated"})


def sort_field(default: str, *columns: str) -> fields.String:
    """Return the `sort` argument: a column's name, with a minus in front for the largest first."""
    choices = [sign + column for column in columns for sign in ("", "-")]
    return fields.String(load_default=default, validate=validate.OneOf(choices))


def fetch_page(
    model: type[T], arguments: dict[str, Any], conditions: list[ColumnElement[bool]], page: PaginationParameters
) -> list[T]:
    """Return the rows of one page and tell flask-smorest how many there are in all."""
    columns: Any = model
    if arguments["id"]:
        conditions = [*conditions, columns.id.in_([str(wanted) for wanted in arguments["id"]])]
    page.item_count = db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0
    query = select(model).where(*conditions).order_by(*_order(columns, arguments["sort"]))
    return list(db.session.scalars(query.limit(page.page_size).offset(page.first_item)))


def _order(columns: Any, sort: str) -> list[Any]:
    """Order by one column, then by id, so that pages neither overlap nor miss a row."""
    keys = [getattr(columns, sort.removeprefix("-")), columns.id]
    return [key.desc() if sort.startswith("-") else key.asc() for key in keys]
