"""Lets a gunicorn worker process serve streams: called by gunicorn.conf.py."""

from typing import Any

import gevent.event
from flask import Flask

from downloads_app.web.gunicorn.strangers import STRANGERS, Strangers
from downloads_app.web.gunicorn.worker import prepare_worker
from downloads_app.web.proxies import Networks
from downloads_app.web.stream.generator import STREAMS
from downloads_app.web.stream.pacing.pacer import Pacer
from downloads_app.web.stream.pacing.senders import best_sender


def prepare_to_serve(app: Flask, worker: Any) -> None:
    """Give the application's streams a pacer, and the process what gevent and gunicorn lack."""
    streams = STREAMS.of(app)
    settings = streams.settings
    streams.snapshot.new_event = gevent.event.Event
    streams.ticker = Pacer(
        streams.snapshot,
        best_sender(settings.stream_io_uring),
        settings.stream_interval_seconds,
        settings.stream_send_timeout_seconds,
    )
    strangers = Strangers(settings.max_connections_per_address, Networks(settings.trusted_proxies))
    STRANGERS.put(app, strangers)
    prepare_worker(worker, strangers, streams.admission.drain, settings.stream_drain_seconds)
