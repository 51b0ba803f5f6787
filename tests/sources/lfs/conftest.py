"""A real LFS server for all tests here."""

from collections.abc import Iterator

import pytest

from tests.support.giftless import Giftless


@pytest.fixture(scope="session")
def giftless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Giftless]:
    """Objects of `org/model` and `group/sub/model` are put into it."""
    with Giftless(tmp_path_factory.mktemp("giftless")) as running:
        yield running
