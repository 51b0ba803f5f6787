"""What a gunicorn worker process needs besides the application: called by gunicorn.conf.py."""

import time
from typing import Any

import gevent
import psycopg2
from flask import Flask
from psycogreen.gevent import gevent_wait_callback
from psycopg2 import extensions

from downloads_app.web.pacer import Pacer
from downloads_app.web.stream import Streams

ANSWER_TIMEOUT_SECONDS = 20
"""For a database that sends no byte: longer than any statement_timeout, which is the usual end."""
ALIVE_CHECK_SECONDS = 0.1


def prepare_worker(app: Flask, worker: Any) -> None:
    """Make a gevent worker process fit for streams."""
    extensions.set_wait_callback(_wait_for_database)
    streams: Streams = app.extensions["streams"]
    settings = streams.settings
    streams.lane = Pacer(streams.snapshot, settings.stream_interval_seconds, settings.stream_send_timeout_seconds)
    gevent.spawn(_drain_when_told, streams, worker)


def _wait_for_database(connection: Any) -> None:
    """Let the other greenlets run while psycopg2 waits; a raised error makes psycopg2 close the connection.

    Greenlets are never killed inside a query: https://github.com/psycopg/psycopg2/issues/410.
    """
    try:
        gevent_wait_callback(connection, timeout=ANSWER_TIMEOUT_SECONDS)
    except TimeoutError as exc:
        raise psycopg2.OperationalError("the database does not answer") from exc


def _drain_when_told(streams: Streams, worker: Any) -> None:
    """Watch for the end of the worker: TERM, HUP and max_requests only clear `alive`, and no hook is called."""
    while worker.alive:
        time.sleep(ALIVE_CHECK_SECONDS)
    streams.roster.drain()
