"""Memory that tells on itself: bytes that outlive their frame are seen at once.

Frames are kept in memory of the test's own. When nothing keeps a frame's packet any more, its memory is overwritten and
given to the next frame, as an allocator would do at some time; here it happens at once, so that an address that
outlives its packet shows foreign or dead bytes at the very next send.
"""

import ctypes
import random
import weakref
from typing import Any

from downloads_app.web.stream.pacing.packets import Packet

MAX_FRAME_BYTES = 1 << 16
POISON = 0xDD


class Memory:
    """Pieces of memory for frames; a dead one is poisoned and handed out again."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._free: list[Any] = []

    def hold(self, owner: object, data: bytes) -> int:
        """Keep a copy of the bytes for as long as `owner` lives; return its address."""
        place = self._chance.randrange(len(self._free)) if self._free else -1
        piece = self._free.pop(place) if place >= 0 else (ctypes.c_char * MAX_FRAME_BYTES)()
        ctypes.memmove(piece, data, len(data))
        weakref.finalize(owner, self._poison, piece).atexit = False
        return ctypes.addressof(piece)

    def _poison(self, piece: Any) -> None:
        ctypes.memset(piece, POISON, MAX_FRAME_BYTES)
        self._free.append(piece)


def make_packet_class(memory: Memory) -> type[Packet]:
    """Return what the wheel takes for a Packet: its bytes lie in `memory`."""

    class WatchedPacket(Packet):
        __slots__ = ("__weakref__",)

        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            self.address = memory.hold(self, data)

    return WatchedPacket
