"""Who has clearly more connections than another process asks less often for the next."""

import random

from downloads_app.web.gunicorn.balance import MARGIN, SLOTS, STALE_SECONDS, Balance

NOW = 1000.0


def test_who_has_clearly_more_than_the_fewest_is_ahead() -> None:
    balance = Balance()
    balance.tell(1, 100, NOW)
    balance.tell(2, 300, NOW)
    balance.tell(3, 200, NOW)
    assert [balance.is_ahead(connections, NOW) for connections in (100, 100 + MARGIN, 150, 200, 300)] == [
        False,
        False,
        True,
        True,
        True,
    ]


def test_a_lone_process_is_never_ahead() -> None:
    balance = Balance()
    assert not balance.is_ahead(10_000, NOW)
    balance.tell(7, 10_000, NOW)
    assert not balance.is_ahead(10_000, NOW)


def test_nobody_waits_for_a_process_that_is_stuck_or_leaves() -> None:
    balance = Balance()
    balance.tell(1, 500, NOW)
    balance.tell(2, 0, NOW)
    assert balance.is_ahead(500, NOW)
    balance.tell(1, 500, NOW + STALE_SECONDS)
    assert not balance.is_ahead(500, NOW + STALE_SECONDS)
    balance.tell(2, 0, NOW + STALE_SECONDS)
    assert balance.is_ahead(500, NOW + STALE_SECONDS)
    balance.leave(2)
    assert not balance.is_ahead(500, NOW + STALE_SECONDS)


def test_a_greedy_process_and_slow_ones_end_up_even() -> None:
    balance, chance = Balance(), random.Random(0)
    held = dict.fromkeys(range(SLOTS - 1, SLOTS + 3), 0)  # ages around the point where the slots begin anew
    for age in held:
        balance.tell(age, 0, NOW)
    greed = dict(zip(held, (1.0, 0.5, 0.2, 0.1), strict=True))
    while sum(held.values()) < 20_000:
        for age, share in greed.items():
            if chance.random() < share and not balance.is_ahead(held[age], NOW):
                held[age] += 1
                balance.tell(age, held[age], NOW)
    assert max(held.values()) - min(held.values()) <= MARGIN + 2 + 0.01 * max(held.values())
