"""What follows when a fetch fails: try again and when, begin the file anew, use fewer connections, give up."""

import logging
import math
import random
import time

from downloads_app.errors import SourceError
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.transfer.channel import Channel
from downloads_app.worker.transfer.connection_count import ConnectionCount
from downloads_app.worker.transfer.verdicts import ContentChanged, RangesIgnored

log = logging.getLogger(__name__)

MAX_FAILURES = 6
"""Failures of one file in a row, without a byte in between, after which the transfer gives up."""
MAX_RETRY_AFTER_SECONDS = 120
"""A server that asks for a longer pause gets it from whoever runs the transfer."""
MAX_BACKOFF_SECONDS = 30.0
MUCH_BYTES = 256 * 1024
LINGERING_TRIES = 3
"""How often a server that has refused a crowd may refuse a lone connection before it is believed."""
_CROWDED = (403, 429, 503)
"""How servers say that there are too many connections."""
_EXPIRED = (400, 401, 403, 404, 410)
"""How servers say that a signed address is no longer good."""


class Recovery:
    """Decides what to do about failures; raises those that nothing can be done about."""

    def __init__(self, count: ConnectionCount) -> None:
        self._count = count
        self.hold_until = 0.0
        """When the server may be asked again (`Retry-After`), on the monotonic clock."""
        self._refused_at = -math.inf

    def deal_with(self, channel: Channel, fault: Exception, companions: int) -> None:
        """Do what `fault` asks for, which ended the channel's fetch beside `companions` others."""
        file = channel.file
        if isinstance(fault, ContentChanged):
            log.warning("%s changed at the server while it was being fetched; it is fetched anew", file.remote.path)
            file.begin_again("it changed at the server while it was being fetched")
        elif isinstance(fault, RangesIgnored):
            file.accepts_ranges = False
        elif isinstance(fault, SourceError):
            self._deal_with_refusal(channel, fault, max(companions, channel.companions))
        else:
            raise fault

    def _deal_with_refusal(self, channel: Channel, fault: SourceError, companions: int) -> None:
        head = channel.connection.head
        is_crowded = head.status in _CROWDED and "x-error-code" not in head.headers  # by which hubs say other things
        is_expired = head.status in _EXPIRED and channel.took_shortcut
        if is_expired:
            channel.file.resolved_url = None  # the provider is asked for another one
        if is_crowded and companions:
            self._count.refuse(companions + 1)
            if channel.begun_at < self._refused_at:
                return  # it was on its way when another one was refused: that is one failure, not twelve
            self._refused_at = time.monotonic()
            fault = _as_transient(fault)
        elif is_expired or (is_crowded and self._count.is_curbed and channel.file.failures < LINGERING_TRIES):
            fault = _as_transient(fault)
        self.retry(channel.file, fault, gained_bytes=0)

    def retry(self, file: PartialFile, error: SourceError, *, gained_bytes: int) -> None:
        """Try a file again: at once where the failed fetch had brought much, else later and later, with jitter.

        Raises `error` when that is no use.
        """
        pause = error.retry_after_seconds or 0.0
        file.failures = 0 if gained_bytes else file.failures + 1
        if error.permanent or pause > MAX_RETRY_AFTER_SECONDS or file.failures >= MAX_FAILURES:
            raise error
        log.info("trying again: %s", error.message)
        now = time.monotonic()
        self.hold_until = max(self.hold_until, now + pause)
        if gained_bytes < MUCH_BYTES:
            backoff = min(2.0 ** (file.failures - 2), MAX_BACKOFF_SECONDS) if file.failures else 0.05
            file.not_before = now + backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
        file.drop_if_unsure()


def _as_transient(error: SourceError) -> SourceError:
    return SourceError(error.message, permanent=False, retry_after_seconds=error.retry_after_seconds)
