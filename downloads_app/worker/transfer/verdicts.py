"""Whether an answer is the one that was asked for: status, range, size, kind of content."""

import re
from dataclasses import dataclass

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.answers import AnswerHead, explain_status, read_count
from downloads_app.sources.hub.refusals import explain_hub_refusal

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)$")
_PAGE_SUFFIXES = {".html", ".htm", ".xhtml", ".shtml"}
_TEXT_SUFFIXES = _PAGE_SUFFIXES | {"", ".md", ".txt", ".xml", ".svg", ".php", ".jsp", ".rst", ".ipynb"}
_PACKED_SUFFIXES = {".gz", ".tgz", ".svgz", ".z", ".zst", ".br"}
_PAGE_START = re.compile(rb"\s*(<!doctype html|<html)", re.IGNORECASE)


class ContentChanged(Exception):
    """The server holds something else than when the file was begun."""


class RangesIgnored(Exception):
    """The server answered a request for a range with the whole file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted answer: the bytes that follow, the whole file's size, what names its content."""

    end: int | None
    """Where the body ends in the file; None: not announced."""
    total_bytes: int | None
    identity: str
    is_partial: bool


def judge(
    head: AnswerHead, file: RemoteFile, start: int, end: int, *, known_total: int | None, identity: str
) -> Answer:
    """Accept the answer to a request for bytes `start` to `end`, or raise what is wrong with it.

    `known_total` and `identity` are what earlier answers said ("" for nothing yet). Raises SourceError,
    ContentChanged or RangesIgnored.
    """
    if head.status == 416:
        raise ContentChanged
    if head.status not in (200, 203, 206):
        raise explain_hub_refusal(file.path, head, size_bytes=file.size_bytes) or explain_status(file.path, head)
    _refuse_page(head, file)
    answer = _read_partial(head, file, start, end) if head.status == 206 else _read_whole(head, file)
    if file.size_bytes is not None and answer.total_bytes not in (None, file.size_bytes):
        raise SourceError(
            f"{file.path}: {file.size_bytes} bytes are expected, the server has {answer.total_bytes}",
            permanent=True,
        )
    if known_total is not None and answer.total_bytes not in (None, known_total):
        raise ContentChanged
    if identity and answer.identity != identity and file.sha256 is None:
        raise ContentChanged
    if not answer.is_partial and start > 0:
        raise RangesIgnored
    return answer


def identify(head: AnswerHead, total_bytes: int | None) -> str:
    """Name the content of an answer: strong ETag, else size and date, else the size, which tells little."""
    etag = head.headers.get("etag", "")
    modified = head.headers.get("last-modified")
    if etag.startswith('"'):
        return f"etag:{etag}"
    if modified:
        return f"modified:{total_bytes}:{modified}"
    return f"size:{total_bytes}"


def refuse_content(file: RemoteFile, first_bytes: bytes) -> None:
    """Raise a permanent SourceError where the first bytes cannot be those of such a file."""
    suffix = _suffix_of(file.path)
    if suffix == ".gguf" and not first_bytes.startswith(b"GGUF"):
        raise SourceError(f"{file.path}: it does not begin as a GGUF file does", permanent=True)
    if suffix not in _TEXT_SUFFIXES and _PAGE_START.match(first_bytes):
        raise _page_error(file)


def _suffix_of(path: str) -> str:
    stem, dot, suffix = path.rpartition("/")[2].rpartition(".")
    return dot + suffix.lower() if stem else ""


def _refuse_page(head: AnswerHead, file: RemoteFile) -> None:
    kind = head.headers.get("content-type", "").lower()
    if kind.startswith("text/html") and _suffix_of(file.path) not in _PAGE_SUFFIXES:
        raise _page_error(file)


def _page_error(file: RemoteFile) -> SourceError:
    return SourceError(f"{file.path}: the server sent an HTML page instead of the file", permanent=True)


def _read_partial(head: AnswerHead, file: RemoteFile, start: int, end: int) -> Answer:
    match = _CONTENT_RANGE.match(head.headers.get("content-range", ""))
    if match is None:
        raise SourceError(f"{file.path}: the server's partial answer does not say of what", permanent=True)
    first, last, total = int(match[1]), int(match[2]), read_count(match[3])
    if first != start or not first <= last < end or (total is not None and last >= total):
        raise SourceError(f"{file.path}: asked for bytes {start}-{end - 1}, the server sent {match[0]}", permanent=True)
    return Answer(last + 1, total, identify(head, total), is_partial=True)


def _read_whole(head: AnswerHead, file: RemoteFile) -> Answer:
    total = head.length_bytes
    if head.is_encoded:
        packed = _suffix_of(file.path) in _PACKED_SUFFIXES
        if not packed and (total is None or total != file.size_bytes):
            raise SourceError(f"{file.path}: the server sent it encoded, unasked", permanent=True)
    return Answer(total, total, identify(head, total), is_partial=False)
