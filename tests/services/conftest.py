"""What tests of the services share: a provider that nobody connects to."""

import pytest
from flask import Flask

from downloads_app.models import Provider
from tests.support.downloading import add_provider


@pytest.fixture
def provider(app: Flask) -> Provider:
    """Return the row of a provider."""
    return add_provider()
