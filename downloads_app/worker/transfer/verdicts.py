"""Decides whether an answer is the requested one: status, encoding, range, size, content.

The rules are the same for a whole file and for a part. A strange answer to a range never fails the file: the rules
raise RangesUnusable, and the file is fetched whole.
"""

from typing import NamedTuple

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.answers import AnswerHead, explain_status
from downloads_app.sources.hub.refusals import explain_hub_refusal
from downloads_app.worker.files.first_bytes import is_page_type, suffix_of
from downloads_app.worker.files.validator import NO_VALIDATOR, Validator
from downloads_app.worker.transfer.content_range import ContentRange, read_content_range, read_refused_total

MAX_OVERLAP_BYTES = 4 << 20
"""An answer may begin so many bytes too early, for example at a block's boundary. We skip these bytes."""
_OWN_CODINGS = {
    **dict.fromkeys(("gz", "gzip", "tgz", "bgz", "svgz"), ("gzip", "x-gzip")),
    **dict.fromkeys(("z", "taz"), ("compress", "x-compress")),
    **dict.fromkeys(("zst", "tzst"), ("zstd",)),
    **dict.fromkeys(("bz2", "tbz2"), ("bzip2",)),
    **dict.fromkeys(("xz", "txz"), ("xz",)),
    "br": ("br",),
}
"""The codings of files that are packed themselves: some servers name this packing in `Content-Encoding`."""
_ABOUT_SHARE, _ABOUT_BYTES = 0.7, 1024
"""A file may have this share of a rounded size, less these bytes: servers round up, and count in 1000s or 1024s."""


class ContentChanged(Exception):
    """The server's file is no longer the one that the fetch began with."""


class RangesUnusable(Exception):
    """The server's answers to ranges are useless. The message says what it answers."""


class RangesIgnored(Exception):
    """The server answers a range with the whole file: many servers do not support ranges."""


class Encoded(Exception):
    """The body is packed and must be unpacked. A sum will show whether that was right."""


VERDICTS = (ContentChanged, RangesUnusable, RangesIgnored, Encoded)


class Asked(NamedTuple):
    """A request for the bytes from `start` to `end`. It has a range unless it asks for the whole file."""

    start: int
    end: int
    is_range: bool
    unpacks: bool = False


class Known(NamedTuple):
    """What earlier answers said of the same file."""

    total_bytes: int | None = None
    validator: Validator = NO_VALIDATOR
    is_old: bool = False
    """Whether it is from an earlier run. Then an answer without any of its validators may be of another content."""


class Answer(NamedTuple):
    """An accepted answer: which bytes follow, the whole file's size, the validator of its content."""

    start: int
    """Where the body begins in the file. Skip the bytes before the requested ones."""
    end: int | None
    """Where the body ends in the file; None if the answer does not announce it."""
    total_bytes: int | None
    validator: Validator
    is_partial: bool


def is_far_below(size_bytes: int, about_bytes: int | None) -> bool:
    """Whether a file of this size is too small to be the one that a listing shows with a rounded size."""
    if not about_bytes:
        return False
    return size_bytes == 0 or size_bytes < about_bytes * _ABOUT_SHARE - _ABOUT_BYTES


def judge(head: AnswerHead, file: RemoteFile, asked: Asked, known: Known) -> Answer:
    """Return the accepted answer, or raise what is wrong with it: SourceError or one of the exceptions above."""
    if head.status in (204, 416):
        return _read_nothing(head, file, asked, known)
    if head.status not in (200, 203, 206):
        raise explain_hub_refusal(file.path, head, size_bytes=file.size_bytes) or explain_status(file.path, head)
    try:
        answer = _read_body(head, file, asked, known)
        _compare_size(answer, head, file)
    except SourceError as error:
        if asked.is_range:
            raise RangesUnusable(error.message) from None
        raise
    _compare_content(answer, file, asked, known)
    return answer


def _read_nothing(head: AnswerHead, file: RemoteFile, asked: Asked, known: Known) -> Answer:
    """Accept an answer without bytes: 204 or 416 for an empty file, 416 for a range behind the file's end."""
    total = read_refused_total(head) if head.status == 416 else 0
    total = 0 if total is None and file.size_bytes == 0 else total
    expected = file.size_bytes if file.size_bytes is not None else known.total_bytes
    is_end = total is not None and total == asked.start and expected in (None, total)
    if is_end and not is_far_below(asked.start, file.about_bytes):
        return Answer(asked.start, asked.start, asked.start, Validator.of(head), is_partial=True)
    if head.status == 416 and asked.is_range and total is not None and known.total_bytes not in (None, total):
        raise ContentChanged
    error = explain_status(file.path, head)
    raise RangesUnusable(error.message) if asked.is_range else error


def _read_body(head: AnswerHead, file: RemoteFile, asked: Asked, known: Known) -> Answer:
    part = read_content_range(head)
    if head.status == 206 and asked.is_range:
        return _read_part(head, part or _guess_part(head, file, asked, known), file, asked)
    if part is not None and (head.status == 206 or _is_slice(head, part)):
        return _read_part(head, part, file, asked)
    if head.status == 206 and head.length_bytes != file.size_bytes:
        raise _refuse(file, "the server sent a part of it unasked, and does not say of what")
    return _read_whole(head, file, asked)


def _guess_part(head: AnswerHead, file: RemoteFile, asked: Asked, known: Known) -> ContentRange | None:
    """Accept a part without `Content-Range` as the requested one, if its length and a sum or a validator confirm it."""
    end = asked.end if known.total_bytes is None else min(asked.end, known.total_bytes)
    is_known = bool(file.vouching_sum) or known.validator.confirms(Validator.of(head))
    is_it = is_known and not head.is_encoded and head.length_bytes == end - asked.start > 0
    return ContentRange(asked.start, end, known.total_bytes) if is_it else None


def _is_slice(head: AnswerHead, part: ContentRange) -> bool:
    """Whether the body is a part although the status says that it is whole: some servers do that."""
    return head.length_bytes == part.length_bytes != part.total_bytes


def _read_part(head: AnswerHead, part: ContentRange | None, file: RemoteFile, asked: Asked) -> Answer:
    if part is None:
        raise _refuse(file, "the server's partial answer does not say of what")
    if not asked.start - MAX_OVERLAP_BYTES <= part.start <= asked.start < part.end:
        raise _refuse(file, f"asked for bytes {asked.start}-{asked.end - 1}, the server sent {part}")
    if head.is_encoded and not _is_label(head, part, file):
        if not file.vouching_sum or part.total_bytes not in (None, file.size_bytes):
            raise _refuse(file, f"the server sent a part of it encoded ({head.encoding}), unasked")
        if not asked.unpacks:
            raise Encoded
    elif head.length_bytes not in (None, part.length_bytes):
        raise _refuse(file, f"the server announced bytes {part} and a body of {head.length_bytes} bytes")
    elif head.is_encoded and asked.unpacks:
        raise _refuse(
            file, f"the server sent parts of it with and without the encoding that it names ({head.encoding})"
        )
    return Answer(part.start, part.end, part.total_bytes, Validator.of(head), is_partial=True)


def _is_label(head: AnswerHead, part: ContentRange, file: RemoteFile) -> bool:
    """Whether a part's bytes are the file's own, although the answer names an encoding."""
    is_of_file = part.total_bytes is not None and part.total_bytes == file.size_bytes
    return head.length_bytes == part.length_bytes and (is_of_file or _is_own_coding(head, file))


def _is_own_coding(head: AnswerHead, file: RemoteFile) -> bool:
    """Whether the named encoding is how the file itself is packed."""
    return head.encoding in _OWN_CODINGS.get(suffix_of(file.path), ())


def _read_whole(head: AnswerHead, file: RemoteFile, asked: Asked) -> Answer:
    total = head.length_bytes
    is_plain = (total is not None and total == file.size_bytes) or (
        _is_own_coding(head, file) and (total is None or file.size_bytes is None)
    )
    if head.is_encoded and not is_plain:
        if not file.vouching_sum:
            raise _refuse(file, f"the server sent it encoded ({head.encoding}), unasked")
        if not asked.unpacks:
            raise Encoded
        total = None  # the announced length is the packed one
    return Answer(0, total, total, Validator.of(head), is_partial=False)


def _compare_size(answer: Answer, head: AnswerHead, file: RemoteFile) -> None:
    total = answer.total_bytes
    if (
        total is None
        or (total == file.size_bytes)
        or (file.size_bytes is None and not is_far_below(total, file.about_bytes))
    ):
        return
    if is_page_type(head.headers.get("content-type", "")):
        raise _refuse(file, "the server sent an HTML page instead of the file")
    expected = f"about {file.about_bytes}" if file.size_bytes is None else str(file.size_bytes)
    raise _refuse(file, f"{expected} bytes are expected, the server has {total}")


def _compare_content(answer: Answer, file: RemoteFile, asked: Asked, known: Known) -> None:
    """Raise if the answer's content differs, or may differ, from that of earlier answers."""
    if known.total_bytes is not None and answer.total_bytes not in (None, known.total_bytes):
        raise ContentChanged
    is_other = known.validator.contradicts(answer.validator)
    if known.is_old and known.validator != NO_VALIDATOR:
        is_other = not known.validator.shares(answer.validator)
    if asked.is_range and not file.vouching_sum and is_other:
        if not answer.is_partial:
            raise ContentChanged  # as If-Range requires
        raise RangesUnusable(f"{file.path}: the server's answers differ in ETag or Last-Modified")
    if asked.start > 0 and not answer.is_partial:
        raise RangesIgnored


def _refuse(file: RemoteFile, text: str) -> SourceError:
    return SourceError(f"{file.path}: {text}", permanent=True)
