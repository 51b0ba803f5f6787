"""What becomes of a stream's place when the unforeseen happens, whichever side of the first byte."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from downloads_app.models import User
from downloads_app.web.stream import metrics
from downloads_app.web.stream.generator import Stream, Streams, current_streams
from downloads_app.web.stream.ticker import SleepingTicker
from tests.conftest import bearer
from tests.support.rows import add_download
from tests.support.snapshots import token_of

SUBSCRIBE = "/api/downloads/subscribe"


class UnforeseenError(Exception):
    """What nobody has thought of."""


def fail(*_args: Any) -> Any:
    raise UnforeseenError


def test_an_exception_inside_a_stream_gives_its_place_back(
    app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_download(alice)
    monkeypatch.setattr(Stream, "_look", fail)
    with app.test_request_context(SUBSCRIBE, headers=bearer(alice)):
        response = app.full_dispatch_request()
    assert response.status_code == 200
    assert current_streams().admission.open_streams == 1
    with pytest.raises(UnforeseenError):
        next(response.iter_encoded())
    response.close()
    assert current_streams().admission.open_streams == 0


def test_an_exception_before_the_first_byte_gives_the_place_back(
    app: Flask, client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_download(alice)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(metrics, "count_opened", fail)
    response = client.get(SUBSCRIBE, headers=bearer(alice))
    assert response.status_code == 500
    assert response.json["code"] == 500
    assert current_streams().admission.open_streams == 0


def test_a_stream_that_was_never_read_gives_its_place_back(client: FlaskClient, alice: User) -> None:
    add_download(alice)
    response = client.get(SUBSCRIBE, headers=bearer(alice))
    assert current_streams().admission.open_streams == 1
    response.close()
    assert current_streams().admission.open_streams == 0


def test_what_was_read_before_a_tick_is_never_taken_for_the_end(
    alice: User, make_streams: Callable[..., Streams]
) -> None:
    streams = make_streams(SleepingTicker())
    watch = streams.snapshot.watch(token_of(alice.id))
    streams.snapshot.refresh()
    assert watch.view.is_loaded
    assert not len(watch.view)
    add_download(alice)
    frame, *_ = Stream(streams, watch, time.monotonic(), None, True)._look(time.monotonic())
    assert b"event: update" in frame


def test_a_stream_that_cannot_tell_of_its_end_gives_its_place_back(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_download(alice)
    monkeypatch.setattr(metrics, "count_closed", fail)
    response = client.get(SUBSCRIBE, headers=bearer(alice))
    with pytest.raises(UnforeseenError):
        response.close()
    assert current_streams().admission.open_streams == 0
