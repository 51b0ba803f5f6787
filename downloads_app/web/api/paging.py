"""Lists in REST: their query arguments, and the page that is shown."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask_smorest.pagination import PaginationParameters
from marshmallow import fields, validate

from downloads_app.errors import InvalidInput
from downloads_app.services.pages import Page, Wanted
from downloads_app.web.api.schemas import InputSchema

MAX_PAGE_SIZE = 100
MAX_FILES_A_PAGE = 1000
MAX_CURSOR_LENGTH = 500
T = TypeVar("T")


class ListQuery(InputSchema):
    """What any list may be asked for, beside `page` and `page_size`."""

    id = fields.List(fields.UUID(), load_default=list, metadata={"description": "only these; may be repeated"})
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, MAX_CURSOR_LENGTH),
        metadata={"description": "`next_cursor` of the page before, instead of `page`; the filters stay the same"},
    )


def sort_field(default: str, *columns: str) -> fields.String:
    """Return the `sort` argument: a column's name, with a minus before it for descending order."""
    choices = [sign + column for column in columns for sign in ("", "-")]
    return fields.String(load_default=default, validate=validate.OneOf(choices))


def read_wanted(arguments: dict[str, Any], numbers: PaginationParameters) -> Wanted:
    """Return the requested page. Raises InvalidInput if there are both a cursor and a page number."""
    if arguments["cursor"] is not None and numbers.page != 1:
        raise InvalidInput("Give either cursor or page", {"cursor": "beside a page"})
    return Wanted(arguments["sort"], numbers.page, numbers.page_size, arguments["cursor"])


def read_ids(arguments: dict[str, Any]) -> list[str]:
    """Return the requested ids. An empty list means all."""
    return [str(wanted) for wanted in arguments["id"]]


def show(page: Page[T], numbers: PaginationParameters) -> Sequence[T]:
    """Return a page's rows, and store the values for `X-Pagination`."""
    numbers.item_count, numbers.shown = page.total, page
    return page.rows


def cut(rows: Sequence[T], numbers: PaginationParameters) -> list[T]:
    """Return the page of a list that is here as a whole, and store the values for `X-Pagination`."""
    numbers.item_count = len(rows)
    return list(rows[numbers.first_item : numbers.last_item + 1])  # Flask takes a tuple for body and status
