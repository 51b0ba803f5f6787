"""Git LFS's batch API: the current addresses of objects, and the headers to send there.

Protocol: git-lfs, `docs/api/batch.md` and `basic-transfers.md`.
"""

import json
import re
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import inf

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import Access, RemoteFile, Target
from downloads_app.sources.answers import read_time_of_answer
from downloads_app.sources.documents import parse_json
from downloads_app.sources.lfs.api import explain
from downloads_app.sources.listing_reader import ListingReader
from downloads_app.sources.route import is_same_origin
from downloads_app.sources.trust import basic_header, is_trusted, token_header

MEDIA_TYPE = "application/vnd.git-lfs+json"
MAX_ANSWER_BYTES = 4 * 1024 * 1024
MAX_HEADERS = 32
MAX_HEADER_CHARACTERS = 16 * 1024
MIN_SECONDS = 10.0
"""An address counts as good for at least so long, whatever the answer says."""
USED_SHARE = 0.8
"""No new request uses an address in the last fifth of its lifetime."""
_MARK = "/objects/"
_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OURS = {"host", "range", "if-range", "accept-encoding", "connection", "content-length", "transfer-encoding", "expect"}
"""Headers that a server may not choose: they would change the meaning of our request."""
_GONE = (404, 410, 422)
_PERMANENT = {
    **dict.fromkeys(_GONE, ("does not have it", Cause.MISSING)),
    **dict.fromkeys((401, 403), ("does not give it to the provider's token", Cause.REFUSED)),
    **dict.fromkeys((400, 405, 406, 409, 413, 415, 451, 501), ("cannot give it", Cause.REFUSED)),
}
"""What an object's error means that no later request mends; 409 is a sum of another kind."""


def name_object(server: str, sha256: str) -> str:
    """Return the permanent address that a listing uses for an object of the LFS `server`."""
    return f"{server}{_MARK}{sha256}"


def find_server(file: RemoteFile) -> str | None:
    """Return the LFS server of a listed file; None if its own address has the bytes."""
    server, mark, sha256 = file.url.rpartition(_MARK)
    return server if mark and file.sha256 is not None and sha256 == file.sha256 else None


class Batch:
    """Asks one LFS server about objects."""

    def __init__(self, access: Access, reader: ListingReader, server: str) -> None:
        self._access = access
        self._reader = reader
        self._server = server

    def resolve(self, files: Sequence[RemoteFile]) -> Iterator[tuple[str, Target | SourceError]]:
        """Yield each file's path with its target, or with its error. Raises SourceError if all are refused."""
        asked_at = time.monotonic()
        url = f"{self._server}/objects/batch"
        shown = basic_header(self._access) if is_trusted(self._access, url) else None
        answer = self._reader.fetch(
            url,
            limit_bytes=MAX_ANSWER_BYTES,
            headers=(f"Accept: {MEDIA_TYPE}", f"Content-Type: {MEDIA_TYPE}"),
            own_headers=(shown,) if shown else (),
            body=_ask(files),
        )
        if answer.status in _GONE:
            raise SourceError("The LFS server has none of the files, or the token does not open them", permanent=True)
        if answer.status != 200:
            raise explain(answer, "The repository's LFS server")
        found = _read_objects(answer.body)
        server_time = read_time_of_answer(answer.headers)
        for file in files:
            row = found.get(file.sha256 or "")
            try:
                yield file.path, self._read_target(file, row, asked_at, server_time)
            except SourceError as error:
                yield file.path, error

    def _read_target(
        self, file: RemoteFile, row: dict[str, object] | None, asked_at: float, server_time: float
    ) -> Target:
        if row is None:
            raise SourceError(f"{file.path}: the LFS server does not answer for it", permanent=True)
        if row.get("error"):
            raise _explain_object(file, row["error"])
        action = _read_object(_read_object(row.get("actions")).get("download"))
        href = action.get("href")
        if not isinstance(href, str) or not href.startswith(("https://", "http://")):
            raise SourceError(f"{file.path}: the LFS server names no address for it", permanent=True)
        headers = _read_headers(file, action.get("header"))
        seconds = max(MIN_SECONDS, _read_seconds(action, server_time))
        if not is_trusted(self._access, href):
            headers = ()
        elif is_same_origin(href, self._access.url) and not row.get("authenticated") and not _has_own(headers):
            shown = token_header(self._access)
            headers += (shown,) if shown else ()
        return Target(href, headers, asked_at + seconds * USED_SHARE)


def _ask(files: Sequence[RemoteFile]) -> bytes:
    sizes = {file.sha256: file.size_bytes or 0 for file in files}
    objects = [{"oid": sha256, "size": size_bytes} for sha256, size_bytes in sizes.items()]
    return json.dumps({"operation": "download", "transfers": ["basic"], "objects": objects}).encode()


def _read_objects(body: bytes) -> dict[str, dict[str, object]]:
    document = _read_object(parse_json(body, "The LFS server's answer"))
    rows = document.get("objects")
    if not isinstance(rows, list) or document.get("transfer", "basic") != "basic":
        raise SourceError("The LFS server's answer is of a form that is not known here", permanent=True)
    return {row["oid"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("oid"), str)}


def _explain_object(file: RemoteFile, error: object) -> SourceError:
    code = _read_object(error).get("code")
    fault, cause = _PERMANENT.get(code, ("", Cause.SERVER)) if isinstance(code, int) else ("", Cause.SERVER)
    if fault:
        return SourceError(f"{file.path}: the LFS server {fault} ({code})", permanent=True, cause=cause)
    text = f"{file.path}: the LFS server answered an error ({str(code)[:20]!a})"
    return SourceError(text, permanent=False, cause=cause)


def _read_headers(file: RemoteFile, found: object) -> tuple[str, ...]:
    """Return the headers to send besides our own. Refuses text that could become a second header or request."""
    rows = list(_read_object(found).items())
    lines = [f"{name}: {value}" for name, value in rows if str(name).lower() not in _OURS]
    is_clean = all(isinstance(value, str) and _NAME.fullmatch(name) and _VALUE.fullmatch(value) for name, value in rows)
    if not is_clean or len(rows) > MAX_HEADERS or sum(map(len, lines)) > MAX_HEADER_CHARACTERS:
        raise SourceError(f"{file.path}: the LFS server asks for headers that cannot be sent", permanent=True)
    return tuple(lines)


def _has_own(headers: Sequence[str]) -> bool:
    return any(line.lower().startswith("authorization:") for line in headers)


def _read_object(found: object) -> dict[str, object]:
    return found if isinstance(found, dict) else {}


def _read_seconds(action: dict[str, object], server_time: float) -> float:
    """Return for how many seconds an address is good: `expires_in`, else `expires_at` by the server's own clock."""
    seconds, at = action.get("expires_in"), action.get("expires_at")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds:
        return float(seconds)
    if not isinstance(at, str) or not at:
        return inf
    try:
        until = datetime.fromisoformat(at)
        return until.replace(tzinfo=until.tzinfo or UTC).timestamp() - server_time
    except (ValueError, OverflowError):
        return inf
