"""What tests of the web share: a repository of Alice's, a download in progress, streams over either ticker."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from downloads_app.config import load_settings
from downloads_app.models import Download, Repository, Status, User
from downloads_app.services.downloads import representation
from downloads_app.web.stream.generator import Streams
from downloads_app.web.stream.pacing.pacer import Pacer
from downloads_app.web.stream.pacing.senders import Sender
from tests.support.snapshots import make_engine
from tests.web.api.calling import add_download, add_provider, add_repository
from tests.web.stream.pacing.driving import INTERVAL, ReadsAtOnce

MOMENT = datetime(2024, 1, 1, 12, 30, 15, 987_654, tzinfo=UTC)


@pytest.fixture
def repository(alice: User) -> Repository:
    """A repository to download."""
    return add_repository(add_provider())


@pytest.fixture
def download(alice: User, repository: Repository) -> Download:
    """A download of Alice's in progress."""
    return add_download(
        alice,
        repository,
        status=Status.DOWNLOADING,
        current_bytes=1_024_000,
        total_bytes=10_240_000,
        current_file="model.gguf",
        total_files=5,
        files_completed=2,
        download_speed=1_048_576,
        eta_seconds=10,
        started_at=MOMENT,
        created_at=MOMENT,
    )


@pytest.fixture
def make_streams(app: Flask) -> Iterator[Callable[..., Streams]]:
    """Streams on one snapshot, over either ticker."""
    shared = ReadsAtOnce(lambda: make_engine(app), representation.encode, start=lambda target: None)

    def make(ticker: Any, **settings: Any) -> Streams:
        streams = Streams(load_settings(**{"stream_interval_seconds": INTERVAL, **settings}))
        streams.snapshot = shared
        interval, send_timeout = streams.settings.stream_interval_seconds, streams.settings.stream_send_timeout_seconds
        if isinstance(ticker, Sender):
            ticker = Pacer(shared, ticker, interval, send_timeout)
        streams.ticker = ticker
        return streams

    yield make
    shared._close()
