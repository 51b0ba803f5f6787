"""The query arguments of every REST list, and the content of `X-Pagination`."""

from collections.abc import Sequence
from typing import Any, TypeVar

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, fields, validate

from downloads_app.errors import InvalidInput
from downloads_app.services.pages import Page, Wanted
from downloads_app.web.api.schemas import InputSchema

MAX_PAGE_SIZE = 100
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


class PaginationSchema(Schema):
    """What `X-Pagination` says; with a cursor no number of a page."""

    total = fields.Integer()
    total_is_minimum = fields.Boolean(metadata={"description": "there are more; they are not counted to the end"})
    next_cursor = fields.String(metadata={"description": "none on the last page"})
    total_pages = fields.Integer()
    first_page = fields.Integer()
    last_page = fields.Integer()
    page = fields.Integer()
    previous_page = fields.Integer()
    next_page = fields.Integer()


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


def describe(numbers: PaginationParameters) -> dict[str, Any]:
    """Return the content of `X-Pagination` for a page."""
    page: Page[Any] | None = getattr(numbers, "shown", None)
    total, size = numbers.item_count, numbers.page_size
    said: dict[str, Any] = {"total": total}
    if page is not None and page.next_cursor:
        said["next_cursor"] = page.next_cursor
    has_next = numbers.page * size < total or (page is not None and page.next_cursor is not None)
    if page is not None and page.total_is_minimum:
        said |= {"total_is_minimum": True, "first_page": 1}
    else:
        said["total_pages"] = -(-total // size)
        if total:
            said |= {"first_page": 1, "last_page": said["total_pages"]}
    if page is None or not page.is_after_cursor:
        has_rows = numbers.first_item < total or bool(page and page.rows)
        said |= _describe_number(numbers.page, has_next, has_rows)
    return said


def _describe_number(number: int, has_next: bool, has_rows: bool) -> dict[str, int]:
    said = {"page": number} if has_rows else {}
    if has_rows and number > 1:
        said["previous_page"] = number - 1
    if has_next:
        said["next_page"] = number + 1
    return said
