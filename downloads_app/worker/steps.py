"""Steps of the worker's loop. A step returns whether it did something."""

import time
from collections.abc import Callable


class Every:
    """A step that is due only once in an interval."""

    def __init__(self, seconds: float, step: Callable[[], bool]) -> None:
        self._seconds, self._step = seconds, step
        self._due_at = 0.0

    def __call__(self) -> bool:
        now = time.monotonic()
        if now < self._due_at:
            return False
        self._due_at = now + self._seconds
        return self._step()
