"""Finds dying connections: they still bring bytes, but less than a hundredth of the best speed so far."""

import time
from collections.abc import Callable, Iterable

from downloads_app.worker.transfer.channel import Channel

DYING_SHARE = 0.01
"""A connection below this share of the best speed so far is dying."""
DYING_SECONDS, MAX_DYING_SECONDS = 10.0, 120.0
"""A connection is replaced after dying for so long. If its successor is no better, we wait twice as long next time."""


class DyingWatch:
    """Watches all connections of a transfer, even a single one: it remembers the best speed so far."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._best = 0.0
        self._patience_seconds = DYING_SECONDS
        self._dying_since: dict[Channel, float] = {}

    def find(self, channels: Iterable[Channel], allowed_each: float | None) -> Channel | None:
        """Return a connection that has been dying for long, or None.

        `allowed_each`: the bytes per second that our own limit leaves to each connection; None for no limit.
        """
        now = self._clock()
        going = [channel for channel in channels if channel.answer is not None and not channel.is_paused]
        for channel in going:
            speed = channel.fetch.gained_bytes / max(1.0, now - channel.begun_at)
            if speed > self._best * DYING_SHARE * 10:
                self._patience_seconds = DYING_SECONDS
            self._best = max(self._best, speed)
        best = self._best if allowed_each is None else min(self._best, allowed_each)
        dying = [channel for channel in going if self._is_dying(channel, best)]
        self._dying_since = {channel: self._dying_since.get(channel, now) for channel in dying}
        for channel, since in self._dying_since.items():
            if now - since >= self._patience_seconds:
                self._patience_seconds = min(self._patience_seconds * 2, MAX_DYING_SECONDS)
                del self._dying_since[channel]
                return channel
        return None

    def _is_dying(self, channel: Channel, best: float) -> bool:
        """Whether it is far too slow, and a new one would end sooner, even if that has to start from the beginning."""
        if channel.bytes_per_second >= best * DYING_SHARE:
            return False
        anew_bytes = channel.fetch.end - (0 if channel.file.accepts_ranges is False else channel.fetch.at)
        return channel.remaining_seconds > DYING_SECONDS + anew_bytes / best
