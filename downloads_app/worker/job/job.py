"""One claimed download from its claim to its end, in its own thread."""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import replace

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from downloads_app.config import current_settings
from downloads_app.errors import Cause, Conflict, InvalidInput, NeverFits, NoSpace, Passing, SourceError, TooManyFiles
from downloads_app.services.downloads.listings import CompletedFile, ListedFile
from downloads_app.services.metrics.tally import TALLY, Count
from downloads_app.services.progress import ProgressMeter
from downloads_app.services.queue import leftovers, orders, outcomes
from downloads_app.services.queue.claims import MAX_FAILURES, Claim, backoff_seconds
from downloads_app.services.queue.orders import Order
from downloads_app.sources import RemoteFile, sum_sizes
from downloads_app.sources.registry import open_resolving
from downloads_app.worker.files.storage import FileResult
from downloads_app.worker.files.target_folder import TargetFolder
from downloads_app.worker.job import preparation
from downloads_app.worker.job.lease import Lease
from downloads_app.worker.job.quota_watch import QuotaWatch
from downloads_app.worker.job.reporter import Reporter
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Stopped, Transfer

log = logging.getLogger(__name__)

WAIT_FOR_ROOM_SECONDS = 30.0
WAIT_FOR_CONNECTION_SECONDS = 2.0
WAIT_FOR_FILES_SECONDS = 10.0
WAIT_FOR_CONTENT_SECONDS = 60.0
MAX_RETRY_AFTER_SECONDS = 3600.0
DATABASE_RETRY_SECONDS = 0.5


class Job:
    """Runs one download. It always ends with one fenced write that says how the download ended."""

    def __init__(self, app: Flask, claim: Claim, lease: Lease, limits: Limits, is_draining: Callable[[], bool]) -> None:
        self.claim, self.lease, self.limits = claim, lease, limits
        self._app, self._is_draining = app, is_draining
        self._quota = QuotaWatch(claim.download_id)
        self._tally, self._provider = TALLY.of(app), ""
        self.is_crowded_out = False
        """Set if no connection of the provider's limit is left for it. It then goes back to the queue."""
        self.pause: str | None = None
        """Set, with the reason, if its provider or the queue was paused. It then goes back to the queue."""
        self.is_moving = False
        """Whether it may be writing files. Before that, it can be taken away at once."""

    def should_stop(self) -> bool:
        """Whether to stop as soon as possible: drained, crowded out, paused, cancelled, or superseded."""
        is_sent_back = self.is_crowded_out or self.pause is not None or self._quota.is_passed
        return is_sent_back or self._is_draining() or self.lease.is_over

    def run(self) -> None:
        """Run the download to its end. Never raises."""
        try:
            with self._app.app_context():
                order = orders.read_order(current_settings(), self.claim)
            self._provider = order.provider
            if order.waited_seconds is not None:
                self._tally.observe_wait(order.waited_seconds)
            self._run(order)
        except SourceError as exc:
            self._end_source_failure(exc)
        except (Conflict, InvalidInput) as exc:
            self._fail(exc.message, Cause.DISK if isinstance(exc, Conflict) else Cause.OTHER)
        except TooManyFiles as exc:
            if self._wait(exc.message, WAIT_FOR_FILES_SECONDS, failures=1):
                self._count(Count.RETRIES, Cause.OPEN_FILES)
        except Passing as exc:
            self._end_source_failure(SourceError(exc.message, permanent=False, cause=Cause.DISK))
        except Stopped:
            self._stop()
        except SQLAlchemyError as exc:
            log.warning("download %s: the database failed: %s", self.claim.download_id, type(exc).__name__)
            self._stop()
        except Exception as exc:  # the edge: an error in one download must not end the others
            log.exception("download %s: unexpected error", self.claim.download_id)
            text = f"Internal error: {type(exc).__name__}"
            self._end_source_failure(SourceError(text, permanent=False, cause=Cause.INTERNAL))

    def take_away(self) -> None:
        """Give the download back before it moves bytes. Another thread calls this. The job writes no byte after it."""
        self.lease.forbid()
        self._write(lambda: outcomes.hand_back(self.claim))

    def _run(self, order: Order) -> None:
        has_begun = order.is_listed
        try:
            with self._app.app_context():
                files = preparation.pin_files(self.claim, order)
                self._begin_moving()
                preparation.link_copies(self.claim, order, files, lambda: self.lease.may_write)
                self._quota = preparation.check_room(self.claim, order, files)
            has_begun = True
            self._complete(self._transfer_or_list_anew(order, files))
        except NoSpace as exc:
            if has_begun or not isinstance(exc, NeverFits):
                self._wait(exc.message, WAIT_FOR_ROOM_SECONDS)
            else:
                self._fail(exc.message, Cause.ROOM)

    def _fail(self, reason: str, cause: Cause) -> None:
        if self._write(lambda: outcomes.fail(self.claim, reason)):
            self._count(Count.FAILURES, cause)

    def _count(self, what: Count, cause: Cause | None = None) -> None:
        self._tally.count(what, provider=self._provider, label=cause or "")

    def _wait(self, reason: str, seconds: float, failures: int = 0) -> bool:
        """Give the download back to wait. `failures` is 0 if nothing failed: then it waits for room."""
        log.info("download %s: waits: %s", self.claim.download_id, reason)
        return self._write(lambda: outcomes.wait(self.claim, reason, seconds, failures=failures))

    def _transfer_or_list_anew(self, order: Order, files: list[ListedFile]) -> int:
        """Fetch the files. If the commit is gone and no byte is here yet, list the revision once more."""
        try:
            return self._transfer(order, files)
        except SourceError as error:
            if not error.is_missing:
                raise
            with self._app.app_context():
                listed_anew = preparation.list_anew(self.claim, order)
                if listed_anew is None:
                    raise
                log.warning("download %s: its commit is gone; listed anew", self.claim.download_id)
                self._quota = preparation.check_room(self.claim, order, listed_anew)
        return self._transfer(replace(order, total_bytes=None), listed_anew)

    def _begin_moving(self) -> None:
        self.is_moving = True
        if self.should_stop():
            raise Stopped(0)

    def _transfer(self, order: Order, files: list[ListedFile]) -> int:
        """Fetch the missing bytes. Return the total bytes of all files."""
        listed = {file.remote.path: file for file in files}
        sizes: dict[str, int] = {}
        meter, told = ProgressMeter(time.monotonic), order.total_bytes
        if told is None:  # as at the first start
            told = sum_sizes(file.remote for file in files)
        reporter = Reporter(self._app, self.claim, self.lease, meter, told, self._quota, self._count_received)

        def note_done(remote: RemoteFile, result: FileResult) -> None:
            sizes[remote.path] = result.size_bytes
            file = listed[remote.path]
            if not file.is_completed:
                reporter.note_completed(CompletedFile(file.position, result.size_bytes, result.sha256))

        with reporter:
            Transfer(
                order.access,
                [file.remote for file in files],
                order.folder,
                limits=self.limits,
                report=reporter.note_progress,
                file_done=note_done,
                found_here=reporter.note_found,
                should_stop=self.should_stop,
                may_write=lambda: self.lease.may_write,
                warn=reporter.note_warning,
                source=open_resolving(order.kind, order.access),
            ).run()
        if (missing := TargetFolder(order.folder).find_missing(sizes)) is not None:
            raise Passing(f"{missing}: it was removed from the disk before the download was complete")
        return sum(sizes.values())

    def _count_received(self, count_bytes: int) -> None:
        self._tally.count(Count.RECEIVED_BYTES, count_bytes, provider=self._provider)

    def _complete(self, total_bytes: int) -> None:
        if self._write(lambda: outcomes.finish(self.claim, total_bytes)):
            log.info("download %s: completed, %d bytes", self.claim.download_id, total_bytes)
            self._count(Count.COMPLETED)
            self._write(lambda: leftovers.let_go(current_settings().downloads_dir, self.claim))
        else:
            self._stop()

    def _end_source_failure(self, error: SourceError) -> None:
        """Fail after a permanent error. After another one try again later, a limited number of times."""

        ending = Count.RETRIES

        def write() -> bool:
            nonlocal ending
            failures = orders.count_failures(self.claim) + 1
            if error.permanent or failures >= MAX_FAILURES:
                ending = Count.FAILURES
                gave_up = "" if error.permanent else f" (gave up after {failures} starts in a row)"
                return outcomes.fail(self.claim, error.message + gave_up)
            if error.is_on_its_way:
                pause = min(error.retry_after_seconds or WAIT_FOR_CONTENT_SECONDS, MAX_RETRY_AFTER_SECONDS)
                return outcomes.wait(self.claim, error.message, pause, failures=1)
            pause = max(backoff_seconds(failures), min(error.retry_after_seconds or 0, MAX_RETRY_AFTER_SECONDS))
            pause *= random.uniform(1.0, 1.25)  # noqa: S311 - spreads the retries
            return outcomes.wait(self.claim, error.message, pause, failures=failures)

        log.info("download %s: %s", self.claim.download_id, error.message)
        if self._write(write):
            self._count(ending, error.cause)
        else:
            self._stop()

    def _stop(self) -> None:
        """Give the download back, unless it was paused or cancelled. Delete the partial files of a cancelled one."""

        def write() -> bool:
            if self.pause is not None:
                return outcomes.hold_back(self.claim, self.pause)
            if self._quota.is_passed:
                return outcomes.wait(self.claim, self._quota.reason, WAIT_FOR_ROOM_SECONDS)
            if self.is_crowded_out:
                reason = "all connections of its provider are in use"
                return outcomes.wait(self.claim, reason, WAIT_FOR_CONNECTION_SECONDS)
            return outcomes.hand_back(self.claim)

        if not self._write(write):
            self._write(lambda: leftovers.let_go(current_settings().downloads_dir, self.claim))

    def _write(self, write: Callable[[], bool]) -> bool:
        """Write how the download ended. If the database is away, try again until the lease ends."""
        while True:
            try:
                with self._app.app_context():
                    return write()
            except SQLAlchemyError as exc:
                log.warning("download %s: cannot write its end: %s", self.claim.download_id, type(exc).__name__)
                if self._is_draining() or not self.lease.may_write:
                    return False  # the next worker finds its bytes
                time.sleep(DATABASE_RETRY_SECONDS)
