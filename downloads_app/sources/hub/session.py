"""Lets huggingface_hub ask only through our guarded connection.

The library has one HTTP client for the whole process. Ours holds nothing: no pool, no cookies, no token, no
proxy. For each request it looks up who is asking in this thread, so that providers never mix.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import httpx2
from gevent.monkey import get_original
from huggingface_hub import set_client_factory

from downloads_app.sources import Access
from downloads_app.sources.connection import fetch_text
from downloads_app.sources.http_folder.source import MAX_LISTING_BYTES

ANSWER_SECONDS = 60.0
"""A hub needs long to list a repository of many files."""
# A cookie would be kept for the next provider; a warning would be printed as it is.
_DROPPED_HEADERS = {"set-cookie", "x-hf-warning", "content-length", "content-encoding", "transfer-encoding"}

_turn = get_original("_thread", "allocate_lock")()
"""Held while the library's own code runs, free while it waits for the network.

That code takes locks (to import, to parse a date), which are gevent's under the web server; when two real threads
wait for one of those, a wake-up can be lost, and a thread never goes on. This lock is the system's.
"""
_asking: ContextVar[Access | None] = ContextVar("asking", default=None)


class GuardedTransport(httpx2.BaseTransport):
    """Carries each request out by `fetch_text`: address guard, redirects, limits, token, proxy and CA are its."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raise SourceError where `fetch_text` does; httpx2 lets it pass."""
        access = _asking.get()
        if access is None or request.method != "GET":
            raise RuntimeError("huggingface_hub may only read here, and only inside ask_as()")
        _turn.release()
        try:
            answer = fetch_text(access, str(request.url), limit_bytes=MAX_LISTING_BYTES, timeout_seconds=ANSWER_SECONDS)
        finally:
            _turn.acquire()
        headers = {name: value for name, value in answer.headers.items() if name not in _DROPPED_HEADERS}
        return httpx2.Response(answer.status, headers=headers, content=answer.body, request=request)


@contextmanager
def ask_as(access: Access) -> Iterator[None]:
    """Let what this thread asks of huggingface_hub go to the provider of `access`."""
    with _turn:
        previous = _asking.set(access)
        try:
            yield
        finally:
            _asking.reset(previous)


def _make_client() -> httpx2.Client:
    return httpx2.Client(transport=GuardedTransport(), trust_env=False)


set_client_factory(_make_client)
