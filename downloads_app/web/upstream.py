"""Asks a provider while a caller waits: in a thread outside the event loop, with limits of time and number."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import g

from downloads_app.config import current_settings
from downloads_app.errors import SourceError, TooMany
from downloads_app.models import Provider
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.providers.catalog import access_of
from downloads_app.sources import Access, registry
from downloads_app.web import shares
from downloads_app.web.gunicorn.loop import is_cooperative
from downloads_app.web.offload import bind

LIMIT_SECONDS = 30.0
MAX_AT_ONCE = 24
"""The number of threads that wait for the network. Six users can hold all of them."""
P = ParamSpec("P")
R = TypeVar("R")
_under_way: set[Any] = set()
"""The calls of this process that still run, also those whose caller has given up."""


def ask(function: Callable[Concatenate[str, Access, P], R], provider: Provider, *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function`, which asks a provider by its kind and the access to it. It must not use the database.

    No database connection is held meanwhile: the network takes its time.
    Raises the function's own errors, and SourceError if it takes longer than LIMIT_SECONDS (its thread goes on until
    the network's own time limits end it). Under gevent it raises TooMany if MAX_AT_ONCE such calls run, or if this
    user has all their places (see shares.py).
    """
    kind, access = provider.kind, access_of(current_settings(), provider)
    give_connection_back()
    call = bind(function, kind, access, *args, **kwargs)
    if is_cooperative():
        give_back = shares.take("questions", g.token.user_id)
        return _ask_beside_hub(call, kind, give_back)()
    try:
        answer = _threads().submit(call).result(LIMIT_SECONDS)
    except FutureTimeout as exc:
        raise _no_answer() from exc
    return answer()


def _ask_beside_hub(call: Callable[[], R], kind: str, give_back: Callable[[], None]) -> R:
    """Wait in a greenlet. We use our own pool: gevent's pool also resolves names and hashes passwords.

    The user's place is given back when the thread is free again. The user may have got a time-out before that.
    """
    import gevent

    _loaded(kind).wait(LIMIT_SECONDS)
    _under_way.difference_update([asked for asked in _under_way if asked.ready()])
    if len(_under_way) >= MAX_AT_ONCE:
        give_back()
        raise TooMany("Too many requests wait for a provider", retry_after_seconds=5)
    pending = _hub_threads().spawn(call)
    _under_way.add(pending)
    pending.rawlink(lambda _: give_back())
    try:
        answer: R = pending.get(timeout=LIMIT_SECONDS)
    except gevent.Timeout as exc:
        raise _no_answer() from exc
    return answer


def _no_answer() -> SourceError:
    return SourceError(f"The provider did not answer within {LIMIT_SECONDS:.0f} s", permanent=False)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_AT_ONCE, "upstream")


@cache
def _hub_threads() -> Any:
    from gevent.threadpool import ThreadPool

    return ThreadPool(MAX_AT_ONCE)


@cache
def _loaded(kind: str) -> Any:
    """Import a kind's libraries in one thread first. Several threads that import the same module would wait for a
    lock of gevent's, and such a lock can lose a wake-up between real threads.
    """
    return _hub_threads().spawn(registry.load, kind)
