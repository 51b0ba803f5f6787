"""Requests to a Git server's HTTP API, and the entries of its trees."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import Access
from downloads_app.sources.answers import AnswerHead, explain_status, name_status, read_count, read_time_of_answer
from downloads_app.sources.documents import parse_json, read_size
from downloads_app.sources.fetching import Response
from downloads_app.sources.listing_reader import MAX_FILES, ListingReader
from downloads_app.sources.side_by_side import Question
from downloads_app.sources.trust import is_trusted, token_header, without_credentials

JSON = "application/json"
MAX_ANSWER_BYTES = 16 * 1024 * 1024
_OBJECT_NAME = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a Git tree. `path` is not yet checked. `name` is the object's name, in hex."""

    path: str
    name: str
    size_bytes: int | None = None
    is_tree: bool = False
    fault: str = ""
    """What is wrong with the entry, if its size is malformed."""


class Api:
    """One connection. The provider's token or password goes to its own origin and to allowed hosts. `close` it."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self.root = access.url.rstrip("/")
        self._access = access
        self._reader = ListingReader(without_credentials(access), "The Git server", clock, 2 * MAX_FILES)

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()

    def ask(
        self, url: str, *, accept: str = JSON, limit_bytes: int = MAX_ANSWER_BYTES, body: bytes | None = None
    ) -> Response:
        """Return the answer, of any status. A `body` of JSON is posted."""
        return self._reader.fetch(
            url,
            limit_bytes=limit_bytes,
            headers=(f"Accept: {accept}", *([] if body is None else [f"Content-Type: {JSON}"])),
            own_headers=self._show(url),
            body=body,
        )

    def fetch(self, url: str, what: str, *, accept: str = JSON, limit_bytes: int = MAX_ANSWER_BYTES) -> bytes:
        """Return the body of an answer with status 200. Raises SourceError for others."""
        answer = self.ask(url, accept=accept, limit_bytes=limit_bytes)
        if answer.status != 200:
            raise explain(answer, what)
        return answer.body

    def fetch_many(self, urls: Iterable[str], accept: str, limit_bytes: int) -> Iterator[tuple[str, Response]]:
        """Yield addresses with their answers, of any status, in the order of arrival. Several requests run at once."""
        questions = [Question(url, (f"Accept: {accept}",), self._show(url)) for url in urls]
        for question, answer in self._reader.fetch_many(questions, limit_bytes=limit_bytes):
            yield question.url, answer

    def _show(self, url: str) -> tuple[str, ...]:
        shown = token_header(self._access) if is_trusted(self._access, url) else None
        return (shown,) if shown else ()

    def read(self, url: str, what: str, body: bytes | None = None) -> tuple[object, Response]:
        """Return the JSON of an answer with status 200, and the answer. Raises SourceError for others."""
        answer = self.ask(url, body=body)
        if answer.status != 200:
            raise explain(answer, what)
        return parse_json(answer.body, f"{what}: the server's answer"), answer


def explain(answer: Response, what: str) -> SourceError:
    """Return the error that says why the status for `what` was not 200."""
    head = AnswerHead.of(answer.status, answer.headers)
    if answer.status in (403, 429) and answer.headers.get("x-ratelimit-remaining") == "0":
        text = f"{what}: the server limits the rate of requests ({name_status(answer.status)})"
        seconds = _seconds_until_reset(answer.headers)
        return SourceError(text, permanent=False, retry_after_seconds=seconds, cause=Cause.RATE)
    if answer.status in (401, 403):
        text = f"{what}: the server answered {name_status(answer.status)}; a token is missing, or is refused"
        return SourceError(text, permanent=True, cause=Cause.REFUSED)
    if answer.status in (404, 409, 422):
        text = f"{what} is not found, or the provider's token does not open it"
        return SourceError(text, permanent=True, cause=Cause.MISSING)
    return explain_status(what, head)


def read_entry(row: object, what: str, prefix: str = "") -> Entry | None:
    """Read an entry in the form of GitHub, Gitea or GitLab. None for a submodule: that is another repository."""
    found = row if isinstance(row, dict) else {}
    path, name, kind = found.get("path"), found.get("sha", found.get("id")), found.get("type")
    if not isinstance(path, str) or not isinstance(name, str) or not _OBJECT_NAME.fullmatch(name):
        raise SourceError(f"{what}: its tree has an entry that cannot be read", permanent=True)
    if kind == "commit":
        return None
    if kind not in ("blob", "tree"):
        raise SourceError(f"{what}: {path[:120]!a} is neither a file nor a folder", permanent=True)
    try:
        return Entry(prefix + path, name, read_size(found.get("size")) if kind == "blob" else None, kind == "tree")
    except ValueError as exc:
        return Entry(prefix + path, name, None, kind == "tree", f"{what}: {path[:120]!a}: {exc}")


def read_rows(rows: object, what: str, prefix: str = "") -> list[Entry]:
    """Read a list of entries, without submodules."""
    if not isinstance(rows, list):
        raise SourceError(f"{what}: the server's answer holds no tree", permanent=True)
    return [entry for row in rows if (entry := read_entry(row, what, prefix))]


def read_commit(name: object, what: str) -> str:
    """Return a commit's name as the server gave it."""
    if not isinstance(name, str) or not _OBJECT_NAME.fullmatch(name):
        raise SourceError(f"{what}: the server's answer names no commit", permanent=True)
    return name


def refuse_more(count: int, limit: int, what: str, of: str = "files") -> None:
    """Raise a permanent SourceError if `count` is more than `limit`."""
    if count > limit:
        raise SourceError(f"{what} is too large: more than {limit:,} {of}", permanent=True)


def _seconds_until_reset(headers: dict[str, str]) -> float | None:
    """Read GitHub's `X-RateLimit-Reset` by the server's own clock."""
    reset_at = read_count(headers.get("x-ratelimit-reset"))
    return None if reset_at is None else max(0.0, reset_at - read_time_of_answer(headers))
