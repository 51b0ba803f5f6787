"""Speed and time left under an injected clock: stalls, resumes, the unknown, and the comparison with others."""

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_eta import OURS, Score, compare, rank, replay
from benchmarks.eta_traces import TRACES
from downloads_app.services.progress import ProgressMeter

MEGABYTE = 1_000_000


class Clock:
    """A clock that only we move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Line:
    """A download over a line of a given rate, observed once a second."""

    def __init__(self, total_bytes: int | None, current_bytes: int = 0) -> None:
        self.clock = Clock()
        self.meter = ProgressMeter(self.clock)
        self.current_bytes, self.total_bytes = current_bytes, total_bytes
        self.meter.observe(current_bytes, total_bytes)

    def run(self, seconds: int, rate: int) -> None:
        for _ in range(seconds):
            self.clock.now += 1
            self.current_bytes += rate
            self.meter.observe(self.current_bytes, self.total_bytes)


def test_a_steady_line_shows_its_rate_and_the_true_time_left() -> None:
    line = Line(100 * MEGABYTE)
    line.run(40, MEGABYTE)
    assert line.meter.speed_bytes_per_second == MEGABYTE
    assert line.meter.eta_seconds == 60


def test_speed_falls_to_zero_within_ten_seconds_of_a_stall_and_the_time_left_becomes_unknown() -> None:
    line = Line(100 * MEGABYTE)
    line.run(20, MEGABYTE)
    line.run(9, 0)
    assert line.meter.speed_bytes_per_second == 0
    assert line.meter.eta_seconds is None


def test_a_stall_shows_also_when_nobody_observes_any_more() -> None:
    line = Line(100 * MEGABYTE)
    line.run(20, MEGABYTE)
    line.clock.now += 9
    assert line.meter.speed_bytes_per_second == 0
    assert line.meter.eta_seconds is None


def test_after_a_stall_the_time_left_is_what_it_was_before() -> None:
    line = Line(100 * MEGABYTE)
    line.run(20, MEGABYTE)
    line.run(60, 0)
    line.run(1, MEGABYTE)
    assert line.meter.eta_seconds == pytest.approx(79, abs=1)


def test_resumed_bytes_are_no_speed() -> None:
    line = Line(10_000 * MEGABYTE, current_bytes=9_000 * MEGABYTE)
    assert line.meter.speed_bytes_per_second == 0
    line.run(10, MEGABYTE)
    assert line.meter.speed_bytes_per_second == MEGABYTE
    assert line.meter.eta_seconds == 990


def test_skipped_bytes_are_no_speed() -> None:
    line = Line(1_000 * MEGABYTE)
    line.run(10, MEGABYTE)
    line.meter.skip(500 * MEGABYTE)
    line.current_bytes += 500 * MEGABYTE
    line.run(1, MEGABYTE)
    assert line.meter.speed_bytes_per_second == MEGABYTE
    assert line.meter.eta_seconds == pytest.approx(489, rel=0.04)


def test_bytes_counted_anew_are_no_negative_speed() -> None:
    line = Line(100 * MEGABYTE)
    line.run(10, MEGABYTE)
    line.run(1, -5 * MEGABYTE)
    assert line.meter.speed_bytes_per_second == 0
    line.run(5, MEGABYTE)
    assert line.meter.speed_bytes_per_second == MEGABYTE
    assert line.meter.eta_seconds == pytest.approx(90, abs=4)


def test_an_unknown_total_leaves_the_time_left_unknown_but_not_the_speed() -> None:
    line = Line(None)
    line.run(10, MEGABYTE)
    assert line.meter.speed_bytes_per_second == MEGABYTE
    assert line.meter.eta_seconds is None


def test_a_total_that_becomes_known_gives_a_time_left() -> None:
    line = Line(None)
    line.run(10, MEGABYTE)
    line.total_bytes = 110 * MEGABYTE
    line.run(1, MEGABYTE)
    assert line.meter.eta_seconds == 99


def test_nothing_observed_is_unknown() -> None:
    meter = ProgressMeter(Clock())
    assert meter.speed_bytes_per_second == 0
    assert meter.eta_seconds is None


def test_a_finished_download_has_no_time_left_and_an_unfinished_one_always_some() -> None:
    line = Line(10 * MEGABYTE)
    line.run(9, MEGABYTE)
    line.clock.now += 1.9
    assert line.meter.eta_seconds == 1
    line.run(1, MEGABYTE)
    assert line.meter.eta_seconds == 0


def test_between_two_observations_the_time_left_counts_down() -> None:
    line = Line(100 * MEGABYTE)
    line.run(20, MEGABYTE)
    line.clock.now += 3
    assert line.meter.eta_seconds == 77


def test_noise_on_the_line_does_not_make_the_time_left_jump() -> None:
    line, random = Line(600 * MEGABYTE), Random(7)
    line.run(30, MEGABYTE)
    shown = []
    for _ in range(200):
        line.run(1, int(MEGABYTE * random.uniform(0.6, 1.4)))
        eta_seconds = line.meter.eta_seconds
        assert eta_seconds is not None
        shown.append(eta_seconds)
    jumps = [abs(later - earlier + 1) for earlier, later in itertools.pairwise(shown)]
    assert max(jumps) <= 6, "no jump above one hundredth of the ten minutes that are left"
    assert sum(jumps) / len(jumps) < 0.5


def test_a_lasting_change_of_speed_is_believed_after_ten_seconds() -> None:
    line = Line(1_000 * MEGABYTE)
    line.run(100, 5 * MEGABYTE)
    line.run(12, MEGABYTE)
    assert line.meter.eta_seconds == pytest.approx(488, rel=0.05)


@given(
    st.lists(
        st.tuples(st.floats(0, 30), st.integers(-(10**9), 10**12), st.none() | st.integers(0, 10**13)),
        max_size=60,
    )
)
def test_whatever_is_observed_the_figures_stay_sane(
    steps: list[tuple[float, int, int | None]],
) -> None:
    clock, current_bytes = Clock(), 0
    meter = ProgressMeter(clock)
    for seconds, arrived, total_bytes in steps:
        clock.now += seconds
        current_bytes = max(0, current_bytes + arrived)
        meter.observe(current_bytes, total_bytes)
        assert isinstance(meter.speed_bytes_per_second, int)
        assert meter.speed_bytes_per_second >= 0
        assert meter.eta_seconds is None or meter.eta_seconds >= 0


def test_a_hundred_thousand_observations_keep_memory_bounded() -> None:
    clock = Clock()
    meter = ProgressMeter(clock)
    for count in range(100_000):
        clock.now += 0.0001
        meter.observe(count, 10**9)
    assert len(meter._window._samples) < 50


@pytest.fixture(scope="module")
def table() -> dict[str, dict[str, Score]]:
    return compare(range(1000, 1012))


@pytest.mark.parametrize("trace", TRACES)
def test_no_trace_sees_our_time_left_worse_than_third_of_six(trace: str, table: dict[str, dict[str, Score]]) -> None:
    assert max(rank(table[trace])) <= 3


def test_over_all_traces_our_time_left_is_the_nearest_and_the_calmest(table: dict[str, dict[str, Score]]) -> None:
    assert rank(table["mean of all"]) == (1, 1)


def test_the_comparison_lets_a_perfect_estimate_win() -> None:
    class Perfect:
        def __init__(self, left_seconds: list[int]) -> None:
            self.left_seconds = left_seconds

        def observe(self, current_bytes: int, total_bytes: int) -> None:
            pass

        @property
        def eta_seconds(self) -> int:
            return self.left_seconds.pop(0)

    trace = [1.0] * 400
    shown = replay(trace, lambda _clock: Perfect(list(range(99, 0, -1))))
    assert all(left == eta for left, eta in shown)
    assert OURS in compare(range(1))["steady"]
