"""Runs work that waits for the disk: in the calling thread, or in another thread if an event loop must go on."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from downloads_app.per_app import PerApp

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
    """Call `function`, which must not use the database, where it does not block the event loop; return its result."""
    return RUNNER.here()(function, *args)
