"""Bandwidth traces: lists of relative rates, four a second, each drawn anew from its random generator."""

import math
from collections.abc import Callable
from random import Random

UPDATES_PER_SECOND = 4
_STEP_SECONDS = 1 / UPDATES_PER_SECOND


def _count_steps(random: Random, shortest_seconds: float, longest_seconds: float) -> int:
    return round(random.uniform(shortest_seconds, longest_seconds) * UPDATES_PER_SECOND)


def make_steady(random: Random) -> list[float]:
    """One level, 2 % of noise."""
    return [random.gauss(1, 0.02) for _ in range(_count_steps(random, 60, 400))]


def make_ramp(random: Random) -> list[float]:
    """From 5 to 30 % up to the full rate over the first third to two thirds."""
    steps = _count_steps(random, 60, 400)
    climb = steps * random.uniform(0.3, 0.7)
    low = random.uniform(0.05, 0.3)
    return [(low + (1 - low) * min(1, step / climb)) * random.gauss(1, 0.03) for step in range(steps)]


def make_sawtooth(random: Random) -> list[float]:
    """Climbs and falls back to about half every 8 to 40 seconds, as TCP does on a lossy line."""
    steps = _count_steps(random, 60, 400)
    period = random.uniform(8, 40) * UPDATES_PER_SECOND
    low = random.uniform(0.4, 0.6)
    return [low + (1 - low) * (step % period) / period for step in range(steps)]


def make_stall(random: Random) -> list[float]:
    """A steady line that is silent for 8 to 40 seconds once."""
    steps = _count_steps(random, 80, 400)
    before = int(steps * random.uniform(0.2, 0.6))
    silent = _count_steps(random, 8, 40)
    rates = [random.gauss(1, 0.03) for _ in range(steps)]
    return rates[:before] + [0.0] * silent + rates[before:]


def make_slow_tail(random: Random) -> list[float]:
    """The last 5 to 15 % of the bytes come at 10 to 30 % of the rate."""
    steps = _count_steps(random, 60, 300)
    before = int(steps * random.uniform(0.85, 0.95))
    low = random.uniform(0.1, 0.3)
    tail = int((steps - before) / low)
    return [random.gauss(1, 0.03) for _ in range(before)] + [low * random.gauss(1, 0.03) for _ in range(tail)]


def make_noise(random: Random) -> list[float]:
    """20 % of noise from second to second."""
    seconds = _count_steps(random, 60, 400) // UPDATES_PER_SECOND
    return [rate for _ in range(seconds) for rate in [max(0.0, random.gauss(1, 0.2))] * UPDATES_PER_SECOND]


def make_mobile(random: Random) -> list[float]:
    """Wanders by a factor of two within half a minute, with fades to 5 % for some seconds about once a minute."""
    memory_seconds, spread = 30, 0.6
    level, fade_left = 0.0, 0.0
    rates = []
    for _ in range(_count_steps(random, 100, 400)):
        drift = -level * _STEP_SECONDS / memory_seconds
        level += drift + spread * math.sqrt(2 * _STEP_SECONDS / memory_seconds) * random.gauss(0, 1)
        if fade_left <= 0 and random.random() < _STEP_SECONDS / 60:
            fade_left = random.uniform(2, 8)
        fade_left -= _STEP_SECONDS
        rates.append(math.exp(level) * (0.05 if fade_left > 0 else 1))
    return rates


TRACES: dict[str, Callable[[Random], list[float]]] = {
    "steady": make_steady,
    "ramp": make_ramp,
    "sawtooth": make_sawtooth,
    "stall and recovery": make_stall,
    "slow tail": make_slow_tail,
    "20 % noise": make_noise,
    "mobile": make_mobile,
}
