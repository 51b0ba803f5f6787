"""What a gunicorn worker process needs besides the application; web/serving.py calls it."""

import gc
import logging
import signal
import socket
import time
from typing import Any

import gevent
import psycopg2
from psycogreen.gevent import gevent_wait_callback
from psycopg2 import extensions

from downloads_app import database_hosts
from downloads_app.extensions import CONNECT_TIMEOUT_SECONDS
from downloads_app.web.gunicorn.drain import ALIVE_CHECK_SECONDS, Drain, drain_when_told
from downloads_app.web.gunicorn.listeners import listen_evenly
from downloads_app.web.gunicorn.refusals import answer_in_our_shape
from downloads_app.web.gunicorn.strangers import Strangers

ANSWER_TIMEOUT_SECONDS = 20
"""Limit for a database that sends no byte. It is longer than any statement_timeout, which normally ends a query."""
SUCCESSORS_WAIT_SECONDS = 60
"""On a reload, the old processes wait at most so long until the new ones have loaded the application."""


def prepare_worker(worker: Any, strangers: Strangers, drain: Drain, drain_seconds: float) -> None:
    """Make a gevent worker process fit for streams. `drain` ends them; it gets the time at which it was due."""
    extensions.set_wait_callback(_wait_for_database)
    database_hosts.look_up_by(look_up)
    _spare_the_collector()
    # Ctrl-C reaches the whole process group. gunicorn's master ends the processes itself; one that ended by its own
    # SIGINT would print a traceback. So would SIG_IGN, if Ctrl-C is pressed again just now.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: gevent.spawn(_end_when_succeeded, worker))
    worker.handover.mark_ready(worker.age)
    worker.log.error_log.addFilter(_is_fault)
    answer_in_our_shape(worker)
    connections = listen_evenly(worker, strangers)
    gevent.spawn(drain_when_told, worker, drain, drain_seconds, connections.tell, connections.leave)


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether to log a record. False for a client that did not read: the stream's own last line says that."""
    return not (record.exc_info and isinstance(record.exc_info[1], TimeoutError))


def _end_when_succeeded(worker: Any) -> None:
    """End the process. On a reload, first wait until the new processes serve. A second signal ends it at once."""
    is_told_again, worker.is_told = getattr(worker, "is_told", False), True
    deadline = time.monotonic() + SUCCESSORS_WAIT_SECONDS
    while not is_told_again and worker.handover.must_wait(worker.age) and time.monotonic() < deadline:
        time.sleep(ALIVE_CHECK_SECONDS)
    worker.alive = False


def _spare_the_collector() -> None:
    """Walk the objects of all streams rarely: with 100,000 of them that takes most of a second.

    A stream has about 100 objects. They live long and leave no reference cycle: they are walked twice, and then with
    all others, which is once in some 200,000 streams. What does leave cycles are requests: statements have them. Most
    go young; of the request under way when the young are collected, the second walk finds them.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 100)


def _wait_for_database(connection: Any) -> None:
    """Let the other greenlets run while psycopg2 waits; a raised error makes psycopg2 close the connection.

    Greenlets are never killed inside a query: https://github.com/psycopg/psycopg2/issues/410. For a new connection
    libpq keeps no time limit here (`PQconnectPoll` in its manual), so we do: a silent host must not hide the next.
    """
    is_new = connection.status == extensions.STATUS_SETUP
    try:
        with gevent.Timeout(CONNECT_TIMEOUT_SECONDS if is_new else None, TimeoutError):
            gevent_wait_callback(connection, timeout=ANSWER_TIMEOUT_SECONDS)
    except TimeoutError as exc:
        raise psycopg2.OperationalError("the database does not answer") from exc


def look_up(host: str) -> list[str]:
    """Return the addresses of the database server's name: libpq's own name lookup would block the event loop."""
    too_late = psycopg2.OperationalError("the name of the database server is not resolved in time")
    try:
        with gevent.Timeout(CONNECT_TIMEOUT_SECONDS, too_late):
            found = gevent.get_hub().resolver.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise psycopg2.OperationalError("the name of the database server is not known") from exc
    return [address[0] for *_, address in found]
