"""What happens when a connection has ended its request, or must end it."""

import logging
import math
import time
from collections.abc import Callable

from downloads_app.errors import Cause, DownloadsError, SourceError, TooManyFiles
from downloads_app.worker.files.finishing import Finisher
from downloads_app.worker.transfer.channel import Channel
from downloads_app.worker.transfer.channel_pool import ChannelPool
from downloads_app.worker.transfer.recovery import Recovery, find_lack
from downloads_app.worker.transfer.request import is_end_doubtful
from downloads_app.worker.transfer.verdicts import VERDICTS, RangesIgnored, RangesUnusable
from downloads_app.worker.transfer.worklist import Worklist

log = logging.getLogger(__name__)

WARN_SECONDS = 1.0
"""At most one warning in this time, even if many files lack a descriptor at once."""


class Settling:
    """Follows redirects, takes the bytes of ended requests, and passes failures to Recovery."""

    def __init__(
        self,
        pool: ChannelPool,
        work: Worklist,
        finisher: Finisher,
        recovery: Recovery,
        check_orders: Callable[[], None],
        warn: Callable[[str], None],
    ) -> None:
        """`check_orders` raises if the transfer must stop. `warn` is told what the download's owner should know."""
        self._pool, self._work, self._finisher, self._recovery = pool, work, finisher, recovery
        self._check_orders, self._warn = check_orders, warn
        self._warned_at = -math.inf

    def settle(self, channel: Channel, code: int) -> None:
        """Process a connection whose request has ended: follow the redirect, or put it back and take the result."""
        fault: Exception | None = None
        if not channel.is_stale:
            try:
                if channel.conclude(code):
                    self._pool.go_on(channel)
                    return
                fault = channel.fault
            except (DownloadsError, *VERDICTS) as exc:
                fault = exc
        self._pool.put_back(channel)
        if channel.is_stale:
            return
        self._work.take_back(channel.fetch)
        if self._finisher.has(channel.file):
            return  # other connections have brought all of it
        self._check_orders()  # the next steps may drop bytes, which another worker may own by now
        fault = fault or find_lack(channel, code)
        if fault is not None and self._believe_end(channel, fault):
            return
        if fault is None:
            self._take(channel)
            return
        if isinstance(fault, TooManyFiles):
            self.use_fewer(fault)
        else:
            self._recovery.deal_with(channel, fault, companions=len(self._pool))
        self._work.want(channel.file)

    def cut(self, channel: Channel, reason: str) -> None:
        """End a useless connection. Another one fetches the bytes that it has not brought."""
        self._pool.dismiss(channel)
        if channel.is_stale:
            return
        channel.flush()
        self._work.take_back(channel.fetch)
        error = SourceError(f"{channel.file.remote.path}: {reason}", permanent=False, cause=Cause.NETWORK)
        self._recovery.retry(channel.file, error, gained_bytes=channel.fetch.gained_bytes)

    def use_fewer(self, fault: TooManyFiles) -> None:
        """Use fewer connections, close idle ones, and open fewer files."""
        now = time.monotonic()
        if now - self._warned_at > WARN_SECONDS:
            self._warned_at = now
            log.warning("%s; fewer are used", fault.message)
        self._pool.close_idle()
        self._work.open_fewer()
        self._recovery.lack_files(fault, companions=len(self._pool))

    def _take(self, channel: Channel) -> None:
        file, fetch = channel.file, channel.fetch
        file.failures = 0
        if file.total_bytes is None:
            if channel.answer is not None and is_end_doubtful(channel.answer, channel.connection.head, file, fetch.at):
                file.doubted_end = fetch.at
                self._work.want(file)
                return
            file.total_bytes = fetch.at
        self._finisher.offer(file)

    def _believe_end(self, channel: Channel, fault: Exception) -> bool:
        """Accept that the file ends where an answer ended, if the server does not say what follows. True if so."""
        file, fetch = channel.file, channel.fetch
        is_final = isinstance(fault, (RangesUnusable, RangesIgnored)) or getattr(fault, "permanent", False)
        if file.total_bytes is not None or fetch.start != file.doubted_end or not is_final:
            return False
        self._warn(f"{file.remote.path}: nothing proves that its {fetch.start:,} bytes are all")
        file.total_bytes = fetch.start
        self._finisher.offer(file)
        return True
