"""Slots that have their turns one after the other, once an interval (see slots.py)."""

from collections.abc import Iterable, Iterator
from functools import partial

from downloads_app.services.live.view import View
from downloads_app.services.live.viewers import ignore_change
from downloads_app.web.stream.pacing.senders import Sender
from downloads_app.web.stream.pacing.slots import Feed, PacedStream, Slot


class Wheel:
    """Slots that have their turn one after the other."""

    def __init__(self, slots: int) -> None:
        self._slots = [Slot(number) for number in range(slots)]
        self._feeds: dict[tuple[View, bool], Feed] = {}

    def add(self, paced: PacedStream, position: int) -> None:
        """Add a stream to the slot of a position."""
        self._slots[position % len(self._slots)].add(paced, self._feed_of(paced))
        paced.watch.on_show = partial(self._move_to_view, paced)

    def drop(self, paced: PacedStream) -> None:
        """Remove a stream, if it is on the wheel."""
        if paced.slot is not None:
            paced.watch.on_show = ignore_change
            self._end_unless_used(paced.slot.drop(paced))

    def _let_go(self, paced_streams: Iterable[PacedStream]) -> Iterator[PacedStream]:
        """Drop each stream and yield it. Drop it now: its greenlet may run only after the slot's next turn."""
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

    def _move_to_view(self, paced: PacedStream) -> None:
        """Send a stream the view that its watch shows now."""
        if (slot := paced.slot) is not None:
            self._end_unless_used(slot.drop(paced))
            slot.add(paced, self._feed_of(paced))

    def serve(self, position: int, sender: Sender, now: float, is_fresh: bool) -> Iterator[PacedStream]:
        """Send the streams of a position their `update`.

        Drop and yield the streams whose generator must act: the token expired, the snapshot is not fresh, there is no
        `update` to send, or the kernel did not take the whole frame. `now` is Unix time.
        """
        slot = self._slots[position % len(self._slots)]
        yield from self._let_go(slot.find_expired(now)) if is_fresh else self.clear(position)
        yield from self._let_go(slot.load_changed())
        yield from self._let_go(slot.send(sender))

    def clear(self, position: int) -> Iterator[PacedStream]:
        """Drop all streams of a position, and yield them."""
        yield from self._let_go(list(self._slots[position % len(self._slots)].batch.receivers))
