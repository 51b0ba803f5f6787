"""Fixtures: the storage of one download."""

from pathlib import Path

import pytest

from downloads_app.worker.files.storage import Storage


@pytest.fixture
def storage(folder: Path) -> Storage:
    made = Storage(folder)
    made.prepare([])
    return made
