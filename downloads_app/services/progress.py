"""Speed and time left of one download: pure arithmetic over an injected clock.

The two figures have different windows. The speed is that of the last seconds. The time left uses the average since
the line last changed its level. One short window for both would make the time left jump.
"""

import math
from collections import deque
from collections.abc import Callable

SPEED_WINDOW_SECONDS = 5.0
"""A stall shows as speed 0 after this long."""
_SAMPLE_SPACING_SECONDS = 0.25

_BUCKET_SECONDS = 1.0
_WARM_UP_SECONDS = 2.0
_FOLLOW_SECONDS = 10.0
"""How fast a one-sided trend (a line that still speeds up) is followed."""
_TREND_SHARPNESS = 100.0
"""How one-sided it must be: with noise of a few per cent on the other side there is no trend."""
_CHANGE_BUCKETS = 10
_CHANGE_SHARE = 0.5
_CHANGE_DEVIATIONS = 5.0
_BAND_SHARE = 0.03
_SETTLE_SECONDS = 3.0
_SETTLE_SHARE = 0.1


class ProgressMeter:
    """Feed it `observe`; read whole figures. The first observation is where counting starts (a resume)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._window = _SpeedWindow()
        self._arrival = _Arrival()
        self._skipped_bytes = 0
        self._left_bytes: int | None = None

    def observe(self, current_bytes: int, total_bytes: int | None) -> None:
        """Take note of how far the download is now; `total_bytes` is None while unknown."""
        now = self._clock()
        fetched_bytes = current_bytes - self._skipped_bytes
        self._left_bytes = None if total_bytes is None else max(0, total_bytes - current_bytes)
        self._window.add(now, fetched_bytes)
        self._arrival.add(now, fetched_bytes, self._left_bytes)

    def skip(self, count_bytes: int) -> None:
        """Keep `count_bytes` out of the speed: they are about to count as done without being fetched."""
        self._skipped_bytes += count_bytes

    @property
    def speed_bytes_per_second(self) -> int:
        """Bytes that came in the last five seconds up to now, per second; 0 in a stall."""
        return self._window.measure(self._clock())

    @property
    def eta_seconds(self) -> int | None:
        """Seconds until the last byte; None while unknown: no total, too early, or nothing arrives."""
        if self._left_bytes == 0:
            return 0
        if self._left_bytes is None or self.speed_bytes_per_second == 0 or self._arrival.at is None:
            return None
        return max(1, round(self._arrival.at - self._clock()))


class _SpeedWindow:
    """The last seconds of a byte count."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, count_bytes: int) -> None:
        samples = self._samples
        if samples and count_bytes < samples[-1][1]:
            samples.clear()  # bytes were lost: count again, or the speed would be negative
        if len(samples) > 1 and now - samples[-2][0] < _SAMPLE_SPACING_SECONDS:
            samples.pop()
        samples.append((now, count_bytes))
        while len(samples) > 2 and samples[1][0] <= now - SPEED_WINDOW_SECONDS:
            samples.popleft()

    def measure(self, now: float) -> int:
        if not self._samples:
            return 0
        start = max(now - SPEED_WINDOW_SECONDS, self._samples[0][0])
        arrived_bytes = self._samples[-1][1] - self._count_at(start)
        return round(arrived_bytes / max(now - start, _BUCKET_SECONDS))

    def _count_at(self, moment: float) -> float:
        """Return the count at `moment`, between two samples by the straight line that joins them."""
        earlier_at, earlier = self._samples[0]
        for later_at, later in self._samples:
            if later_at > moment:
                return earlier + (later - earlier) * (moment - earlier_at) / (later_at - earlier_at)
            earlier_at, earlier = later_at, later
        return earlier


class _Arrival:
    """The moment at which the last byte will arrive, by these rules:

    1. Bytes are counted in buckets of a second. An empty bucket says nothing about the speed after the
       stall, so it only postpones the arrival.
    2. The rate is the plain average since the line last changed its level: the best estimate under noise.
    3. While every bucket lies on the same side of that average (a line that speeds up), it follows them.
    4. When ten buckets in a row lie far off on one side, the level has changed: it begins anew with them.
    5. The arrival settles slowly on what the rate says, and is never further from it than a small share
       of the time left.
    """

    def __init__(self) -> None:
        self.at: float | None = None
        self._rate: _LevelRate | None = None
        self._estimate: float | None = None
        self._measured_seconds = 0.0
        self._bucket_at = 0.0
        self._bucket_bytes = 0

    def add(self, now: float, count_bytes: int, left_bytes: int | None) -> None:
        if self._rate is None or count_bytes < self._bucket_bytes:
            self._rate = self._rate or _LevelRate()
            self._bucket_at, self._bucket_bytes = now, count_bytes
        seconds = now - self._bucket_at
        if seconds < _BUCKET_SECONDS:
            return
        fetched_bytes = count_bytes - self._bucket_bytes
        self._bucket_at, self._bucket_bytes = now, count_bytes
        if fetched_bytes:
            self._measured_seconds += seconds
            self._rate.add(fetched_bytes / seconds, seconds)
            if left_bytes is not None:
                self._settle(now, left_bytes / self._rate.mean, seconds)
        elif self._estimate is not None:
            self._estimate += seconds
        self.at = self._estimate if self._measured_seconds >= _WARM_UP_SECONDS else None

    def _settle(self, now: float, left_seconds: float, seconds: float) -> None:
        aim = now + left_seconds
        if self._estimate is None or self._measured_seconds < _WARM_UP_SECONDS:
            self._estimate = aim
            return
        pace_seconds = _SETTLE_SECONDS + _SETTLE_SHARE * left_seconds
        settled = self._estimate + (aim - self._estimate) * (1 - math.exp(-seconds / pace_seconds))
        band_seconds = _BAND_SHARE * left_seconds
        self._estimate = min(max(settled, aim - band_seconds), aim + band_seconds)


class _LevelRate:
    """The average rate since the line last changed its level."""

    def __init__(self) -> None:
        self.mean = 0.0
        self._begin(0.0, 0.0)

    def _begin(self, mean: float, seconds: float) -> None:
        self.mean = mean
        self._seconds = seconds
        self._signed = self._absolute = 0.0
        self._recent: deque[tuple[float, float]] = deque()
        self._settled_deviations = 0.0
        self._settled_count = 0

    def add(self, rate: float, seconds: float) -> None:
        deviation = rate - self.mean if self._seconds else 0.0
        self._seconds += seconds
        self._signed += deviation * seconds
        self._absolute += abs(deviation) * seconds
        trend = (abs(self._signed) / self._absolute) ** _TREND_SHARPNESS if self._absolute else 0.0
        weight = max(seconds / self._seconds, trend * (1 - math.exp(-seconds / _FOLLOW_SECONDS)))
        self.mean += weight * (rate - self.mean)
        self._recent.append((rate, abs(deviation)))
        if len(self._recent) > _CHANGE_BUCKETS:
            self._settled_deviations += self._recent.popleft()[1]
            self._settled_count += 1
        if self._has_changed():
            rates = [rate for rate, _ in self._recent]
            self._begin(sum(rates) / len(rates), len(rates) * _BUCKET_SECONDS)

    def _has_changed(self) -> bool:
        if self._settled_count < _CHANGE_BUCKETS:
            return False
        usual = self._settled_deviations / self._settled_count
        limit = max(_CHANGE_SHARE * self.mean, _CHANGE_DEVIATIONS * usual)
        gaps = [rate - self.mean for rate, _ in self._recent]
        return min(gaps) > limit or max(gaps) < -limit
