"""How many connections a download should use: one to probe, then a few, then as many as add speed."""

import time
from collections.abc import Callable

FEW = 4
"""The number of connections after the first byte of the probe."""
GROWTH = 4
"""We try 1, 4, then 16 connections: one trial is enough to use a server fully that limits each connection."""
WINDOW_SECONDS = 0.1
TRIAL_SECONDS = 0.3
"""How long we measure the speed: WINDOW_SECONDS at first, TRIAL_SECONDS when a new number is compared."""
PATIENCE_SECONDS = 2.0
"""How long we wait for the first bytes of new connections before we measure."""
REST_SECONDS = 3.0
MAX_REST_SECONDS = 48.0
"""After a trial that was not faster, we keep the old number: REST_SECONDS, then twice as long each time, to this."""
REFUSED_REST_SECONDS = 60.0
NETWORK_CHANGED_SHARE = 0.7
"""If more connections have less than this share of the speed before, the network is the cause: measure again."""
WORTH_OF_MORE = 0.1
"""n times as many connections must be at least `1 + WORTH_OF_MORE * (n - 1)` times as fast, else we use fewer.

So a doubling must raise the speed by at least 10 %.
"""


class ConnectionCount:
    """Decides the number of connections from the bytes that arrive. Pure arithmetic on an injected clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.target = 1
        self.is_probing = True
        """Whether no byte has come yet. One connection is enough to learn what the server holds and allows."""
        self._is_proven = False
        """Whether the current number has been compared with a smaller one."""
        self._tolerated: int | None = None
        self._before: tuple[int, float] | None = None
        """During a trial: the number before it, and its speed in bytes per second."""
        self._changed_at = self._window_at = clock()
        self._window_bytes = 0
        self._rest_seconds = REST_SECONDS
        self._rest_until = 0.0

    def begin(self, count: int) -> None:
        """Begin with `count` connections if it is known that one is too few."""
        self.target = count
        self._is_proven = count > 1

    def observe(self, total_bytes: int, active: int, flowing: int, ceiling: int) -> None:
        """Take the current state, and adjust `target`.

        `total_bytes`: received so far. `active`: connections at work. `flowing`: connections that have ever brought a
        byte. `ceiling`: the largest number allowed.
        """
        ceiling = min(ceiling, self._tolerated or ceiling)
        if self.is_probing and flowing:
            self.is_probing = False
            self._change(max(self.target, FEW), total_bytes)
        if self.target > ceiling:
            self._change(ceiling, total_bytes)
        now = self._clock()
        if active < self.target:  # there is not enough work for `target`: this teaches nothing about it
            self._before = None
        is_settled = active == self.target and (flowing >= active or now - self._changed_at >= PATIENCE_SECONDS)
        if self.is_probing or not is_settled:
            self._window_at, self._window_bytes = now, total_bytes
            return
        elapsed = now - self._window_at
        if elapsed >= (TRIAL_SECONDS if self._before else WINDOW_SECONDS) and now >= self._rest_until:
            rate = (total_bytes - self._window_bytes) / elapsed
            self._judge(rate, ceiling, total_bytes)
            self._window_at, self._window_bytes = now, total_bytes

    def refuse(self, active: int) -> None:
        """The server refused `active` connections: use one for now, and never so many again."""
        self._tolerated = max(1, min(active - 1, self._tolerated or active))
        self.target, self._before = 1, None
        self.is_probing = False
        self._rest_until = self._clock() + REFUSED_REST_SECONDS

    @property
    def is_curbed(self) -> bool:
        """Whether the server has ever refused a number of connections."""
        return self._tolerated is not None

    def _judge(self, rate: float, ceiling: int, total_bytes: int) -> None:
        """Compare with the number before, if a trial runs. Then try more, or test whether fewer are as fast."""
        before, self._before = self._before, None
        if before is None:
            if self.target < ceiling:
                self._try(min(self.target * GROWTH, ceiling), rate, total_bytes)
            elif self.target <= FEW and not self._is_proven:
                self._try(max(1, self.target // GROWTH), rate, total_bytes)
        elif self.target < before[0]:
            self._judge_fewer(rate, *before, total_bytes)
        elif rate >= before[1] * NETWORK_CHANGED_SHARE:
            self._judge_more(rate, *before, ceiling, total_bytes)

    def _judge_more(self, rate: float, count: int, rate_before: float, ceiling: int, total_bytes: int) -> None:
        if _is_worth(self.target / count, rate, rate_before):
            self._is_proven = True
            self._rest_seconds = REST_SECONDS
            self._judge(rate, ceiling, total_bytes)
        elif count == 1 or self._is_proven:
            self._rest()
            self._change(count, total_bytes)
        else:
            self._try(max(1, count // GROWTH), rate_before, total_bytes, instead_of=count)

    def _judge_fewer(self, rate: float, count: int, rate_before: float, total_bytes: int) -> None:
        self._rest()
        self._is_proven = True
        if _is_worth(count / self.target, rate_before, rate):
            self._change(count, total_bytes)

    def _try(self, target: int, rate: float, total_bytes: int, instead_of: int | None = None) -> None:
        self._before = instead_of or self.target, rate
        self._change(target, total_bytes)

    def _rest(self) -> None:
        self._rest_until = self._clock() + self._rest_seconds
        self._rest_seconds = min(self._rest_seconds * 2, MAX_REST_SECONDS)

    def _change(self, target: int, total_bytes: int) -> None:
        self.target = target
        self._changed_at = self._window_at = self._clock()
        self._window_bytes = total_bytes


def _is_worth(times_as_many: float, rate: float, rate_of_fewer: float) -> bool:
    """Whether `times_as_many` times as many connections are worth it; see WORTH_OF_MORE."""
    return rate >= rate_of_fewer * (1 + WORTH_OF_MORE * (times_as_many - 1))
