"""The token bucket on a clock that only tests move."""

import pytest

from downloads_app.worker.transfer.bandwidth import Bandwidth


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_without_a_limit_nothing_is_owed() -> None:
    bandwidth = Bandwidth()
    bandwidth.charge(1 << 40)
    assert bandwidth.debt_seconds() == 0


def test_what_was_taken_is_waited_for() -> None:
    clock = Clock()
    bandwidth = Bandwidth(1000, clock=clock)
    bandwidth.charge(500)
    assert bandwidth.debt_seconds() == pytest.approx(0.5)
    clock.now += 0.3
    assert bandwidth.debt_seconds() == pytest.approx(0.2)
    clock.now += 0.3
    assert bandwidth.debt_seconds() == 0


def test_a_pause_saves_up_no_more_than_a_moment() -> None:
    clock = Clock()
    bandwidth = Bandwidth(1000, clock=clock)
    clock.now += 3600
    assert bandwidth.debt_seconds() == 0
    bandwidth.charge(600)
    assert bandwidth.debt_seconds() == pytest.approx(0.5)


def test_two_that_share_it_get_the_rate_together() -> None:
    clock = Clock()
    bandwidth = Bandwidth(1000, clock=clock)
    taken = 0
    for step in range(1000):
        for _ in range(2):
            if bandwidth.debt_seconds() == 0:
                bandwidth.charge(50)
                taken += 50
        clock.now = 100 + (step + 1) * 0.01
    assert taken == pytest.approx(10_000, rel=0.03)


def test_a_change_forgives_old_debts() -> None:
    clock = Clock()
    bandwidth = Bandwidth(10, clock=clock)
    bandwidth.charge(1_000_000)
    bandwidth.change(1000)
    assert bandwidth.debt_seconds() == 0
    bandwidth.change(None)
    bandwidth.charge(5)
    assert bandwidth.debt_seconds() == 0
