"""Renews the leases of a worker's downloads, reports that it is alive and what it has counted, in its own thread."""

import logging
import threading
from collections.abc import Callable, Sequence

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.services.metrics.tally import TALLY
from downloads_app.services.queue import claims, workers
from downloads_app.services.queue.workers import Presence
from downloads_app.worker.job.job import Job
from downloads_app.worker.job.lease import read_clock

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Heartbeat:
    """Beats three times in the time of a lease, and every second while the database does not answer."""

    def __init__(
        self, app: Flask, presence: Presence, lease_seconds: float, running: Callable[[], Sequence[Job]]
    ) -> None:
        self._app, self._presence, self._lease_seconds = app, presence, lease_seconds
        self._running = running
        self._answered_at = read_clock()
        self._has_failed = False
        self._at_risk: set[Job] = set()
        """The jobs that ran at some moment since the database last answered."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread, and report that the worker is gone."""
        self._stop.set()
        self._thread.join(timeout=RETRY_SECONDS)
        try:
            with self._app.app_context():
                workers.remove(self._presence.worker_id)
                TALLY.of(self._app).store()
        except SQLAlchemyError as exc:
            log.warning("cannot say that this worker has stopped: %s", type(exc).__name__)

    def beat(self) -> None:
        """Renew all leases once. End the jobs whose claim is lost."""
        jobs = {job.claim: job for job in self._running()}
        if not jobs:
            return
        asked_at = read_clock()
        held = claims.renew_leases(self._presence.worker_id, jobs.keys(), self._lease_seconds)
        for claim, job in jobs.items():
            if claim in held:
                job.lease.renew(asked_at)
            else:
                job.lease.end()

    def _note_answer(self) -> None:
        """After a silence, say in the log how long it was, and which downloads have been lost by it."""
        seconds = read_clock() - self._answered_at
        if self._has_failed or seconds > self._lease_seconds:
            ended = [job.claim for job in self._at_risk if not job.lease.may_write]
            lost = claims.find_lost(ended) if ended else []
            name = self._presence.worker_id
            log.warning("worker %s: the database answers again, after %.0f s without it", name, seconds)
            for download_id in lost:
                log.warning("download %s: no longer this worker's: its lease ended meanwhile", download_id)
        self._answered_at, self._has_failed, self._at_risk = read_clock(), False, set()

    def _run(self) -> None:
        pause = 0.0
        while not self._stop.wait(pause):
            self._at_risk |= set(self._running())
            try:
                with self._app.app_context():
                    self.beat()
                    workers.tell(self._presence)
                    TALLY.of(self._app).store()
                    self._note_answer()
                pause = self._lease_seconds / 3
            except SQLAlchemyError as exc:
                log.warning("cannot renew the leases: %s", type(exc).__name__)
                self._has_failed = True
                pause = min(RETRY_SECONDS, self._lease_seconds / 3)
            except Exception:  # the edge: without a heartbeat the worker would be useless for ever
                log.exception("unexpected error; the heart beats on")
                pause = min(RETRY_SECONDS, self._lease_seconds / 3)
