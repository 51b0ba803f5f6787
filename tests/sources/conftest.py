"""A hub with repositories that are open, private and gated; servers of files, and a proxy."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.file_server import FileServer
from tests.support.hub import Hub
from tests.support.pages import Page, Pages, serve_pages
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository


@pytest.fixture(scope="module")
def source_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of odd names, little in each."""
    folder = tmp_path_factory.mktemp("source")
    build_repository(folder, SMALL_SIZES_BYTES)
    return folder


@pytest.fixture
def hub(source_folder: Path) -> Iterator[Hub]:
    """A hub that knows two tokens: `good` opens what is gated, `other` nothing."""
    with Hub() as hub:
        hub.tokens |= {"good": {"org/gated"}, "other": set()}
        hub.add("org/open", source_folder)
        hub.add("org/private", source_folder, private=True)
        hub.add("org/gated", source_folder, gated=True)
        yield hub


@pytest.fixture
def server() -> Iterator[FileServer]:
    """The provider's own server of files."""
    with FileServer() as running:
        yield running


@pytest.fixture
def other() -> Iterator[FileServer]:
    """A server elsewhere."""
    with FileServer() as running:
        yield running


@pytest.fixture
def proxy() -> Iterator[Pages]:
    """A proxy that answers everything by itself, and remembers what it was asked for."""
    with serve_pages(lambda address: Page(b"proxied")) as running:
        yield running
