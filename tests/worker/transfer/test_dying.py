"""Which connections are replaced because they die away, and which are not."""

import math
from types import SimpleNamespace
from typing import Any

from downloads_app.worker.transfer.dying import MAX_DYING_SECONDS, DyingWatch

MB = 1_000_000


class Connection:
    """It has brought 100 MB within 100 s, and now brings nothing any more."""

    def __init__(self, *, is_paused: bool) -> None:
        self.is_paused = is_paused
        self.answer, self.begun_at, self.bytes_per_second, self.remaining_seconds = object(), 0.0, 0.0, math.inf
        self.fetch = SimpleNamespace(gained_bytes=100 * MB, at=100 * MB, end=200 * MB)
        self.file = SimpleNamespace(accepts_ranges=True)


def find_all(channel: Any) -> list[Any]:
    """Return what is found of it within several times the longest patience."""
    now = [100.0]
    watch = DyingWatch(lambda: now[0])
    found = []
    while now[0] < 5 * MAX_DYING_SECONDS:
        found.append(watch.find([channel], 500_000.0))
        now[0] += 1
    return [each for each in found if each is not None]


def test_one_that_brings_nothing_any_more_is_replaced() -> None:
    dead = Connection(is_paused=False)
    assert find_all(dead)[0] is dead


def test_one_that_our_own_limit_keeps_waiting_is_left_alone() -> None:
    assert find_all(Connection(is_paused=True)) == []
