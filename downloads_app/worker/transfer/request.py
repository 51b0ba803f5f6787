"""What one connection asks a server for, and what its answer tells of further requests."""

from downloads_app.sources.answers import AnswerHead
from downloads_app.worker.files.offered_sums import read_offered_sums
from downloads_app.worker.files.partial_file import UNKNOWN_END, Fetch, PartialFile
from downloads_app.worker.transfer.verdicts import Answer, Asked, Known


def ask_for(fetch: Fetch) -> tuple[Asked, list[str]]:
    """Return the request for a fetch, and the headers that it takes."""
    headers = _range_headers(fetch)
    return Asked(fetch.at, fetch.end, bool(headers), fetch.file.unpacks), headers


def known_of(fetch: Fetch) -> Known:
    """Return what an answer has to agree with: nothing, where the whole file comes anew."""
    return Known() if fetch.is_whole else Known(fetch.file.total_bytes, fetch.file.seen)


def learn_from(head: AnswerHead, asked: Asked, answer: Answer, file: PartialFile) -> None:
    """Take over what an accepted answer tells of the whole file."""
    file.learn(answer.validator, answer.total_bytes, _find_ranges(head, asked, answer))
    if not file.remote.vouching_sum:
        file.offered |= read_offered_sums(head, is_partial=answer.is_partial)


def is_end_doubtful(answer: Answer, head: AnswerHead, file: PartialFile, end: int) -> bool:
    """Whether nothing proves that an answer was whole: it announced no length, and the connection's end was its own."""
    is_proven = answer.end is not None or "chunked" in head.headers.get("transfer-encoding", "").lower()
    is_vouched = bool(file.remote.vouching_sum or file.offered)
    has_looked = end in (0, file.doubted_end) or file.accepts_ranges is False
    return not (is_proven or is_vouched or has_looked)


def _find_ranges(head: AnswerHead, asked: Asked, answer: Answer) -> bool | None:
    """Whether other ranges may be asked for: shown, denied, or (None) not told by this answer."""
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
