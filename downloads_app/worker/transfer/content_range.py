"""Reads the header `Content-Range` (RFC 9110, section 14.4), also in the inexact forms that servers send."""

import re
from dataclasses import dataclass

from downloads_app.sources.answers import AnswerHead, read_count

_UNIT = r"\s*(?:bytes)?\s*[=:]?\s*"
_SATISFIED = re.compile(rf"{_UNIT}(\d{{1,19}})\s*-\s*(\d{{1,19}})\s*/\s*(\d{{1,19}}|\*)\s*", re.IGNORECASE)
_UNSATISFIED = re.compile(rf"{_UNIT}\*\s*/\s*(\d{{1,19}})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ContentRange:
    """Which bytes of the file a body holds: from `start` up to, but not including, `end`."""

    start: int
    end: int
    total_bytes: int | None
    """The file's size; None if the server does not know it (`*`)."""

    def __str__(self) -> str:
        return f"{self.start}-{self.end - 1}/{'*' if self.total_bytes is None else self.total_bytes}"

    @property
    def length_bytes(self) -> int:
        return self.end - self.start


def read_content_range(head: AnswerHead) -> ContentRange | None:
    """Return which bytes follow; None if the head does not say so, or says something impossible."""
    told = head.headers.get("content-range")
    match = _SATISFIED.fullmatch(told) if told else None
    if match is None:
        return None
    first, last, total = int(match[1]), int(match[2]), read_count(match[3])
    if last < first or (total is not None and last >= total):
        return None
    return ContentRange(first, last + 1, total)


def read_refused_total(head: AnswerHead) -> int | None:
    """Return the file's size in bytes from an answer that refuses a range (`*/N`), or None."""
    match = _UNSATISFIED.fullmatch(head.headers.get("content-range", ""))
    return int(match[1]) if match else None
