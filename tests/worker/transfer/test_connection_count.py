"""How the number of connections finds its level, simulated on a clock that only tests move."""

from collections.abc import Callable

from downloads_app.worker.transfer.connection_count import ConnectionCount

STEP_SECONDS = 0.1


class Line:
    """A simulated line: bytes per second as a function of the connections."""

    def __init__(self, rate: Callable[[int], float]) -> None:
        self.now = 0.0
        self.moved = 0.0
        self.rate = rate
        self.count = ConnectionCount(lambda: self.now)
        self.history: list[int] = []

    def run(self, seconds: float, ceiling: int = 16) -> "Line":
        end = self.now + seconds
        while self.now < end:
            self.now += STEP_SECONDS
            self.moved += self.rate(self.count.target) * STEP_SECONDS
            self.count.observe(int(self.moved), self.count.target, self.count.target, ceiling)
            self.history.append(self.count.target)
        return self


def test_it_begins_with_one() -> None:
    assert ConnectionCount().target == 1


def test_a_server_that_limits_each_connection_gets_all_within_two_seconds() -> None:
    assert Line(lambda connections: connections * 1e6).run(2).count.target == 16


def test_a_line_that_one_connection_fills_keeps_one() -> None:
    line = Line(lambda connections: 1e8).run(60)
    assert line.history.count(1) > 0.9 * len(line.history)


def test_it_stops_where_more_connections_bring_nothing() -> None:
    line = Line(lambda connections: min(connections, 4) * 1e6).run(60)
    assert line.count.target in (4, 8)
    assert line.history.count(4) > 0.8 * len(line.history)


def test_it_never_exceeds_the_ceiling_and_follows_it_down() -> None:
    line = Line(lambda connections: connections * 1e6).run(5, ceiling=6)
    assert max(line.history) == 6
    assert line.run(1, ceiling=2).count.target == 2


def test_a_refusal_leads_back_to_one_and_is_remembered() -> None:
    line = Line(lambda connections: connections * 1e6).run(5)
    line.count.refuse(16)
    assert line.run(50).count.target == 1
    line.run(60)
    assert 1 < line.count.target <= 15


def test_a_server_that_takes_only_one_is_not_asked_twice() -> None:
    line = Line(lambda connections: connections * 1e6)
    line.count.refuse(2)
    assert set(line.run(300).history) == {1}


def test_it_waits_for_new_connections_to_flow_before_it_judges() -> None:
    line = Line(lambda connections: connections * 1e6)
    line.count.observe(0, 1, 0, 16)
    line.now += 0.3
    line.count.observe(1000, 1, 0, 16)
    assert line.count.target == 1


def test_without_work_for_more_their_number_is_not_judged() -> None:
    line = Line(lambda connections: 1e6).run(0.05)
    assert line.count.target == 4
    for _ in range(100):
        line.now += STEP_SECONDS
        line.count.observe(0, 1, 1, 16)
    assert line.count.target == 4


def test_a_line_that_slows_down_by_itself_is_compared_anew() -> None:
    line = Line(lambda connections: (10e6 if line.now < 0.3 else 1e6) * connections)
    assert line.run(3).count.target == 16


def test_as_soon_as_the_probe_is_answered_there_are_a_few() -> None:
    line = Line(lambda connections: connections * 1e6)
    line.count.observe(0, 1, 0, 16)
    assert line.count.target == 1
    line.count.observe(1000, 1, 1, 16)
    assert line.count.target == 4


def test_the_height_is_reached_after_one_look() -> None:
    line = Line(lambda connections: connections * 1e6).run(5)
    assert sorted(set(line.history)) == [4, 16]
    assert line.history == sorted(line.history)


def test_few_are_given_up_where_one_does_as_well() -> None:
    line = Line(lambda connections: 1e8).run(2)
    assert line.count.target == 1


def test_few_are_kept_where_one_is_slower_and_more_are_not_faster() -> None:
    line = Line(lambda connections: min(connections, 4) * 1e6).run(2.5)
    assert line.count.target == 4
    assert {1, 4, 16} == set(line.history)


def test_a_ceiling_of_few_is_compared_with_one_too() -> None:
    assert Line(lambda connections: 1e8).run(2, ceiling=4).count.target == 1
    assert Line(lambda connections: connections * 1e6).run(2, ceiling=4).count.target == 4


def test_a_trial_that_runs_out_of_work_is_no_reason_for_fewer() -> None:
    line = Line(lambda connections: connections * 1e6)
    while line.count.target < 16:
        line.run(STEP_SECONDS)
    line.count.observe(int(line.moved), 9, 16, 16)
    assert set(line.run(10).history[-90:]) == {16}


def test_few_that_are_known_to_be_needed_are_not_compared_with_one() -> None:
    line = Line(lambda connections: min(connections, 4) * 1e6)
    line.count.begin(4)
    assert 1 not in line.run(60).history
