"""Reads a hub's answer to a search for models."""

import re
from typing import Any

from downloads_app.errors import SourceError
from downloads_app.sources import FoundRepository
from downloads_app.sources.documents import parse_json
from downloads_app.sources.hub.tree import NO_HUB

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z")
_LICENCE_TAG = "license:"
MAX_NAME_CHARACTERS = 200


def read_found(body: bytes, limit: int) -> list[FoundRepository]:
    """Read the answer of `/api/models?search=`. Raises a permanent SourceError if it is not a hub's."""
    rows = parse_json(body, "The provider's answer")
    if not isinstance(rows, list):
        raise SourceError(NO_HUB, permanent=True)
    return [_read_row(row) for row in rows[:limit] if isinstance(row, dict) and _is_name(row.get("id"))]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_NAME_CHARACTERS and value.isprintable()


def _read_row(row: dict[str, Any]) -> FoundRepository:
    changed, gated = _TIME.fullmatch(str(row.get("lastModified", ""))), row.get("gated")
    return FoundRepository(
        name=row["id"],
        downloads=_read_count(row.get("downloads")),
        likes=_read_count(row.get("likes")),
        updated_at=f"{changed[1]}Z" if changed else None,
        is_gated=None if gated is None else bool(gated),
        licence=_find_licence(row.get("tags")),
    )


def _read_count(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    return None


def _find_licence(tags: object) -> str | None:
    found = (tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    return next((tag.removeprefix(_LICENCE_TAG)[:80] for tag in found if tag.startswith(_LICENCE_TAG)), None)
