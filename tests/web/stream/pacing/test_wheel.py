"""Whatever happens between two ticks, each stream of a slot is sent exactly what its view shows at the tick."""

import itertools
from functools import partial
from types import SimpleNamespace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from downloads_app.services.live.view import View
from downloads_app.services.live.viewers import ignore_change
from downloads_app.web.stream.frames import frame_of
from downloads_app.web.stream.pacing.io_uring.ring import address_of
from downloads_app.web.stream.pacing.senders import REFUSED, Batch
from downloads_app.web.stream.pacing.slots import PacedStream
from downloads_app.web.stream.pacing.wheel import Wheel

SLOTS = 2
VIEWS = 3


class Kernel:
    """A sender that keeps what it is given, and refuses what it is told to refuse."""

    def __init__(self) -> None:
        self.refusals: dict[int, int] = {}
        self.sent: dict[PacedStream, bytes] = {}

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        self.sent = dict(zip(batch.receivers, (source.packet.data for source in batch.holders), strict=True))
        assert list(batch.fds) == [paced.fd for paced in batch.receivers]
        assert list(batch.addresses) == [address_of(data) for data in self.sent.values()]
        assert list(batch.lengths) == [len(data) for data in self.sent.values()]
        return {place: sent for place, sent in self.refusals.items() if place < len(batch)}


class RandomWheel(RuleBasedStateMachine):
    """Streams come, go and are shown other views, views change, and slots have their turns."""

    paced_streams = Bundle("paced_streams")

    def __init__(self) -> None:
        super().__init__()
        self.wheel = Wheel(SLOTS)
        self.kernel = Kernel()
        self.views = [View() for _ in range(VIEWS)]
        self.position_of: dict[PacedStream, int] = {}
        self.events: dict[PacedStream, int] = {}
        self.fds = itertools.count(3)
        self.contents = itertools.count()
        for view in range(VIEWS):
            self.end_read(view)
            self.change(view, 0)

    @rule(
        target=paced_streams,
        view=st.integers(0, VIEWS - 1),
        position=st.integers(0, SLOTS - 1),
        is_chunked=st.booleans(),
        expires=st.sampled_from([10.0, 20.0, float("inf")]),
    )
    def come(self, view: int, position: int, is_chunked: bool, expires: float) -> PacedStream:
        watch = SimpleNamespace(view=self.views[view], on_show=ignore_change)
        sock = SimpleNamespace(fileno=partial(next, self.fds), send=None)
        stream: Any = SimpleNamespace(watch=watch, expires_at=expires, is_chunked=is_chunked, sock=sock, woken=None)
        paced = PacedStream(stream)
        self.wheel.add(paced, position)
        self.position_of[paced] = position
        self.events[paced] = 0
        return paced

    @rule(paced=consumes(paced_streams))
    def go(self, paced: PacedStream) -> None:
        self.wheel.drop(paced)
        self.position_of.pop(paced, None)

    @rule(paced=paced_streams, view=st.integers(0, VIEWS - 1))
    def show_another(self, paced: PacedStream, view: int) -> None:
        paced.watch.view = self.views[view]
        paced.watch.on_show()

    @rule(view=st.integers(0, VIEWS - 1), download=st.integers(0, 2))
    def change(self, view: int, download: int) -> None:
        self.views[view].put(str(download), str(download), b"%d" % next(self.contents))

    @rule(view=st.integers(0, VIEWS - 1), download=st.integers(0, 2))
    def remove(self, view: int, download: int) -> None:
        self.views[view].remove(str(download))

    @rule(view=st.integers(0, VIEWS - 1))
    def forget(self, view: int) -> None:
        self.views[view].clear()

    @rule(view=st.integers(0, VIEWS - 1))
    def end_read(self, view: int) -> None:
        self.views[view].is_loaded = True

    @rule(view=st.integers(0, VIEWS - 1))
    def let_a_generator_look(self, view: int) -> None:
        if _is_shown(self.views[view]):
            frame_of(self.views[view])

    @rule(
        position=st.integers(0, 2 * SLOTS - 1),
        now=st.sampled_from([0.0] * 8 + [15.0, 25.0]),
        is_fresh=st.sampled_from([True] * 9 + [False]),
        refusals=st.dictionaries(st.integers(0, 5), st.sampled_from([REFUSED, -32, 1]), max_size=2),
    )
    def tick(self, position: int, now: float, is_fresh: bool, refusals: dict[int, int]) -> None:
        here = {paced for paced, where in self.position_of.items() if where == position % SLOTS}
        self.kernel.refusals = refusals
        leaving = list(self.wheel.serve(position, self.kernel, now, is_fresh))
        due = {paced for paced in here if not is_fresh or now >= paced.expires_at or not _is_shown(paced.watch.view)}
        assert self.kernel.sent == {paced: _on_the_wire(paced) for paced in here - due}
        refused = {paced for place, paced in enumerate(self.kernel.sent) if place in refusals}
        assert len(leaving) == len(due | refused)
        assert set(leaving) == due | refused
        assert all((paced.refused is not None) == (paced in refused) for paced in here)
        for place, paced in enumerate(self.kernel.sent):
            self.events[paced] += refusals.get(place, 1) > 0
        for paced in leaving:
            del self.position_of[paced]

    @invariant()
    def nothing_is_kept_of_those_who_left(self) -> None:
        shown = {(id(paced.watch.view), paced.is_chunked) for paced in self.position_of}
        assert {(id(view), is_chunked) for view, is_chunked in self.wheel._feeds} == shown
        assert sum(len(view.feeds) for view in self.views) == len(shown)
        for paced, events in self.events.items():
            if paced in self.position_of:
                assert paced.watch.on_show is not ignore_change
            else:
                assert paced.watch.on_show is ignore_change
                assert paced.events_sent == events


def _is_shown(view: View) -> bool:
    return view.is_loaded and len(view) > 0


def _on_the_wire(paced: PacedStream) -> bytes:
    frame = frame_of(paced.watch.view)
    return b"%X\r\n%b\r\n" % (len(frame), frame) if paced.is_chunked else frame


TestRandomWheel = RandomWheel.TestCase
TestRandomWheel.settings = settings(max_examples=150, stateful_step_count=60)
