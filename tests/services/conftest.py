"""What tests of the services share: a provider that nobody connects to, a snapshot without a thread."""

from collections.abc import Iterator

import pytest
from flask import Flask

from downloads_app.models import Provider
from downloads_app.services.live.snapshot import Snapshot
from tests.support.downloading import add_provider
from tests.support.snapshots import encode, make_engine


@pytest.fixture
def provider(app: Flask) -> Provider:
    """Return the row of a provider."""
    return add_provider()


@pytest.fixture
def snapshot(app: Flask) -> Iterator[Snapshot]:
    """A snapshot that reads only when told to."""
    made = Snapshot(lambda: make_engine(app), encode, start=lambda target: None)
    yield made
    made._close()
