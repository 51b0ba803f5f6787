"""Where work that waits for the disk is done: right here, or in a thread where an event loop must go on."""

from collections.abc import Callable
from typing import Any

from flask import current_app

RUNNER = "run_blocking"
"""The application's extension that runs such work; who serves with an event loop puts its own there."""


def run_blocking(function: Callable[..., None], *args: Any) -> None:
    """Call `function`, which touches no database, where it holds nobody up; return when it is done."""
    current_app.extensions.get(RUNNER, _here)(function, *args)


def _here(function: Callable[..., None], *args: Any) -> None:
    function(*args)
