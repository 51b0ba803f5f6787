"""What `X-Pagination` says of a list's page."""

from typing import Any

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, fields

from downloads_app.services.pages import Page


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
