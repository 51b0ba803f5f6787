"""Sets of bytes: sorted, disjoint, half-open ranges, as a partial file holds them."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Range = tuple[int, int]


class RangeSet:
    """A set of bytes. An added range is joined with the ranges that it touches."""

    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in ranges:
            self.add(start, end)

    def __iter__(self) -> Iterator[Range]:
        return zip(self._starts, self._ends, strict=True)

    def add(self, start: int, end: int) -> None:
        """Add the bytes from `start` up to, but not including, `end`."""
        if end <= start:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def total(self) -> int:
        """The number of bytes in the set."""
        return sum(self._ends) - sum(self._starts)

    def prefix_end(self) -> int:
        """The end of the range that begins at 0; 0 if there is none."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def gaps(self, end: int) -> Iterator[Range]:
        """Yield the missing ranges up to `end`, in order."""
        at = 0
        for start, stop in self:
            if start >= end:
                break
            if at < start:
                yield at, start
            at = stop
        if at < end:
            yield at, end
