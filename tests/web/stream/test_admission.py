"""In which order streams leave when a process drains."""

import time
from statistics import median

from downloads_app.web.stream.admission import Admission

INTERVAL = 1.0
STREAMS = 100


class Leaver:
    """A stream that leaves when it is told, and notes when."""

    def __init__(self, admission: Admission, began: float) -> None:
        self.began = began
        self.left = 0.0
        self._listed = admission.listed(self)
        self._listed.__enter__()

    def leave(self) -> None:
        self.left = time.monotonic()
        self._listed.__exit__(None, None, None)

    def cut(self) -> None:
        raise AssertionError("it has left")


def drain(begins: list[float]) -> list[Leaver]:
    admission = Admission(STREAMS, STREAMS, drain_seconds=1.25, interval_seconds=INTERVAL)
    streams = [Leaver(admission, began) for began in begins]
    admission.drain(time.monotonic())
    return streams


def test_streams_leave_just_after_an_event_of_theirs() -> None:
    now = time.monotonic()
    streams = drain([now - 77 * number / STREAMS for number in range(STREAMS)])
    since_event = [(stream.left - stream.began) % INTERVAL for stream in streams]
    assert 0.09 < median(since_event) < 0.3, since_event


def test_streams_leave_one_after_the_other_though_all_have_their_events_together() -> None:
    began = time.monotonic()
    left = sorted(stream.left - began for stream in drain([began] * STREAMS))
    assert 0.5 < left[-1] - left[0] < 2
    assert left[STREAMS // 2] - left[0] > 0.2
