"""Ends a start at once when Ctrl-C comes before gunicorn's own handlers, or before a new process can use them.

Imports nothing that gevent patches in the workers.
"""

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)


def end_at_once() -> None:
    """Let Ctrl-C end this process without a traceback, until gunicorn sets its own handler. Nothing is made by then."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def hold_signals() -> None:
    """Before a fork: a signal waits, since the new process would lose it in a copy of the master's queue."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)


def release_signals() -> None:
    """After the fork, in the master, and in the new process when it has its handlers: signals come again."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def end_while_loading(worker: Any) -> None:
    """After the fork, in a new process: let the signals end it at once until it serves. Later, heed one of them alone.

    gunicorn would exit from within a greenlet while the application is loaded, or a second time while the process
    ends: gevent prints that as a failure, or the process hangs until the master kills it.
    """
    quit_later, is_told = worker.handle_quit, False

    def handle_quit(number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        if not worker.booted:
            os._exit(0)
        if not is_told:
            is_told = True
            quit_later(number, frame)

    worker.handle_quit = handle_quit
    worker.init_signals = _then_release(worker.init_signals)


def _then_release(set_handlers: Callable[[], None]) -> Callable[[], None]:
    """gunicorn gives each signal its default first, with which Python would complain of one that comes just then."""

    def init_signals() -> None:
        set_handlers()
        release_signals()

    return init_signals
