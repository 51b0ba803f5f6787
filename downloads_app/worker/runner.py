"""The worker process: one loop that checks for work, and one thread for each download.

Each step of the loop returns whether it did something. TERM and INT drain: the worker gives its downloads back at
once, and keeps their bytes. HUP reads MAX_BYTES_PER_SECOND again.
"""

import logging
import signal
import threading
import time
from queue import Empty, SimpleQueue

from flask import Flask

from downloads_app import modes, request_ids
from downloads_app.config import ConfigError, Settings, load_settings
from downloads_app.services.audit.reading import remove_old_entries
from downloads_app.services.files.folders import disk_bytes, free_bytes
from downloads_app.services.metrics import tally
from downloads_app.services.queue import claims, giving_way, housekeeping, leftovers, pauses, room
from downloads_app.services.queue.workers import Presence
from downloads_app.worker import siblings
from downloads_app.worker.heartbeat import Heartbeat
from downloads_app.worker.job.job import Job
from downloads_app.worker.job.lease import Lease, read_clock
from downloads_app.worker.outages import AWAY, MAX_REST_SECONDS, UNFIT, Disk, Outages
from downloads_app.worker.parent import has_parent, is_orphan
from downloads_app.worker.process import prepare_process
from downloads_app.worker.rescue import rescue
from downloads_app.worker.retention import Retention
from downloads_app.worker.steps import Every
from downloads_app.worker.transfer.bandwidth import Bandwidth, Limits

log = logging.getLogger(__name__)

REST_SECONDS = 0.5
RESCUE_SECONDS = 2.0
SHARE_SECONDS = 1.0
PAUSE_SECONDS = 1.0
TIDY_SECONDS = 600.0
DRAIN_SECONDS = 10.0


class Worker:
    """Moves the bytes of up to `concurrency` downloads at a time."""

    def __init__(
        self, app: Flask, settings: Settings, *, concurrency: int | None = None, until_idle: bool = False
    ) -> None:
        self.worker_id = siblings.new_id()
        self._app, self._settings = app, settings
        self._concurrency = concurrency or settings.worker_concurrency
        self._until_idle = until_idle
        self.bandwidth = Bandwidth(settings.max_bytes_per_second)
        self._jobs: dict[Job, threading.Thread] = {}
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._is_draining = False
        self._reads_limit = False
        self._presence = Presence(self.worker_id, self._concurrency)
        self._heartbeat = Heartbeat(app, self._presence, settings.lease_seconds, lambda: list(self._jobs))
        self._retention = Retention(settings.downloads_dir, settings.retention_days)
        self._disk = Disk(settings)
        self._steps = (
            self._reap,
            Every(min(RESCUE_SECONDS, settings.lease_seconds / 3), lambda: rescue(settings.lease_seconds)),
            self._claim,
            Every(SHARE_SECONDS, self._share),
            Every(PAUSE_SECONDS, self._hold_back),
            Every(RESCUE_SECONDS, self._let_go_on),
            Every(TIDY_SECONDS, self._tidy),
            self._retention.remove_some,
        )

    def run(self) -> None:
        """Work until drained, or until there is no work if `until_idle` was chosen."""
        self._listen()
        prepare_process()
        self._prepare_folder()
        self._heartbeat.start()
        log.info("worker %s: up to %d downloads at a time", self.worker_id, self._concurrency)
        outages = Outages()
        try:
            while not self._is_draining:
                try:
                    if not self._glance():
                        if self._is_idle():
                            break
                        self._rest(REST_SECONDS)
                    outages.end()
                except AWAY as exc:
                    self._rest(outages.note(exc))
                except Exception:  # the edge: a fault here must not end the running downloads
                    log.exception("unexpected error; going on")
                    self._rest(MAX_REST_SECONDS)
        finally:
            self.drain()
            self._finish_jobs()
            self._heartbeat.stop()
            log.info("worker %s: stopped", self.worker_id)

    def drain(self) -> None:
        """Stop as soon as possible. A signal handler may call this."""
        self._is_draining = True
        self._wake.put(None)

    def read_limit_again(self) -> None:
        """Read a changed MAX_BYTES_PER_SECOND. A signal handler may call this."""
        self._reads_limit = True
        self._wake.put(None)

    def _prepare_folder(self) -> None:
        """Make DOWNLOADS_DIR fit. A server's worker waits for a disk that is away: the server began with it."""
        outages = Outages()
        while not (self._is_draining or is_orphan()):
            try:
                modes.prepare_downloads(self._settings)
            except UNFIT as exc:
                if not has_parent():
                    raise
                self._rest(outages.note(exc))
            else:
                return

    # -- the steps of the loop

    def _glance(self) -> bool:
        if is_orphan():
            log.info("worker %s: the server that started it is gone", self.worker_id)
            self.drain()
        if self._reads_limit:
            self._read_limit()
        with self._app.app_context():
            return any(step() for step in self._steps if not self._is_draining)

    def _reap(self) -> bool:
        ended = [job for job, thread in self._jobs.items() if not thread.is_alive()]
        for job in ended:
            del self._jobs[job]
        return bool(ended)

    def _claim(self) -> bool:
        if len(self._jobs) >= self._concurrency or self._disk.is_away():
            return False
        asked_at = read_clock()
        if (claim := claims.claim_next(self.worker_id, self._settings.lease_seconds)) is None:
            return False
        self._disk.make_anew()
        limits = Limits(connections_per_file=self._settings.connections_per_file, bandwidth=self.bandwidth)
        lease = Lease(self._settings.lease_seconds, asked_at)
        job = Job(self._app, claim, lease, limits, lambda: self._is_draining)
        thread = threading.Thread(target=self._work, args=(job,), name=f"job-{claim.download_id[:8]}", daemon=True)
        self._jobs[job] = thread
        self._share()
        with request_ids.belonging_to(claim.request_id):
            log.info("download %s: claimed (attempt %d)", claim.download_id, claim.attempt)
        thread.start()
        return True

    def _share(self) -> bool:
        """Share each provider's limit of connections among its running downloads, in all workers."""
        if self._jobs:
            shares = claims.share_connections(self.worker_id)
            for job in list(self._jobs):
                share = shares.get(job.claim.download_id)
                if share is not None:
                    job.limits.connections = max(1, share)
                    job.is_crowded_out = job.is_crowded_out or share == 0
        return False

    def _hold_back(self) -> bool:
        """Give back what runs although its provider or the queue was paused."""
        if self._jobs:
            paused = pauses.find_paused(self.worker_id)
            for job in list(self._jobs):
                job.pause = job.pause or paused.get(job.claim.download_id)
        return False

    def _let_go_on(self) -> bool:
        """Let one download that waited for room go on, if there is room for it now, or can be made."""
        if self._disk.is_away():
            self._presence.disk_free_bytes = 0
            return False
        self._presence.disk_free_bytes = free = free_bytes(self._settings.downloads_dir)
        self._presence.disk_size_bytes = disk_bytes(self._settings.downloads_dir)
        left = room.left_bytes(free)
        woken = room.let_one_go_on(left)
        if woken is not None:
            log.info("download %s: there is room for it again", woken)
            return True
        gave = giving_way.let_one_give_way(self._settings, left, self.worker_id)
        if gave is not None:
            log.warning("download %s: its %d partial bytes make room for an older download", *gave)
        return gave is not None

    def _tidy(self) -> bool:
        leftovers.clear_abandoned(self._settings.downloads_dir)
        housekeeping.remove_old_rows()
        remove_old_entries(self._settings.audit_days)
        tally.remove_unknown()
        return self._retention.take()

    # -- the loop itself

    def _work(self, job: Job) -> None:
        try:
            with request_ids.belonging_to(job.claim.request_id):
                job.run()
        finally:
            self._wake.put(None)

    def _rest(self, seconds: float) -> None:
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return

    def _is_idle(self) -> bool:
        if not self._until_idle or self._jobs:
            return False
        with self._app.app_context():
            return claims.count_unfinished() == 0

    def _finish_jobs(self) -> None:
        """Wait until the running downloads have given themselves back. Take away those that move no bytes yet."""
        deadline = time.monotonic() + DRAIN_SECONDS
        for job, thread in self._jobs.items():
            if job.is_moving:
                thread.join(max(0.0, deadline - time.monotonic()))
        for job, thread in self._jobs.items():
            thread.join(0.2)
            if thread.is_alive() and not job.is_moving:
                job.take_away()

    def _listen(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.drain())
            signal.signal(signal.SIGHUP, lambda *_: self.read_limit_again())

    def _read_limit(self) -> None:
        self._reads_limit = False
        try:
            limit = load_settings().max_bytes_per_second
        except ConfigError as exc:
            log.error("%s; the limit stays", exc)
            return
        self.bandwidth.change(limit)
        log.info("worker %s: MAX_BYTES_PER_SECOND is %s", self.worker_id, limit or "unlimited")
