"""What the tests of the REST resources share: providers, repositories and downloads in any state."""

from typing import Any

from werkzeug.test import TestResponse

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download, Provider, Repository, User
from downloads_app.services.providers import catalog

NOBODYS_ID = "00000000-0000-4000-8000-000000000000"


def without_its_id(answer: TestResponse) -> dict[str, Any]:
    """Return an error without the id of its request, which is another each time."""
    return {key: value for key, value in answer.get_json().items() if key != "request_id"}


def add_provider(name: str = "hub", url: str = "http://127.0.0.1:1/", **options: Any) -> Provider:
    """Add a provider that nothing answers at, unless `url` says otherwise."""
    return catalog.add_provider(current_settings(), name, "http", url, **options)


def add_repository(provider: Provider, name: str = "org/model") -> Repository:
    """Add a repository's row."""
    repository = catalog.find_or_create_repository(provider, name)
    db.session.commit()
    return repository


def add_download(user: User, repository: Repository, **columns: Any) -> Download:
    """Add a download's row as it stands, whatever its life would allow."""
    download = Download(
        user_id=user.id,
        provider_id=repository.provider_id,
        repository_id=repository.id,
        **{"revision": "main", **columns},
    )
    db.session.add(download)
    db.session.commit()
    return download
