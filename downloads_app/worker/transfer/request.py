"""What one connection requests of a server, and what its answer means for further requests."""

from downloads_app.sources.answers import AnswerHead
from downloads_app.worker.files.offered_sums import read_offered_sums
from downloads_app.worker.files.partial_file import UNKNOWN_END, Fetch, PartialFile
from downloads_app.worker.transfer.verdicts import Answer, Asked, Known


def ask_for(fetch: Fetch) -> tuple[Asked, list[str]]:
    """Return the request for a fetch, and its headers."""
    headers = _range_headers(fetch)
    return Asked(fetch.at, fetch.end, bool(headers), fetch.file.unpacks), headers


def known_of(fetch: Fetch) -> Known:
    """Return what an answer must agree with. It is empty if the whole file is fetched again."""
    return Known() if fetch.is_whole else Known(fetch.file.total_bytes, fetch.file.seen, not fetch.file.is_probed)


def learn_from(head: AnswerHead, asked: Asked, answer: Answer, file: PartialFile) -> None:
    """Store what an accepted answer says of the whole file. Raises SourceError for a size that the disk cannot hold."""
    if file.remote.size_bytes is None and answer.total_bytes not in (None, file.total_bytes):
        file.storage.refuse_what_never_fits(file.remote.path, answer.total_bytes or 0)
    file.learn(answer.validator, answer.total_bytes, _find_ranges(head, asked, answer))
    if not file.remote.vouching_sum:
        file.offered |= read_offered_sums(head, is_partial=answer.is_partial)


def is_end_doubtful(answer: Answer, head: AnswerHead, file: PartialFile, end: int) -> bool:
    """Whether an answer may have been cut: it announced no length, and ended with the connection."""
    is_announced = answer.end is not None or "chunked" in head.headers.get("transfer-encoding", "").lower()
    is_proven = is_announced and not answer.is_partial  # a part of a file of unknown size proves no end
    is_vouched = bool(file.remote.vouching_sum or file.offered or file.linked)
    has_looked = end in (0, file.doubted_end) or file.accepts_ranges is False
    return not (is_proven or is_vouched or has_looked)


def _find_ranges(head: AnswerHead, asked: Asked, answer: Answer) -> bool | None:
    """Whether the server accepts ranges. None if this answer does not show it."""
    announced = head.headers.get("accept-ranges", "").lower()
    if not answer.is_partial and (asked.is_range or announced == "none" or head.is_encoded):
        return False
    return True if answer.is_partial or announced == "bytes" else None


def _range_headers(fetch: Fetch) -> list[str]:
    file = fetch.file
    if fetch.is_whole or (fetch.at == 0 and (file.total_bytes is None or fetch.end >= file.total_bytes)):
        return []
    last = "" if fetch.end >= UNKNOWN_END else fetch.end - 1
    headers = [f"Range: bytes={fetch.at}-{last}"]
    if fetch.at and not file.remote.vouching_sum and file.seen.etag and not file.seen.is_weak:
        headers.append(f"If-Range: {file.seen.etag}")
    return headers
