"""Requests documents of a registry, with the token or the password that it demands.

We send the provider's own token or password only when asked: registries refuse a token of others, even for public
content. It goes to the registry's origin, and to its token server if that has the same origin or is an allowed host.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from urllib.parse import urlsplit

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import Access
from downloads_app.sources.answers import AnswerHead, explain_status, name_status
from downloads_app.sources.documents import parse_json
from downloads_app.sources.fetching import Response
from downloads_app.sources.listing_reader import ListingReader
from downloads_app.sources.oci.challenges import Challenge, read_challenge
from downloads_app.sources.route import is_same_origin, shorten_url
from downloads_app.sources.trust import basic_header, is_trusted, without_credentials

MAX_TOKEN_ANSWER_BYTES = 256 * 1024
DEFAULT_TOKEN_SECONDS = 60.0
"""The lifetime of a token that does not say it (token specification, `expires_in`)."""
MIN_TOKEN_SECONDS, MAX_TOKEN_SECONDS = 10.0, 3600.0
USED_SHARE = 0.8
"""No new request uses a token in the last fifth of its lifetime."""
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")


@dataclass(frozen=True, slots=True)
class Pass:
    """The headers that give access to a repository, until a time.monotonic() value."""

    headers: tuple[str, ...] = field(default=(), repr=False)
    good_until: float = inf


class Registry:
    """One connection to a registry. It answers the registry's demands for credentials. `close` it."""

    def __init__(
        self, access: Access, passes: dict[str, Pass] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`passes`: those that earlier connections have got. This one adds its own."""
        self._access = access
        self._reader = ListingReader(without_credentials(access), "The registry", clock)
        self._clock = clock
        self._passes = {} if passes is None else passes
        self._hint = ""
        self.root = access.url.rstrip("/")

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()

    def pass_for(self, name: str) -> Pass:
        """Return the last pass for `name`; the empty pass if none was needed, or if it is too old."""
        known = self._passes.get(name)
        return known if known is not None and known.good_until > self._clock() else Pass()

    def ask(self, path: str, name: str, *, limit_bytes: int, headers: Sequence[str] = ()) -> Response:
        """Return the answer for `path` below `/v2/`, with any status. 401: our credentials do not open `name`."""
        url = f"{self.root}/v2/{path}"
        answer = self._fetch(url, name, limit_bytes, headers)
        if answer.status != 401 or not is_same_origin(answer.url, url):
            return answer
        challenge = read_challenge(answer.headers.get("www-authenticate", ""))
        found = challenge and self._find_pass(challenge, name)
        if not found:
            return answer
        self._passes[name] = found
        return self._fetch(url, name, limit_bytes, headers)

    def explain(self, answer: Response, what: str) -> SourceError:
        """Return the error that says why the status for `what` was not 200."""
        if answer.status in (401, 403):
            hint = self._hint or "a token or password is missing, or is refused"
            text = f"{what}: the registry answered {name_status(answer.status)}; {hint}"
            return SourceError(text, permanent=True, cause=Cause.REFUSED)
        if answer.status == 404:
            return SourceError(f"{what} is not found at this registry", permanent=True, cause=Cause.MISSING)
        return explain_status(what, AnswerHead.of(answer.status, answer.headers))

    def _fetch(self, url: str, name: str, limit_bytes: int, headers: Sequence[str]) -> Response:
        own_headers = self.pass_for(name).headers
        return self._reader.fetch(url, limit_bytes=limit_bytes, headers=headers, own_headers=own_headers)

    def _find_pass(self, challenge: Challenge, name: str) -> Pass | None:
        if challenge.scheme == "basic":
            header = basic_header(self._access)
            return Pass((header,)) if header else None
        if challenge.realm:
            return self._ask_for_token(challenge, name)
        return Pass((f"Authorization: Bearer {self._access.token}",)) if self._access.token else None

    def _ask_for_token(self, challenge: Challenge, name: str) -> Pass:
        """Ask the registry's token server for a pass, with our credentials if there are any, else anonymously."""
        url = challenge.token_url(name)
        what = f"The token server {shorten_url(challenge.realm or '')}"
        known = basic_header(self._access)
        header = known if is_trusted(self._access, url) else None
        if known and not header:
            host = urlsplit(url).netloc.rpartition("@")[2]
            self._hint = f"its token server {host} is not shown our password unless that host is allowed"
        asked_at = self._clock()
        answer = self._reader.fetch(url, limit_bytes=MAX_TOKEN_ANSWER_BYTES, own_headers=(header,) if header else ())
        if answer.status in (401, 403):
            hint = "refuses the provider's password or token" if header else "gives nothing to those it does not know"
            text = f"{what} {hint} ({name_status(answer.status)})"
            raise SourceError(text, permanent=True, cause=Cause.REFUSED)
        if answer.status != 200:
            raise explain_status(what, AnswerHead.of(answer.status, answer.headers))
        return _read_pass(parse_json(answer.body, f"{what}: its answer"), what, asked_at)


def _read_pass(document: object, what: str, asked_at: float) -> Pass:
    found = document if isinstance(document, dict) else {}
    token = found.get("token") or found.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise SourceError(f"{what} answered without a token", permanent=True)
    seconds = found.get("expires_in")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        seconds = DEFAULT_TOKEN_SECONDS
    good_seconds = min(max(seconds, MIN_TOKEN_SECONDS), MAX_TOKEN_SECONDS) * USED_SHARE
    return Pass((f"Authorization: Bearer {token}",), asked_at + good_seconds)
