"""Where work that waits for the disk is done: right here, or in a thread where an event loop must go on."""

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
"""Runs such work; who serves with an event loop puts its own there."""


def run_blocking(function: Callable[..., R], *args: Any) -> R:
    """Call `function`, which touches no database, where it holds nobody up; return what it returns."""
    return RUNNER.here()(function, *args)
