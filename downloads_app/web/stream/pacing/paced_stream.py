"""A stream for which the pacer sends, while its generator sleeps."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from downloads_app.web.stream.generator import Stream

if TYPE_CHECKING:
    from downloads_app.web.stream.pacing.wheel import Slot


class PacedStream:
    """A stream on the wheel (see wheel.py)."""

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
