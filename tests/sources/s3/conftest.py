"""One store for all tests of a run's process: it takes seconds to start."""

from collections.abc import Iterator

import pytest

from tests.support.object_store import ObjectStore


@pytest.fixture(scope="session")
def store() -> Iterator[ObjectStore]:
    """A real store, empty."""
    with ObjectStore() as running:
        yield running
