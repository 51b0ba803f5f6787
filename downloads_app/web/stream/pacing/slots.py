"""The streams that the pacer sends for, in slots of the same tick, and the frame that is ready for each.

A stream whose view did not change needs no preparation: the address of its frame is in a column, and the kernel gets
that column as it is. Touching an object per stream costs a cache miss each, because the last time was two seconds ago.
So a view that changes tells its feeds, a feed marks the locations of its streams, and a tick visits only the marked
locations.
"""

import math
from array import array
from collections.abc import Callable, MutableSequence

from downloads_app.services.live.view import View
from downloads_app.web.stream import metrics
from downloads_app.web.stream.frames import as_chunk, frame_of
from downloads_app.web.stream.generator import Stream
from downloads_app.web.stream.pacing.packets import NOTHING, Packet
from downloads_app.web.stream.pacing.senders import REFUSED, Batch, Sender

_SLOT_BITS = 8
"""A location is one number: a stream's place in its slot, and in the lower bits the slot's number."""
MAX_SLOTS = 1 << _SLOT_BITS


class PacedStream:
    """A stream for which the pacer sends, while its generator sleeps."""

    __slots__ = (
        "events_sent",
        "expires_at",
        "fd",
        "is_chunked",
        "is_gone",
        "joined",
        "place",
        "refused",
        "send",
        "slot",
        "tick",
        "watch",
        "woken",
    )

    def __init__(self, stream: Stream) -> None:
        self.watch = stream.watch
        self.expires_at = stream.expires_at
        self.is_chunked = stream.is_chunked
        self.fd: int = stream.sock.fileno()
        self.send: Callable[[bytes | memoryview], int] = stream.sock.send
        self.woken = stream.woken
        self.slot: Slot | None = None
        self.place = self.joined = 0
        """Its place in the slot, and how many turns the slot had had when it came."""
        self.events_sent = 0
        self.is_gone = False
        self.tick: float | None = None
        """The tick at which the generator has to act; None while the pacer acts for it."""
        self.refused: memoryview | None = None
        """The rest of a frame that the kernel took in part; this must be sent next. Empty if it took no byte."""

    def wake(self, tick: float) -> None:
        """Give the stream back to its generator."""
        self.tick = tick
        self.woken.set()


class Feed:
    """A view's frame in one framing (chunked or not), and the locations of all streams that get it."""

    __slots__ = ("_locations", "_slots", "is_chunked", "packet", "view")

    def __init__(self, view: View, is_chunked: bool, slots: "list[Slot]") -> None:
        self.view = view
        self.is_chunked = is_chunked
        self._slots = slots
        self._locations = array("Q")
        self.packet = NOTHING
        """The view's current frame. NOTHING when the frame is outdated: then all locations are marked."""

    def __len__(self) -> int:
        return len(self._locations)

    def add(self, location: int) -> int:
        """Add a location. Return its index in this feed, for `move` and `remove`."""
        self._locations.append(location)
        return len(self._locations) - 1

    def move(self, entry: int, location: int) -> None:
        """Replace a location whose stream has a new place."""
        self._locations[entry] = location

    def remove(self, entry: int) -> None:
        """Remove a location. The last location takes its index."""
        last = self._locations.pop()
        if entry < len(self._locations):
            self._locations[entry] = last
            self._slots[last % MAX_SLOTS].entries[last >> _SLOT_BITS] = entry

    def outdate(self) -> None:
        """Mark all locations: their frame is outdated, and its memory is about to be freed."""
        self.packet = NOTHING
        slots = self._slots
        for location in self._locations:
            slots[location % MAX_SLOTS].marks[location >> _SLOT_BITS] = 1

    def load(self) -> bool:
        """Make the frame and load it at all locations. Return False if the view has no `update` to send.

        The first turn of any of its slots loads all: later, feed and frame would no longer be in the cache.
        """
        if not (self.view.is_loaded and len(self.view)):
            return False
        frame = frame_of(self.view)
        packet = self.packet = Packet(as_chunk(frame) if self.is_chunked else frame)
        slots, address, length = self._slots, packet.address, packet.length
        for location in self._locations:
            slot, place = slots[location % MAX_SLOTS], location >> _SLOT_BITS
            batch = slot.batch
            batch.addresses[place] = address
            batch.lengths[place] = length
            slot.marks[place] = 0
        return True


class Slot:
    """Paced streams with the same tick, at the places 0, 1, 2 and so on."""

    __slots__ = ("_expires_at", "_number", "_turns", "batch", "entries", "marks")

    def __init__(self, number: int) -> None:
        self.batch: Batch[PacedStream, Feed] = Batch()
        self.marks = bytearray()
        """1 at each place whose frame must be loaded before the next turn."""
        self.entries = array("I")
        """For each place, the index of its location in its feed."""
        self._number = number
        self._expires_at = math.inf
        """No token of the slot expires before this Unix time."""
        self._turns = 0

    def add(self, paced: PacedStream, feed: Feed) -> None:
        """Add a stream; its first turn is the next one."""
        paced.slot, paced.place, paced.joined = self, self.batch.add(paced, feed), self._turns
        self.entries.append(feed.add(self._location(paced.place)))
        self.marks.append(feed.packet is NOTHING)
        self._expires_at = min(self._expires_at, paced.expires_at)

    def drop(self, paced: PacedStream) -> Feed:
        """Remove a stream. The last stream takes its place. Return the feed of the removed one."""
        place, last = paced.place, len(self.batch) - 1
        feed = self.batch.holders[place]
        feed.remove(self.entries[place])
        if place != last:
            self.batch.holders[last].move(self.entries[last], self._location(place))
        columns: list[MutableSequence[int]] = [self.entries, self.marks]
        for column in columns:
            column[place] = column[-1]
            column.pop()
        self.batch.drop(place).place = place
        paced.events_sent += self._turns - paced.joined
        paced.slot = None
        return feed

    def _location(self, place: int) -> int:
        return place << _SLOT_BITS | self._number

    def find_expired(self, now: float) -> list[PacedStream]:
        """Return the streams whose token has expired. `now` is Unix time: other clocks stop while a machine sleeps."""
        if now < self._expires_at:
            return []
        paced_streams = self.batch.receivers
        self._expires_at = min(
            (paced.expires_at for paced in paced_streams if now < paced.expires_at), default=math.inf
        )
        return [paced for paced in paced_streams if now >= paced.expires_at]

    def load_changed(self) -> list[PacedStream]:
        """Load the frames of marked places. Return the streams that have no `update` to send."""
        done = []
        place = self.marks.find(1)
        while place >= 0:
            if not self.batch.holders[place].load():
                done.append(self.batch.receivers[place])
            place = self.marks.find(1, place + 1)
        return done

    def send(self, sender: Sender) -> list[PacedStream]:
        """Send each stream its frame. Return the streams whose frame the kernel did not take completely."""
        batch = self.batch
        missed = sender.send(batch)
        self._turns += 1
        events, sent_bytes = len(batch), sum(batch.lengths)
        refused = []
        for place, sent in missed.items():
            paced, packet = batch.receivers[place], batch.holders[place].packet
            sent_bytes -= packet.length - max(0, sent)
            if sent > 0:
                paced.refused = memoryview(packet.data)[sent:]
            else:
                events -= 1
                paced.events_sent -= 1
                paced.refused = memoryview(b"")
                paced.is_gone = sent != REFUSED
            refused.append(paced)
        metrics.count_sent(events, sent_bytes)
        return refused
