"""All connections of one transfer: which are at work, how fast they are, and which have just ended."""

import logging
import math
import statistics
import time
from collections.abc import Callable, Iterator

import pycurl

from downloads_app.sources import Target
from downloads_app.sources.descriptors import open_multi
from downloads_app.worker.files.partial_file import Fetch
from downloads_app.worker.transfer.channel import Channel

log = logging.getLogger(__name__)

Ended = tuple[Channel, int]
"""A channel whose request has ended, with libcurl's code."""
LAGGARD_SHARE = 0.2
"""A connection is a laggard if its speed is below this share of the median."""
LAGGARD_AGE_SECONDS = 3.0
LAGGARD_REST_SECONDS = 5.0
"""At most one laggard is replaced in this time."""


class ChannelPool:
    """Channels in one libcurl multi handle. Idle channels keep their connection for the next fetch.

    Any call of libcurl may run a channel's callbacks. If a callback ends a transfer during another call than
    `perform`, that call does not raise: `move` returns the channel later.
    """

    def __init__(self, make_channel: Callable[[], Channel]) -> None:
        self._make_channel = make_channel
        self._multi = open_multi()
        self._busy: dict[pycurl.Curl, Channel] = {}
        self._idle: list[Channel] = []
        self._ended_outside: list[Ended] = []
        """Channels that ended in another call than `perform`, and that `move` has not returned yet."""
        self._replaced_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._busy) + len(self._ended_outside)

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._busy.values()))

    def start(self, fetch: Fetch, target: Target) -> None:
        """Start a fetch on a connection. Raises SourceError if its address may not be used."""
        channel = self._idle.pop() if self._idle else self._make_channel()
        channel.begin(fetch, target, companions=len(self._busy))
        self.go_on(channel)

    def go_on(self, channel: Channel) -> None:
        """Start the request that a channel has prepared."""
        self._busy[channel.curl] = channel
        try:
            self._multi.add_handle(channel.curl)
        except pycurl.error as exc:
            self._end_outside(channel, exc.args[0])

    def move(self, patience_seconds: float) -> list[Ended]:
        """Move bytes, or wait for some. Return the channels that have ended, with libcurl's code.

        The caller then calls `go_on` or `put_back` for each of them, or closes it.
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
        """Return how many requests are still running. An error of the multi handle ends all of them."""
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
        """Resume the channels that the bandwidth limit has paused."""
        for channel in self:
            try:
                channel.resume()
            except pycurl.error as exc:
                self._end_outside(channel, exc.args[0])

    def excuse(self, seconds: float) -> None:
        """Do not count these seconds as silence of the servers: in this time we did not read."""
        for channel in self._busy.values():
            channel.last_byte_at += seconds

    def flowing(self) -> int:
        """How many connections have ever brought a byte."""
        return sum(channel.has_flowed for channel in (*self._busy.values(), *self._idle))

    @property
    def round_trip_seconds(self) -> float:
        """The shortest silence of a connection between two fetches; 0 before any answer."""
        shortest = min((channel.round_trip_seconds for channel in (*self._busy.values(), *self._idle)), default=0.0)
        return shortest if shortest < math.inf else 0.0

    def expected_speed(self, connections: int) -> float:
        """The expected speed of the next fetch as one of `connections`, in bytes per second; 0 for a new connection.

        It is the earlier speed of the connection that will be used. It is at most an equal share of the total, because
        new connections often take speed from the others.
        """
        own = self._idle[-1].bytes_per_second if self._idle else 0.0
        return min(own, (own + sum(channel.bytes_per_second for channel in self._busy.values())) / connections)

    def find_laggard(self) -> Channel | None:
        """Return a connection that is far slower than the others and would still take long, or None.

        Returns at most one every LAGGARD_REST_SECONDS. Finished connections count with their last speed, so the last
        running one can be found too.
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
