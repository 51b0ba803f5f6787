"""Runs work that waits for the disk: in the calling thread, or in another thread if an event loop must go on."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from downloads_app.per_app import PerApp
from downloads_app.services.database.session import give_connection_back

R = TypeVar("R")


class Runner(Protocol):
    """Calls a function and returns what it returns."""

    def __call__(self, function: Callable[..., R], /, *args: Any) -> R:
        """Call it, here or in a thread."""
        ...


def _here(function: Callable[..., R], /, *args: Any) -> R:
    return function(*args)


def _call_here() -> Runner:
    return _here


RUNNER = PerApp(_call_here)
"""Runs such work; a server with an event loop stores its own runner here."""


def run_blocking(function: Callable[..., R], *args: Any) -> R:
    """Call `function`, which must not use the database, where it does not block the event loop; return its result.

    No database connection is held meanwhile: the disk may take minutes, and the connections are few. So objects that
    were read before are read anew, and what was not committed is lost.
    """
    give_connection_back()
    return RUNNER.here()(function, *args)
