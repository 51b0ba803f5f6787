"""The arithmetic of byte ranges, against sets of single bytes."""

from hypothesis import given
from hypothesis import strategies as st

from downloads_app.worker.files.ranges import RangeSet

SIZE = 60
spans = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=20)


@given(spans)
def test_a_range_set_holds_exactly_the_bytes_that_were_added(added: list[tuple[int, int]]) -> None:
    ranges, expected = RangeSet(), set()
    for start, end in added:
        ranges.add(start, end)
        expected |= set(range(start, end))
    assert {byte for start, end in ranges for byte in range(start, end)} == expected
    assert ranges.total() == len(expected)
    prefix = next(byte for byte in range(SIZE + 2) if byte not in expected)
    assert ranges.prefix_end() == prefix


@given(spans)
def test_ranges_are_sorted_and_never_touch(added: list[tuple[int, int]]) -> None:
    flat = [edge for span in RangeSet(added) for edge in span]
    assert flat == sorted(set(flat))


@given(spans, st.integers(0, SIZE))
def test_gaps_and_ranges_together_are_everything(added: list[tuple[int, int]], end: int) -> None:
    ranges = RangeSet(added)
    missing = {byte for start, stop in ranges.gaps(end) for byte in range(start, stop)}
    present = {byte for start, stop in ranges for byte in range(start, stop)}
    assert missing == set(range(end)) - present
