"""What tests of the REST resources share: a repository of Alice's and a download in progress."""

from datetime import UTC, datetime

import pytest

from downloads_app.models import Download, Repository, Status, User
from tests.web.rest import add_download, add_provider, add_repository

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
