"""Who has clearly more connections than another process asks less often for the next."""

import random

from downloads_app.spread import MARGIN, SLOTS, STALE_SECONDS, Spread

NOW = 1000.0


def test_who_has_clearly_more_than_the_fewest_is_ahead() -> None:
    spread = Spread()
    spread.tell(1, 100, NOW)
    spread.tell(2, 300, NOW)
    spread.tell(3, 200, NOW)
    assert [spread.is_ahead(connections, NOW) for connections in (100, 100 + MARGIN, 150, 200, 300)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_lone_process_is_never_ahead() -> None:
    spread = Spread()
    assert not spread.is_ahead(10_000, NOW)
    spread.tell(7, 10_000, NOW)
    assert not spread.is_ahead(10_000, NOW)


def test_nobody_waits_for_a_process_that_is_stuck_or_leaves() -> None:
    spread = Spread()
    spread.tell(1, 500, NOW)
    spread.tell(2, 0, NOW)
    assert spread.is_ahead(500, NOW)
    spread.tell(1, 500, NOW + STALE_SECONDS)
    assert not spread.is_ahead(500, NOW + STALE_SECONDS)
    spread.tell(2, 0, NOW + STALE_SECONDS)
    assert spread.is_ahead(500, NOW + STALE_SECONDS)
    spread.leave(2)
    assert not spread.is_ahead(500, NOW + STALE_SECONDS)


def test_a_greedy_process_and_slow_ones_end_up_even() -> None:
    spread, chance = Spread(), random.Random(0)
    held = dict.fromkeys(range(SLOTS - 1, SLOTS + 3), 0)  # ages around the point where the slots begin anew
    for age in held:
        spread.tell(age, 0, NOW)
    greed = dict(zip(held, (1.0, 0.5, 0.2, 0.1), strict=True))
    while sum(held.values()) < 20_000:
        for age, share in greed.items():
            if chance.random() < share and not spread.is_ahead(held[age], NOW):
                held[age] += 1
                spread.tell(age, held[age], NOW)
    assert max(held.values()) - min(held.values()) <= MARGIN + 2 + 0.01 * max(held.values())
