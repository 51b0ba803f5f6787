"""Gives back the downloads of workers that are gone. Every worker looks for them."""

import logging

from downloads_app import request_ids
from downloads_app.errors import Cause
from downloads_app.services.metrics.tally import TALLY, Count
from downloads_app.services.queue import claims, workers
from downloads_app.worker.siblings import find_dead

log = logging.getLogger(__name__)


def rescue(lease_seconds: float) -> bool:
    """Give back what has lost its worker; return whether there was something."""
    _end_the_dead()
    if claims.cut_future_leases(lease_seconds):
        log.warning("leases end far in the future: the clock was set back; they are cut")
    rescued = claims.rescue_expired()
    for download in rescued:
        with request_ids.belonging_to(download.request_id):
            log.warning("download %s: its worker is gone; it is given back", download.download_id)
        TALLY.here().count(Count.TAKEOVERS)
        if download.has_failed:
            TALLY.here().count(Count.FAILURES, label=Cause.WORKER)
    return bool(rescued)


def _end_the_dead() -> None:
    """End the leases of those that this machine has seen die; those of other machines run out."""
    for worker_id in find_dead():
        log.warning("worker %s has died", worker_id)
        claims.end_leases(worker_id)
        workers.remove(worker_id)
