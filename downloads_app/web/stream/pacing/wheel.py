"""The streams that the pacer sends for, by the time of their ticks; and what stands ready to be sent to each.

A stream that shows what it showed before costs nothing to prepare: its frame's address stands in a column that is
handed to the kernel as it is. Whatever is touched for one stream alone is cold memory two seconds after the last time,
and a good part of a microsecond each. So a change finds its way to the streams, not the streams to the change: a view
tells its feeds, a feed marks its seats, and at a tick only marked seats are looked at.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, MutableSequence
from functools import partial

from downloads_app.services.live.view import View
from downloads_app.services.live.viewers import ignore_change
from downloads_app.web.stream import metrics
from downloads_app.web.stream.frames import NOTHING, Packet, as_chunk, frame_of
from downloads_app.web.stream.pacing.paced_stream import PacedStream
from downloads_app.web.stream.pacing.senders import REFUSED, Batch, Sender

_SLOT_BITS = 8
"""A seat is one number: the place in the slot, and in the lower bits the slot's number."""
MAX_SLOTS = 1 << _SLOT_BITS


class Feed:
    """A view's frame in one framing, and the seats of all who are sent it."""

    __slots__ = ("_seats", "_slots", "is_chunked", "packet", "view")

    def __init__(self, view: View, is_chunked: bool, slots: "list[Slot]") -> None:
        self.view = view
        self.is_chunked = is_chunked
        self._slots = slots
        self._seats = array("Q")
        self.packet = NOTHING
        """The frame of what is shown now; NOTHING until it is made, and then all seats are marked."""

    def __len__(self) -> int:
        return len(self._seats)

    def add(self, seat: int) -> int:
        """Send it to a seat; return its entry here, by which it is known again."""
        self._seats.append(seat)
        return len(self._seats) - 1

    def move(self, entry: int, seat: int) -> None:
        """Send it to another seat instead."""
        self._seats[entry] = seat

    def remove(self, entry: int) -> None:
        """Send it to a seat no more; the last one takes its entry."""
        last = self._seats.pop()
        if entry < len(self._seats):
            self._seats[entry] = last
            self._slots[last % MAX_SLOTS].entries[last >> _SLOT_BITS] = entry

    def outdate(self) -> None:
        """Mark the seats: what is loaded there shows what is no more, and may be gone."""
        self.packet = NOTHING
        slots = self._slots
        for seat in self._seats:
            slots[seat % MAX_SLOTS].marks[seat >> _SLOT_BITS] = 1

    def load(self) -> bool:
        """Have all seats sent what is shown now; False where no `update` is due.

        All at once, whoever's turn comes first: for each by itself, feed and frame would be cold memory again.
        """
        if not (self.view.is_loaded and len(self.view)):
            return False
        frame = frame_of(self.view)
        packet = self.packet = Packet(as_chunk(frame) if self.is_chunked else frame)
        slots, address, length = self._slots, packet.address, packet.length
        for seat in self._seats:
            slot, place = slots[seat % MAX_SLOTS], seat >> _SLOT_BITS
            batch = slot.batch
            batch.addresses[place] = address
            batch.lengths[place] = length
            slot.marks[place] = 0
        return True


class Slot:
    """Paced streams whose ticks fall together; each has a seat here, at place 0, 1, 2 and so on."""

    __slots__ = ("_expires_at", "_number", "_turns", "batch", "entries", "marks")

    def __init__(self, number: int) -> None:
        self.batch: Batch[PacedStream, Feed] = Batch()
        self.marks = bytearray()
        """1 at each place that has to be loaded before the next turn."""
        self.entries = array("I")
        """For each place its entry in its feed."""
        self._number = number
        self._expires_at = math.inf
        """When the first token expires, or sooner: Unix time."""
        self._turns = 0

    def add(self, paced: PacedStream, feed: Feed) -> None:
        """Let a paced have every turn from the next one on."""
        paced.slot, paced.place, paced.joined = self, self.batch.add(paced, feed), self._turns
        self.entries.append(feed.add(self._seat(paced.place)))
        self.marks.append(feed.packet is NOTHING)
        self._expires_at = min(self._expires_at, paced.expires_at)

    def drop(self, paced: PacedStream) -> Feed:
        """Let a paced go; who sits last takes its seat. Return what it was sent."""
        place, last = paced.place, len(self.batch) - 1
        feed = self.batch.holders[place]
        feed.remove(self.entries[place])
        if place != last:
            self.batch.holders[last].move(self.entries[last], self._seat(place))
        columns: list[MutableSequence[int]] = [self.entries, self.marks]
        for column in columns:
            column[place] = column[-1]
            column.pop()
        self.batch.drop(place).place = place
        paced.events_sent += self._turns - paced.joined
        paced.slot = None
        return feed

    def _seat(self, place: int) -> int:
        return place << _SLOT_BITS | self._number

    def find_expired(self, now: float) -> list[PacedStream]:
        """Return those whose token is over, by Unix time: other clocks stand still while the machine sleeps."""
        if now < self._expires_at:
            return []
        paced_streams = self.batch.receivers
        self._expires_at = min(
            (paced.expires_at for paced in paced_streams if now < paced.expires_at), default=math.inf
        )
        return [paced for paced in paced_streams if now >= paced.expires_at]

    def load_changed(self) -> list[PacedStream]:
        """Have sent what is shown now; return those to whom no `update` is due."""
        done = []
        place = self.marks.find(1)
        while place >= 0:
            if not self.batch.holders[place].load():
                done.append(self.batch.receivers[place])
            place = self.marks.find(1, place + 1)
        return done

    def send(self, sender: Sender) -> list[PacedStream]:
        """Send each its frame; return those of whom the kernel did not take everything."""
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


class Wheel:
    """Slots that have their turn one after the other."""

    def __init__(self, slots: int) -> None:
        self._slots = [Slot(number) for number in range(slots)]
        self._feeds: dict[tuple[View, bool], Feed] = {}

    def add(self, paced: PacedStream, position: int) -> None:
        """Give a paced a seat in the slot of a position."""
        self._slots[position % len(self._slots)].add(paced, self._feed_of(paced))
        paced.watch.on_show = partial(self._reseat, paced)

    def drop(self, paced: PacedStream) -> None:
        """Take a paced from its seat, if it has one."""
        if paced.slot is not None:
            paced.watch.on_show = ignore_change
            self._end_unless_used(paced.slot.drop(paced))

    def _let_go(self, paced_streams: Iterable[PacedStream]) -> Iterator[PacedStream]:
        """Drop at once: a paced's greenlet may not have come to it a whole turn later."""
        for paced in paced_streams:
            self.drop(paced)
            yield paced

    def _feed_of(self, paced: PacedStream) -> Feed:
        key = (paced.watch.view, paced.is_chunked)
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = Feed(*key, self._slots)
            feed.view.feeds.append(feed)
        return feed

    def _end_unless_used(self, feed: Feed) -> None:
        if not len(feed):
            feed.view.feeds.remove(feed)
            del self._feeds[feed.view, feed.is_chunked]

    def _reseat(self, paced: PacedStream) -> None:
        """Send a paced another view from now on."""
        if (slot := paced.slot) is not None:
            self._end_unless_used(slot.drop(paced))
            slot.add(paced, self._feed_of(paced))

    def serve(self, position: int, sender: Sender, now: float, is_fresh: bool) -> Iterator[PacedStream]:
        """Send those of a position their `update`. Yield those, who are let go, that have something else to say or
        were not sent everything.
        """
        slot = self._slots[position % len(self._slots)]
        yield from self._let_go(slot.find_expired(now)) if is_fresh else self.clear(position)
        yield from self._let_go(slot.load_changed())
        yield from self._let_go(slot.send(sender))

    def clear(self, position: int) -> Iterator[PacedStream]:
        """Let all of a position go, and yield them."""
        yield from self._let_go(list(self._slots[position % len(self._slots)].batch.receivers))
