"""Writes a download's progress to the database once a second, and learns whether the claim still holds."""

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.services.downloads import listings, speeds
from downloads_app.services.downloads.listings import CompletedFile
from downloads_app.services.progress import ProgressMeter
from downloads_app.services.queue import outcomes
from downloads_app.services.queue.claims import Claim
from downloads_app.services.queue.outcomes import ProgressReport
from downloads_app.worker.job.lease import Lease
from downloads_app.worker.job.quota_watch import QuotaWatch
from downloads_app.worker.transfer.transfer import Progress

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
SPEEDS_EVERY_SECONDS = 5.0
"""How often the speed over the whole time is written: it is only looked at, nothing hangs on it."""
MAX_WARNINGS = 20
"""The story of a download has room for 200 events. The log has all warnings."""


class Reporter:
    """A thread that runs beside a transfer, in a `with` block. If the claim is lost, it ends the lease."""

    def __init__(
        self,
        app: Flask,
        claim: Claim,
        lease: Lease,
        meter: ProgressMeter,
        total_bytes: int | None,
        quota: QuotaWatch,
        count_received: Callable[[int], None] = lambda count_bytes: None,
    ) -> None:
        """`total_bytes`: what earlier runs have learnt; it stands until this run knows better.

        `count_received` is told, about once a second, how many more bytes have come from the provider.
        """
        self._app, self._claim, self._lease, self._quota = app, claim, lease, quota
        self._meter, self._total_bytes, self._has_learnt_total = meter, total_bytes, False
        self._meter_lock = threading.Lock()
        self._latest: Progress | None = None
        self._written: ProgressReport | None = None
        self._kept_bytes: int | None = None
        """The bytes that were here when the transfer began, plus those found since; None before it began."""
        self._count_received, self._received_bytes = count_received, 0
        self._notes_first_byte = True
        self._completed: list[CompletedFile] = []
        self._speeds: speeds.SpeedHistory | None = None
        self._speeds_written_at = time.monotonic()
        self._warnings: list[str] = []
        self._noted_warnings = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name=f"report-{claim.download_id[:8]}", daemon=True
        )

    def __enter__(self) -> "Reporter":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._report_or_log()

    def note_progress(self, progress: Progress) -> None:
        """Store the current progress. The transfer calls this; it does not block."""
        self._quota.observe(progress)
        with self._meter_lock:
            self._learn_total(progress)
            self._meter.observe(self._count_bytes(progress), self._total_bytes)
            if self._kept_bytes is None:
                self._kept_bytes = progress.current_bytes
        self._latest = progress

    def note_completed(self, file: CompletedFile) -> None:
        """Store that a file is complete. The transfer calls this; it does not block."""
        self._completed.append(file)

    def note_warning(self, text: str) -> None:
        """Store what the owner should know. The transfer calls this; it does not block."""
        log.warning("download %s: %s", self._claim.download_id, text)
        if len(self._warnings) < MAX_WARNINGS:
            self._warnings.append(text)

    def note_found(self, size_bytes: int) -> None:
        """Exclude a file that was in its place already from the speed. Call this before the file counts as done."""
        with self._meter_lock:
            self._meter.skip(size_bytes)
            if self._kept_bytes is not None:  # before the transfer began, the first progress counts it
                self._kept_bytes += size_bytes

    def report(self) -> bool:
        """Write what is new. Return whether the claim still holds."""
        self._write_completed()
        self._write_warnings()
        self._quota.look_around()
        report = self._measure()
        if report is not None:
            self._note_speed(report.download_speed)
        if report is None or report == self._written:
            return outcomes.holds(self._claim)
        if self._notes_first_byte and report.current_bytes > (self._kept_bytes or 0):
            self._notes_first_byte = False
            outcomes.note_first_byte(self._claim)  # before the report, whose bytes came after the first
        held = outcomes.report_progress(self._claim, report)
        self._written = report
        return held

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self._report_or_log()

    def _report_or_log(self) -> None:
        self._tell_received()
        try:
            with self._app.app_context():
                if not self.report():
                    self._lease.end()
        except SQLAlchemyError as exc:
            log.warning("cannot report progress: %s", type(exc).__name__)
        except Exception:  # the edge: a later pause or cancel must still be noticed
            log.exception("unexpected error; reporting goes on")

    def _tell_received(self) -> None:
        """Pass on what has come since the last time. Bytes that were lost and are fetched again count once."""
        progress = self._latest
        received = progress.current_bytes - (self._kept_bytes or 0) if progress else 0
        if received > self._received_bytes:
            self._count_received(received - self._received_bytes)
            self._received_bytes = received

    def _write_completed(self) -> None:
        count = len(self._completed)
        listings.mark_completed(self._claim, self._completed[:count])
        del self._completed[:count]

    def _note_speed(self, bytes_per_second: int) -> None:
        """Take a point of the speed, and write all of them now and then, and at the end."""
        if self._speeds is None:
            self._speeds = speeds.read(self._claim.download_id)
        self._speeds.note(time.time(), bytes_per_second)
        now = time.monotonic()
        if self._stop.is_set() or now - self._speeds_written_at >= SPEEDS_EVERY_SECONDS:
            self._speeds_written_at = now
            speeds.write(self._claim, self._speeds)

    def _write_warnings(self) -> None:
        while self._noted_warnings < len(self._warnings):
            outcomes.warn(self._claim, self._warnings[self._noted_warnings])
            self._noted_warnings += 1

    def _measure(self) -> ProgressReport | None:
        progress = self._latest
        if progress is None:
            return None
        with self._meter_lock:
            speed, eta = self._meter.speed_bytes_per_second, self._meter.eta_seconds
        return ProgressReport(
            current_bytes=self._count_bytes(progress),
            files_completed=progress.files_completed,
            current_file=progress.current_file,
            download_speed=speed,
            eta_seconds=eta,
            needed_bytes=progress.missing_bytes,
            total_bytes=self._total_bytes,
        )

    def _learn_total(self, progress: Progress) -> None:
        is_contradicted = self._total_bytes is not None and progress.current_bytes > self._total_bytes
        if progress.total_bytes is not None or self._has_learnt_total or is_contradicted:
            self._total_bytes, self._has_learnt_total = progress.total_bytes, True

    def _count_bytes(self, progress: Progress) -> int:
        total = self._total_bytes
        return progress.current_bytes if total is None else min(progress.current_bytes, total)
