"""Reads servers' answers: the head of an answer, and which failures are worth another try."""

import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

import pycurl

from downloads_app.errors import Cause, SourceError

_TRANSIENT_STATUSES = {202, 408, 423, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524}
NO_HTTP = 8
"""libcurl's number for a server that answers in no HTTP."""
# Where pycurl has no name, libcurl's number stands here (https://curl.se/libcurl/c/libcurl-errors.html).
_CURL_FAULTS = {
    pycurl.E_UNSUPPORTED_PROTOCOL: "the address, or the proxy's, is of a kind that is not spoken here",
    pycurl.E_URL_MALFORMAT: "the address, or the proxy's, cannot be read",
    pycurl.E_COULDNT_RESOLVE_PROXY: "the proxy's name is not known",
    pycurl.E_COULDNT_RESOLVE_HOST: "the host's name is not known",
    pycurl.E_COULDNT_CONNECT: "no connection can be made",
    NO_HTTP: "the server does not answer in HTTP",
    pycurl.E_HTTP2: "the server breaks the rules of HTTP/2",
    pycurl.E_PARTIAL_FILE: "the server closed the connection too early",
    pycurl.E_OPERATION_TIMEDOUT: "no answer in time",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection can be made",
    pycurl.E_TOO_MANY_REDIRECTS: "too many redirects",
    pycurl.E_GOT_NOTHING: "the server closed the connection without an answer",
    pycurl.E_SEND_ERROR: "the connection broke while the request was sent",
    pycurl.E_RECV_ERROR: "the connection broke, or the proxy refused it",
    pycurl.E_SSL_CERTPROBLEM: "the client certificate cannot be used",
    pycurl.E_PEER_FAILED_VERIFICATION: "the server's certificate is not trusted, or is another host's",
    pycurl.E_SSL_CACERT_BADFILE: "the file of certificate authorities cannot be read",
    pycurl.E_SSL_ISSUER_ERROR: "the server's certificate has another issuer",
    pycurl.E_BAD_CONTENT_ENCODING: "the answer's encoding cannot be read",
    100: "the answer's head is too large",
    97: "the proxy refused the connection",
}
_ENCODING = re.compile("br|bzip2|compress|dcb|dcz|deflate|exi|gzip|lzma|pack200-gzip|x-compress|x-gzip|xz|zstd")
"""The content codings of IANA's registry, and others that servers use."""
_SECONDS = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_STATUS_LINE = re.compile(rb"HTTP/[0-9.]+\s+([0-9]{3})\b")
_PERMANENT_CURL_CODES = {
    pycurl.E_UNSUPPORTED_PROTOCOL,
    pycurl.E_URL_MALFORMAT,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_ABORTED_BY_CALLBACK,
}


class AnswerHead:
    """Status and headers of the answer that is arriving. Header names are in lower case.

    libcurl hands over the lines, and limits a head to 300 KB. We parse them only when somebody asks: most of the cost
    of a small file is its head.
    """

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        """The lines that have not been read yet."""
        self._status = 0
        self._headers: dict[str, str] = {}
        self.add_line = self._lines.append

    @classmethod
    def of(cls, status: int, headers: dict[str, str]) -> "AnswerHead":
        """Return the head of an answer that has already been read."""
        head = cls()
        head._status, head._headers = status, headers
        return head

    def clear(self) -> None:
        """Forget the previous answer."""
        self._lines.clear()
        self._status, self._headers = 0, {}

    @property
    def status(self) -> int:
        """The status code; 0 before there is one."""
        if self._lines:
            self._read()
        return self._status

    @property
    def headers(self) -> dict[str, str]:
        if self._lines:
            self._read()
        return self._headers

    def _read(self) -> None:
        for line in self._lines:
            # A new answer comes after `100 Continue`, or a proxy's `200`. A header may begin like it: `HTTP/x: y`.
            begin = _STATUS_LINE.match(line) if line.startswith(b"HTTP/") else None
            if begin is not None:
                self._status, self._headers = int(begin[1]), {}
                continue
            name, value = _split(line)
            if name:
                self._headers[name] = value
        self._lines.clear()

    @property
    def encoding(self) -> str:
        """The coding of the content or of the transfer. "" if there is none, also if the headers have other words."""
        told, coded = self.headers.get("content-encoding", ""), self.headers.get("transfer-encoding", "")
        if not told and coded in ("", "chunked"):
            return ""
        words = f"{told},{coded}".lower().split(",")  # a server may pack for the transfer alone; nobody asked for that
        return ", ".join(word for word in map(str.strip, words) if _ENCODING.fullmatch(word))

    @property
    def is_encoded(self) -> bool:
        return bool(self.encoding)

    @property
    def length_bytes(self) -> int | None:
        """What `Content-Length` announces."""
        return read_count(self.headers.get("content-length"))

    @property
    def retry_after_seconds(self) -> float | None:
        """The delay that `Retry-After` asks for, in seconds from the answer; None if the header cannot be read.

        The header has seconds or a date (RFC 9110, section 10.2.3). A date is compared with the answer's own `Date`:
        the server's clock may be days off.
        """
        value = self.headers.get("retry-after", "").strip()
        if _SECONDS.fullmatch(value):
            return float(value)
        then = _read_date(value)
        return None if then is None else max(0.0, then - read_time_of_answer(self.headers))


def read_time_of_answer(headers: Mapping[str, str]) -> float:
    """Return when an answer was sent, by the server's own clock, in Unix seconds; now if it does not say it."""
    told = _read_date(headers.get("date", ""))
    return time.time() if told is None else told


def _read_date(text: str) -> float | None:
    """Return an HTTP date (RFC 9110, section 5.6.7) in Unix seconds; None for another text. Without a zone: UTC."""
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=64)
def _split(line: bytes) -> tuple[str, str]:
    """Return a header's name and value; the name is "" if the line is no header, as the last one is none.

    It has a cache: most lines are the same in all of a server's answers.
    """
    name, colon, value = line.decode("latin-1").partition(":")
    return name.strip().lower() if colon else "", value.strip()


def read_count(text: str | None) -> int | None:
    """Return a header's decimal number; None for anything else."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 20 else None


def name_status(status: int) -> str:
    """Return `404 Not Found` for 404."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def explain_status(what: str, head: AnswerHead) -> SourceError:
    """Return the error for an answer whose status is not the wanted one."""
    return SourceError(
        f"{what}: the server answered {name_status(head.status)}",
        permanent=head.status not in _TRANSIENT_STATUSES,
        retry_after_seconds=head.retry_after_seconds if head.status in _TRANSIENT_STATUSES else None,
        is_missing=head.status in (404, 410),
        is_on_its_way=head.status == 202,
        cause=find_cause(head.status),
    )


def find_cause(status: int) -> Cause:
    """Return what an answer's status tells of the cause, for the metrics."""
    if status in (202, 423, 425, 429):
        return Cause.RATE
    if status in (404, 410):
        return Cause.MISSING
    if status >= 500 or status == 408:
        return Cause.SERVER
    return Cause.REFUSED if status >= 400 else Cause.CONTENT


def explain_curl_error(code: int, what: str) -> SourceError:
    """Return the error for libcurl's code. We never show libcurl's own texts: they may hold a proxy's password."""
    fault = _CURL_FAULTS.get(code) or f"the transfer failed (libcurl's error {code})"
    return SourceError(f"{what}: {fault}", permanent=code in _PERMANENT_CURL_CODES, cause=Cause.NETWORK)
