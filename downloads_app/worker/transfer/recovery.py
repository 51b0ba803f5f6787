"""Decides what to do when a fetch fails: try again later, restart the file, use fewer connections, or give up."""

import logging
import math
import random
import time

import pycurl

from downloads_app.errors import Cause, SourceError, TooManyFiles
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.transfer.addresses import Addresses
from downloads_app.worker.transfer.channel import Channel
from downloads_app.worker.transfer.connection_count import ConnectionCount
from downloads_app.worker.transfer.verdicts import ContentChanged, Encoded, RangesIgnored, RangesUnusable, is_far_below

log = logging.getLogger(__name__)

MAX_FAILURES = 6
"""The transfer gives up after so many failures of one file in a row, without a byte in between."""
MAX_RETRY_AFTER_SECONDS = 120
"""If a server asks for a longer pause, the transfer ends and its caller waits."""
MAX_BACKOFF_SECONDS = 30.0
SHORT_SECONDS, MAX_SHORT_SECONDS = 0.5, 20.0
"""If the process has too many open files: the pause before a retry, and how long we retry with one connection."""
ON_ITS_WAY_SECONDS = 5.0
"""The pause for a file that the server is still preparing, if the server does not say how long that takes."""
MUCH_BYTES = 256 * 1024
LINGERING_TRIES = 3
"""A server that has refused many connections may refuse a single one so often before we believe it."""
RENEWALS = 2
"""If an address that the source has just given is refused, we believe so often in a row that it has expired."""
_CROWDED = (403, 429, 503)
"""The statuses by which servers say that there are too many connections."""
_EXPIRED = (400, 401, 403, 404, 410)
"""The statuses by which servers say that a signed address has expired."""
_NOT_IN_PARTS = (400, 405, 406, 411, 412, 413, 417, 501)
"""The statuses by which servers refuse a request, maybe because of its range."""


class Recovery:
    """Decides what to do about failures. Raises those that cannot be repaired."""

    def __init__(self, count: ConnectionCount, addresses: Addresses) -> None:
        self._count = count
        self._addresses = addresses
        self.hold_until = 0.0
        """No request before this time.monotonic() value (`Retry-After`)."""
        self._refused_at = -math.inf
        self._short_since: float | None = None
        """The last time of too many open files at which we could still close other connections."""

    def deal_with(self, channel: Channel, fault: Exception, companions: int) -> None:
        """Handle the `fault` that ended the channel's fetch, with `companions` other connections at work."""
        file = channel.file
        if isinstance(fault, ContentChanged) and not file.has_changed:
            log.warning("%s changed at the server while it was being fetched; it is fetched anew", file.remote.path)
            file.has_changed = True
            file.forget()
        elif isinstance(fault, ContentChanged):
            _give_up_ranges(file, "it changed at the server while it was being fetched")
        elif isinstance(fault, RangesUnusable):
            _give_up_ranges(file, str(fault))
        elif isinstance(fault, RangesIgnored):
            file.accepts_ranges = False
        elif isinstance(fault, Encoded):
            file.unpacks = True
        elif isinstance(fault, SourceError):
            self._deal_with_refusal(channel, fault, max(companions, channel.companions))
        else:
            raise fault

    def _deal_with_refusal(self, channel: Channel, fault: SourceError, companions: int) -> None:
        head, file = channel.connection.head, channel.file
        is_crowded = head.status in _CROWDED and "x-error-code" not in head.headers  # hubs: other reasons
        if head.status in _EXPIRED and self._may_have_expired(channel):
            if not self._renew(channel):
                return  # another connection reported this already: one failure, not sixteen
            fault = _as_transient(fault)
        elif is_crowded and companions:
            self._count.refuse(companions + 1)
            if channel.begun_at < self._refused_at:
                return  # it was sent before another one was refused: one failure, not twelve
            self._refused_at = time.monotonic()
            fault = _as_transient(fault)
        elif is_crowded and self._count.is_curbed and file.failures < LINGERING_TRIES:
            fault = _as_transient(fault)
        elif fault.permanent and channel.asked.is_range and head.status in _NOT_IN_PARTS:
            _give_up_ranges(file, fault.message)
            return
        self.retry(file, fault, gained_bytes=channel.fetch.gained_bytes)

    def lack_files(self, fault: TooManyFiles, companions: int) -> None:
        """Use fewer connections. Raises `fault` if even one has been too many for a long time."""
        self._count.refuse(companions + 1)
        now = time.monotonic()
        if companions or self._short_since is None:
            self._short_since = now
        if now - self._short_since > MAX_SHORT_SECONDS:
            raise fault
        self.hold_until = max(self.hold_until, now + SHORT_SECONDS)

    def _may_have_expired(self, channel: Channel) -> bool:
        """Whether the address may have expired: it came from an earlier redirect, or from a source (see RENEWALS)."""
        return bool(channel.shortcut_url) or (self._addresses.are_lent and channel.file.failures < RENEWALS)

    def _renew(self, channel: Channel) -> bool:
        """Forget the file's address. False if it has been forgotten already."""
        file = channel.file
        is_news = self._addresses.renew(file.remote, channel.target)
        if channel.shortcut_url is None:
            return is_news
        if file.resolved_url != channel.shortcut_url:
            return False
        file.resolved_url = None  # the provider will give another one
        return True

    def retry(self, file: PartialFile, error: SourceError, *, gained_bytes: int) -> None:
        """Try a file again: at once if the failed fetch brought many bytes, else after a growing pause with jitter.

        Raises `error` after too many failures.
        """
        pause = error.retry_after_seconds or 0.0
        is_kept = gained_bytes > 0 and file.accepts_ranges is not False and not file.is_unsure
        file.failures = 0 if is_kept else file.failures + 1
        now = time.monotonic()
        if error.is_on_its_way:
            file.awaited, file.not_before = error, now + (pause or ON_ITS_WAY_SECONDS)  # only this file waits
            return
        if error.permanent or pause > MAX_RETRY_AFTER_SECONDS or file.failures >= MAX_FAILURES:
            raise _conclude(error, file)
        log.info("trying again: %s", error.message)
        self.hold_until = max(self.hold_until, now + pause)
        if gained_bytes < MUCH_BYTES:
            backoff = min(2.0 ** (file.failures - 2), MAX_BACKOFF_SECONDS) if file.failures else 0.05
            file.not_before = now + backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
        if file.is_unsure:
            file.forget()


def _give_up_ranges(file: PartialFile, oddity: str) -> None:
    """From now on fetch the whole file over one connection. The bytes here are kept until that has begun."""
    if file.accepts_ranges is not False:
        log.info("%s; it is fetched whole", oddity)
        file.accepts_ranges, file.oddity = False, oddity
        file.unpacks = False  # only the whole answer shows whether it is packed


def _conclude(error: SourceError, file: PartialFile) -> SourceError:
    """Return the error that ends the transfer. It is permanent if a request without a range failed too."""
    if not file.oddity or error.retry_after_seconds:
        return error
    before = file.oddity.removeprefix(f"{file.remote.path}: ")
    return SourceError(f"{error.message} (in parts: {before})", permanent=True, cause=error.cause)


def _as_transient(error: SourceError) -> SourceError:
    seconds = error.retry_after_seconds
    return SourceError(error.message, permanent=False, retry_after_seconds=seconds, cause=error.cause)


def find_lack(channel: Channel, code: int) -> Exception | None:
    """Return what is wrong with an answer that libcurl ended with `code`; None if it brought all requested bytes."""
    fetch, remote = channel.fetch, channel.file.remote
    if code == pycurl.E_BAD_CONTENT_ENCODING:
        text = f"{remote.path}: what the server sent encoded cannot be unpacked"
        return RangesUnusable(text) if channel.asked.is_range else SourceError(text, permanent=True)
    if code == pycurl.E_WRITE_ERROR and not fetch.is_part:
        return SourceError(f"{remote.path}: the server sent more than was announced", permanent=True)
    if code and not fetch.is_complete:
        return channel.explain(code)
    is_all = channel.file.is_complete if fetch.is_whole else fetch.is_complete  # a part is not the whole
    if is_all and channel.file.total_bytes is not None:
        return None
    if channel.file.total_bytes is None:
        is_half = is_far_below(fetch.at, remote.about_bytes)
        expected = f"about {remote.about_bytes}" if is_half else ""
    else:
        expected = str(channel.file.total_bytes)
    text = f"{remote.path}: the server's answer ended at byte {fetch.at} of {expected}"
    return SourceError(text, permanent=False, cause=Cause.NETWORK) if expected else None
