"""On a reload, gunicorn's old worker processes learn here that the new ones serve. Imports nothing of ours.

gunicorn tells the old processes to end as soon as it has forked the new ones. The new ones then need seconds to load
the application. The old ones wait for them, so some process serves at all times.
"""

import mmap

SLOTS = 4096
"""More than there are processes; a process's slot is its age (gunicorn's count of processes) modulo this."""


class Handover:
    """Made by the master; its memory is shared with the processes forked from it."""

    def __init__(self) -> None:
        self._is_ready = mmap.mmap(-1, SLOTS)
        self._wanted = mmap.mmap(-1, 8)
        self._newest_old = mmap.mmap(-1, 8)

    def begin(self, newest_old: int, wanted: int) -> None:
        """Note which processes are replaced (up to age `newest_old`) and by how many. Call it before the fork."""
        self._is_ready[:] = bytes(SLOTS)
        self._wanted[:] = wanted.to_bytes(8, "big")
        self._newest_old[:] = newest_old.to_bytes(8, "big")

    def mark_ready(self, age: int) -> None:
        """Say that the process of this age serves."""
        self._is_ready[age % SLOTS] = 1

    def must_wait(self, age: int) -> bool:
        """Whether a process of this age is to be replaced, and its successors do not all serve yet."""
        is_replaced = age <= int.from_bytes(self._newest_old[:], "big")
        return is_replaced and sum(self._is_ready[:]) < int.from_bytes(self._wanted[:], "big")
