"""All connections of one transfer: who is at work, at which speed, and what has just ended."""

import logging
import math
import statistics
import time
from collections.abc import Callable, Iterator

import pycurl

from downloads_app.sources import Target
from downloads_app.worker.files.partial_file import Fetch
from downloads_app.worker.transfer.channel import Channel

log = logging.getLogger(__name__)

Ended = tuple[Channel, int]
"""A channel whose request has ended, with libcurl's code."""
LAGGARD_SHARE = 0.2
"""A connection below this share of the median is a laggard."""
LAGGARD_AGE_SECONDS = 3.0
LAGGARD_REST_SECONDS = 5.0
"""At most one is replaced in this time."""


class ChannelPool:
    """Channels in one libcurl multi handle; idle ones keep their connection for the next fetch.

    Any call of libcurl may run a channel's callbacks. What they refuse there ends the transfer, as it would have
    in `perform`, and is handed out by `move`: no call raises it.
    """

    def __init__(self, make_channel: Callable[[], Channel]) -> None:
        self._make_channel = make_channel
        self._multi = pycurl.CurlMulti()
        self._busy: dict[pycurl.Curl, Channel] = {}
        self._idle: list[Channel] = []
        self._ended_outside: list[Ended] = []
        """What ended in another call than `perform`; not handed out yet."""
        self._replaced_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._busy) + len(self._ended_outside)

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._busy.values()))

    def start(self, fetch: Fetch, target: Target) -> None:
        """Put a connection to work; raises SourceError where the address may not be asked."""
        channel = self._idle.pop() if self._idle else self._make_channel()
        channel.begin(fetch, target, companions=len(self._busy))
        self.go_on(channel)

    def go_on(self, channel: Channel) -> None:
        """Let a channel do the request it is prepared for."""
        self._busy[channel.curl] = channel
        try:
            self._multi.add_handle(channel.curl)
        except pycurl.error as exc:
            self._end_outside(channel, exc.args[0])

    def move(self, patience_seconds: float) -> list[Ended]:
        """Move bytes, or wait for some; return the channels that have ended, with libcurl's code.

        They have left the pool: they `go_on`, or `rest`, or are closed.
        """
        running = self._perform()
        ended, self._ended_outside = self._ended_outside, []
        if running == len(self._busy):
            if not ended:
                self._multi.select(patience_seconds)
            return ended
        left = 1
        while left:
            left, succeeded, failed = self._multi.info_read()
            ended += [(self._leave(curl), 0) for curl in succeeded]
            ended += [(self._leave(curl), code) for curl, code, _text in failed]
        return ended

    def _perform(self) -> int:
        """Return how many requests are still running. What stops libcurl as a whole ends all of them."""
        try:
            return int(self._multi.perform()[1])
        except pycurl.error:
            for channel in self:
                self._end_outside(channel, pycurl.E_FAILED_INIT)
            return 0

    def _end_outside(self, channel: Channel, code: int) -> None:
        self._ended_outside.append((self._leave(channel.curl), code))

    def put_back(self, channel: Channel) -> None:
        """Keep a channel, and its connection, for another fetch."""
        self._idle.append(channel)

    def dismiss(self, channel: Channel) -> None:
        """Close a channel that is at work."""
        self._leave(channel.curl)
        channel.close()

    def close_idle(self) -> None:
        """Close the connections that are not at work."""
        while self._idle:
            self._idle.pop().close()

    def resume(self) -> None:
        """Let those go on that paused because too much had come too fast."""
        for channel in self:
            try:
                channel.resume()
            except pycurl.error as exc:
                self._end_outside(channel, exc.args[0])

    def excuse(self, seconds: float) -> None:
        """Take note that nobody could have brought a byte in this time, because we did not read."""
        for channel in self._busy.values():
            channel.last_byte_at += seconds

    def flowing(self) -> int:
        """How many connections have ever brought a byte."""
        return sum(channel.has_flowed for channel in (*self._busy.values(), *self._idle))

    @property
    def round_trip_seconds(self) -> float:
        """How long a connection is silent between two fetches at least; 0 before anything is known."""
        shortest = min((channel.round_trip_seconds for channel in (*self._busy.values(), *self._idle)), default=0.0)
        return shortest if shortest < math.inf else 0.0

    def expected_speed(self, connections: int) -> float:
        """What the next fetch may hope for as one of `connections`, in bytes per second; 0 where it is a new one's.

        It is the speed that the connection had which will bring it; at most an equal share, as new ones often take
        from the others.
        """
        own = self._idle[-1].bytes_per_second if self._idle else 0.0
        return min(own, (own + sum(channel.bytes_per_second for channel in self._busy.values())) / connections)

    def find_laggard(self) -> Channel | None:
        """Return a connection far slower than the others that would still take long, now and then.

        The others count with their last speed when they are done: the last one is not left to itself.
        """
        now = time.monotonic()
        aged = [c for c in self._busy.values() if c.answer and now - c.begun_at > LAGGARD_AGE_SECONDS]
        speeds = [c.bytes_per_second for c in (*self._busy.values(), *self._idle)]
        if not aged or len(speeds) < 3 or now - self._replaced_at < LAGGARD_REST_SECONDS:
            return None
        slowest = min(aged, key=lambda channel: channel.bytes_per_second)
        median = statistics.median(speeds)
        if slowest.bytes_per_second > median * LAGGARD_SHARE or slowest.remaining_seconds < LAGGARD_AGE_SECONDS:
            return None
        self._replaced_at = now
        return slowest

    def close(self) -> None:
        """Close all connections."""
        for channel in self:
            self.dismiss(channel)
        for channel in (*self._idle, *(channel for channel, _ in self._ended_outside)):
            channel.close()
        self._multi.close()

    def _leave(self, curl: pycurl.Curl) -> Channel:
        try:
            self._multi.remove_handle(curl)
        except pycurl.error:
            log.debug("a request that was never added, or that a callback refused as it ended")
        return self._busy.pop(curl)
