"""The estimators under comparison: ours, tqdm's and rich's own code, and the formulas of aria2, curl and wget."""

import io
import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import Progress
from tqdm.std import EMA  # type: ignore[attr-defined]  # its stubs leave it out

from downloads_app.services.progress import ProgressMeter

Clock = Callable[[], float]


class Estimator(Protocol):
    """Observes a download and returns the seconds left as a whole number; None if the tool shows none."""

    def observe(self, current_bytes: int, total_bytes: int) -> None: ...

    @property
    def eta_seconds(self) -> int | None: ...


EstimatorFactory = Callable[[Clock], Estimator]


class Tqdm:
    """tqdm 4: exponential averages (0.3) of bytes and of seconds, taken at updates that brought something.

    From `tqdm.std`: `update` (averages over what came since the last print, at most ten a second) and
    `format_meter` (`remaining = (total - n) / rate`, shown as whole seconds).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._bytes, self._seconds = EMA(0.3), EMA(0.3)
        self._seen_at, self._seen_bytes = clock(), 0
        self._left_bytes = 0

    def observe(self, current_bytes: int, total_bytes: int) -> None:
        self._left_bytes = total_bytes - current_bytes
        seconds = self._clock() - self._seen_at
        if current_bytes > self._seen_bytes and seconds >= 0.1:
            self._bytes(current_bytes - self._seen_bytes)
            self._seconds(seconds)
            self._seen_at, self._seen_bytes = self._clock(), current_bytes

    @property
    def eta_seconds(self) -> int | None:
        if not self._seconds():
            return None
        return int(self._left_bytes / (self._bytes() / self._seconds()))


class Rich:
    """rich 15: its own `Progress` with our clock; samples of the last 30 seconds."""

    def __init__(self, clock: Clock) -> None:
        console = Console(file=io.StringIO())
        self._progress = Progress(console=console, get_time=clock, auto_refresh=False)
        self._id = self._progress.add_task("")

    def observe(self, current_bytes: int, total_bytes: int) -> None:
        self._progress.update(self._id, completed=current_bytes, total=total_bytes)

    @property
    def eta_seconds(self) -> int | None:
        left = self._progress.tasks[0].time_remaining
        return None if left is None else int(left)


class Aria2:
    """aria2 1.37: bytes in slots of a second over the last ten, up to now.

    `SpeedCalc::update` and `calculateSpeed` (WINDOW_TIME 10 s); the console shows no time at speed 0.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._slots: deque[list[float]] = deque()
        self._seen_bytes = self._left_bytes = 0

    def observe(self, current_bytes: int, total_bytes: int) -> None:
        arrived, now = current_bytes - self._seen_bytes, self._clock()
        self._seen_bytes, self._left_bytes = current_bytes, total_bytes - current_bytes
        self._drop_stale(now)
        if not arrived:
            return
        if self._slots and now - self._slots[-1][0] < 1:
            self._slots[-1][1] += arrived
        else:
            self._slots.append([now, arrived])

    @property
    def eta_seconds(self) -> int | None:
        self._drop_stale(self._clock())
        if not self._slots:
            return None
        milliseconds = max(1, int((self._clock() - self._slots[0][0]) * 1000))
        speed = int(sum(arrived for _, arrived in self._slots) * 1000 / milliseconds)
        return self._left_bytes // speed if speed else None

    def _drop_stale(self, now: float) -> None:
        while self._slots and now - self._slots[0][0] > 10:
            self._slots.popleft()


class _SinceStart:
    """What curl and wget share: the average since the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._start_at = clock()
        self._current_bytes = self._total_bytes = 0

    def observe(self, current_bytes: int, total_bytes: int) -> None:
        self._current_bytes, self._total_bytes = current_bytes, total_bytes

    @property
    def _spent_seconds(self) -> float:
        return self._clock() - self._start_at


class Curl(_SinceStart):
    """curl 8: `size / average speed - time spent`, in whole seconds; `--:--:--` at 0 and below (lib/progress.c).

    Its window of five seconds serves only the column "current speed".
    """

    @property
    def eta_seconds(self) -> int | None:
        speed = int(self._current_bytes / max(self._spent_seconds, 1e-6))
        left = self._total_bytes // speed - int(self._spent_seconds) if speed else 0
        return left if left > 0 else None


class Wget(_SinceStart):
    """wget 1: `time spent * bytes left / bytes done`, rounded, and nothing in the first three seconds (progress.c).

    Its ring of twenty samples serves only the speed; the source says that an ETA from it was "very jerky".
    """

    @property
    def eta_seconds(self) -> int | None:
        if self._spent_seconds <= 3 or not self._current_bytes:
            return None
        left_bytes = self._total_bytes - self._current_bytes
        return math.floor(self._spent_seconds * left_bytes / self._current_bytes + 0.5)


ESTIMATORS: dict[str, EstimatorFactory] = {
    "ours": ProgressMeter,
    "tqdm": Tqdm,
    "rich": Rich,
    "aria2": Aria2,
    "curl": Curl,
    "wget": Wget,
}
