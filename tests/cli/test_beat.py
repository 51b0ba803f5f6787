"""Ctrl-C in what is drawn anew: it waits until nothing is half done, and a second one does not."""

import gc
import signal
import time

import pytest

from downloads_app.cli.beat import NEW_OBJECTS, Beat


def test_ctrl_c_waits_for_the_pause_and_the_second_one_for_nothing() -> None:
    before = signal.getsignal(signal.SIGINT)
    with Beat() as beat:
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            beat.pause()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_ends_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: signal.raise_signal(signal.SIGINT))
    with Beat() as beat, pytest.raises(KeyboardInterrupt):
        beat.pause()


def test_while_frames_are_drawn_garbage_is_found_soon() -> None:
    with Beat():
        assert gc.get_threshold()[0] == NEW_OBJECTS
