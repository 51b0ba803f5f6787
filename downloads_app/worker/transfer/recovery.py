"""What follows when a fetch fails: try again and when, begin the file anew, use fewer connections, give up."""

import logging
import math
import random
import time

import pycurl

from downloads_app.errors import SourceError, TooManyFiles
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.transfer.addresses import Addresses
from downloads_app.worker.transfer.channel import Channel
from downloads_app.worker.transfer.connection_count import ConnectionCount
from downloads_app.worker.transfer.verdicts import ContentChanged, Encoded, RangesIgnored, RangesUnusable, is_far_below

log = logging.getLogger(__name__)

MAX_FAILURES = 6
"""Failures of one file in a row, without a byte in between, after which the transfer gives up."""
MAX_RETRY_AFTER_SECONDS = 120
"""A server that asks for a longer pause gets it from whoever runs the transfer."""
MAX_BACKOFF_SECONDS = 30.0
SHORT_SECONDS, MAX_SHORT_SECONDS = 0.5, 20.0
"""How long to wait where the process has too many open files, and for how long at most with one connection."""
ON_ITS_WAY_SECONDS = 5.0
"""How long to wait for a file that the server is making ready, where it does not say how long that takes."""
MUCH_BYTES = 256 * 1024
LINGERING_TRIES = 3
"""How often a server that has refused a crowd may refuse a lone connection before it is believed."""
RENEWALS = 2
"""How often in a row an address that a source has just named is believed to have expired meanwhile."""
_CROWDED = (403, 429, 503)
"""How servers say that there are too many connections."""
_EXPIRED = (400, 401, 403, 404, 410)
"""How servers say that a signed address is no longer good."""
_NOT_IN_PARTS = (400, 405, 406, 411, 412, 413, 417, 501)
"""How servers say that they do not like the request, where it may be the range that they do not like."""


class Recovery:
    """Decides what to do about failures; raises those that nothing can be done about."""

    def __init__(self, count: ConnectionCount, addresses: Addresses) -> None:
        self._count = count
        self._addresses = addresses
        self.hold_until = 0.0
        """When the server may be asked again (`Retry-After`), on the monotonic clock."""
        self._refused_at = -math.inf
        self._short_since: float | None = None
        """When there were last too many open files although others of our connections could be closed."""

    def deal_with(self, channel: Channel, fault: Exception, companions: int) -> None:
        """Do what `fault` asks for, which ended the channel's fetch beside `companions` others."""
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
        is_crowded = head.status in _CROWDED and "x-error-code" not in head.headers  # by which hubs say other things
        if head.status in _EXPIRED and self._may_have_expired(channel):
            if not self._renew(channel):
                return  # others have found out: that is one failure, not sixteen
            fault = _as_transient(fault)
        elif is_crowded and companions:
            self._count.refuse(companions + 1)
            if channel.begun_at < self._refused_at:
                return  # it was on its way when another one was refused: that is one failure, not twelve
            self._refused_at = time.monotonic()
            fault = _as_transient(fault)
        elif is_crowded and self._count.is_curbed and file.failures < LINGERING_TRIES:
            fault = _as_transient(fault)
        elif fault.permanent and channel.asked.is_range and head.status in _NOT_IN_PARTS:
            _give_up_ranges(file, fault.message)
            return
        self.retry(file, fault, gained_bytes=channel.fetch.gained_bytes)

    def lack_files(self, fault: TooManyFiles, companions: int) -> None:
        """Use fewer connections; raises `fault` where even one has long been too many."""
        self._count.refuse(companions + 1)
        now = time.monotonic()
        if companions or self._short_since is None:
            self._short_since = now
        if now - self._short_since > MAX_SHORT_SECONDS:
            raise fault
        self.hold_until = max(self.hold_until, now + SHORT_SECONDS)

    def _may_have_expired(self, channel: Channel) -> bool:
        """Whether what was asked had been found out some time before; of a source's word just now, only so often."""
        return bool(channel.shortcut_url) or (self._addresses.are_lent and channel.file.failures < RENEWALS)

    def _renew(self, channel: Channel) -> bool:
        """Forget where the file was asked for; False where that has been done since."""
        file = channel.file
        is_news = self._addresses.renew(file.remote, channel.target)
        if channel.shortcut_url is None:
            return is_news
        if file.resolved_url != channel.shortcut_url:
            return False
        file.resolved_url = None  # the provider is asked for another one
        return True

    def retry(self, file: PartialFile, error: SourceError, *, gained_bytes: int) -> None:
        """Try a file again: at once where the failed fetch had brought much, else later and later, with jitter.

        Raises `error` when that is no use.
        """
        pause = error.retry_after_seconds or 0.0
        is_kept = gained_bytes > 0 and file.accepts_ranges is not False
        file.failures = 0 if is_kept else file.failures + 1
        if error.permanent or pause > MAX_RETRY_AFTER_SECONDS or file.failures >= MAX_FAILURES:
            raise _conclude(error, file)
        log.info("trying again: %s", error.message)
        now = time.monotonic()
        if error.is_on_its_way:
            file.not_before = now + (pause or ON_ITS_WAY_SECONDS)  # it alone waits: the server has no trouble
            return
        self.hold_until = max(self.hold_until, now + pause)
        if gained_bytes < MUCH_BYTES:
            backoff = min(2.0 ** (file.failures - 2), MAX_BACKOFF_SECONDS) if file.failures else 0.05
            file.not_before = now + backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries
        file.drop_if_unsure()


def _give_up_ranges(file: PartialFile, oddity: str) -> None:
    """Fetch the file whole from now on, by one connection; what is here is kept until that has begun."""
    if file.accepts_ranges is not False:
        log.info("%s; it is fetched whole", oddity)
        file.accepts_ranges, file.oddity = False, oddity


def _conclude(error: SourceError, file: PartialFile) -> SourceError:
    """Return what ends the transfer: where not even the whole file can be had from an odd server, that is final."""
    if not file.oddity or error.retry_after_seconds:
        return error
    before = file.oddity.removeprefix(f"{file.remote.path}: ")
    return SourceError(f"{error.message} (in parts: {before})", permanent=True)


def _as_transient(error: SourceError) -> SourceError:
    return SourceError(error.message, permanent=False, retry_after_seconds=error.retry_after_seconds)


def find_lack(channel: Channel, code: int) -> Exception | None:
    """Say what is wrong with an answer that libcurl ended with `code`; None where it brought what it was to bring."""
    fetch, remote = channel.fetch, channel.file.remote
    if code == pycurl.E_BAD_CONTENT_ENCODING:
        text = f"{remote.path}: what the server sent encoded cannot be unpacked"
        return RangesUnusable(text) if channel.asked.is_range else SourceError(text, permanent=True)
    if code == pycurl.E_WRITE_ERROR and not fetch.is_part:
        return SourceError(f"{remote.path}: the server sent more than was announced", permanent=True)
    if code and not fetch.is_complete:
        return channel.explain(code)
    is_all = channel.file.is_complete if fetch.is_whole else fetch.is_complete  # a part is not what was asked for whole
    if is_all and channel.file.total_bytes is not None:
        return None
    if channel.file.total_bytes is None:
        is_half = is_far_below(fetch.at, remote.about_bytes)
        expected = f"about {remote.about_bytes}" if is_half else ""
    else:
        expected = str(channel.file.total_bytes)
    text = f"{remote.path}: the server's answer ended at byte {fetch.at} of {expected}"
    return SourceError(text, permanent=False) if expected else None
