"""Servers that start no download worker: all but gunicorn. The log says it once, since not everybody opens the page."""

import logging
from typing import Any

from flask import Flask, request

from downloads_app.config import SETTINGS

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Warn at the first request, where the settings say that a worker starts by itself."""
    if SETTINGS.of(app).embedded_worker:
        app.before_request(_Warning())


class _Warning:
    """What a process says once. No server tells earlier than with a request which one it is."""

    def __init__(self) -> None:
        self._is_due = True

    def __call__(self) -> None:
        if self._is_due:
            self._is_due = False
            if name := _name_server(request.environ):
                log.warning(
                    "%s starts no download worker, and without one every download waits: "
                    "run 'downloads-app downloads worker' beside it (and set EMBEDDED_WORKER=0)",
                    name,
                )


def _name_server(environ: dict[str, Any]) -> str | None:
    """Return the name of a server that starts no worker; None for gunicorn, and where nobody tells."""
    if "uwsgi.version" in environ:
        return "uWSGI"
    name = environ.get("SERVER_SOFTWARE", "").partition("/")[0]
    return name if name and name != "gunicorn" else None
