"""How many connections a download should use: one to probe, then a few, then as many as add speed."""

import time
from collections.abc import Callable

FEW = 4
"""How many there are as soon as the probe has been answered."""
GROWTH = 4
"""1, 4, 16: a server that limits each connection is used to the full after one look."""
WINDOW_SECONDS = 0.1
TRIAL_SECONDS = 0.3
"""For how long a speed is taken at the first number, and at one that is tried, when there is more to lose by haste."""
PATIENCE_SECONDS = 2.0
"""How long new connections may take to bring their first byte before they are judged all the same."""
REST_SECONDS = 3.0
MAX_REST_SECONDS = 48.0
"""After a number that brought nothing, the better one is kept for this long; twice as long each time."""
REFUSED_REST_SECONDS = 60.0
NETWORK_CHANGED_SHARE = 0.7
"""A speed below this share is not the work of more connections: the line has changed, so compare anew."""
WORTH_OF_MORE = 0.1
"""Each connection added, as a share of those before, must bring at least this share of its own of more speed."""


class ConnectionCount:
    """Decides the number of connections from the bytes that arrive. Pure arithmetic on an injected clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.target = 1
        self.is_probing = True
        """Whether nothing has come yet: one connection is enough to learn what the server holds and allows."""
        self._is_proven = False
        """Whether the present number has been compared with a smaller one."""
        self._tolerated: int | None = None
        self._before: tuple[int, float] | None = None
        """The number that is compared with, and its speed, while another one is tried."""
        self._changed_at = self._window_at = clock()
        self._window_bytes = 0
        self._rest_seconds = REST_SECONDS
        self._rest_until = 0.0

    def begin(self, count: int) -> None:
        """Begin with more than a probe, where it is known that one is too few."""
        self.target = count
        self._is_proven = count > 1

    def observe(self, total_bytes: int, active: int, flowing: int, ceiling: int) -> None:
        """Take note of all bytes so far, of how many connections are at work and have ever brought any."""
        ceiling = min(ceiling, self._tolerated or ceiling)
        if self.is_probing and flowing:
            self.is_probing = False
            self._change(max(self.target, FEW), total_bytes)
        if self.target > ceiling:
            self._change(ceiling, total_bytes)
        now = self._clock()
        if active < self.target:  # there is no work for more: nothing is learnt about their number
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
        """The server did not want `active` connections: one for now, and never so many again."""
        self._tolerated = max(1, min(active - 1, self._tolerated or active))
        self.target, self._before = 1, None
        self.is_probing = False
        self._rest_until = self._clock() + REFUSED_REST_SECONDS

    @property
    def is_curbed(self) -> bool:
        """Whether the server has ever found the connections too many."""
        return self._tolerated is not None

    def _judge(self, rate: float, ceiling: int, total_bytes: int) -> None:
        """Compare with the number before, if there is one; then try more, or see whether fewer do as well."""
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
    """Whether so many times as many connections are worth their speed."""
    return rate >= rate_of_fewer * (1 + WORTH_OF_MORE * (times_as_many - 1))
