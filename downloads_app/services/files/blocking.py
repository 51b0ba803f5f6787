"""Where work that waits for the disk is done: right here, or in a thread where an event loop must go on."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app

R = TypeVar("R")
RUNNER = "run_blocking"
"""The application's extension that runs such work; who serves with an event loop puts its own there."""


def run_blocking(function: Callable[..., R], *args: Any) -> R:
    """Call `function`, which touches no database, where it holds nobody up; return what it returns."""
    result: R = current_app.extensions.get(RUNNER, _here)(function, *args)
    return result


def _here(function: Callable[..., R], *args: Any) -> R:
    return function(*args)
