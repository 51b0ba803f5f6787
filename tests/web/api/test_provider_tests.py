"""`POST /api/providers/{id}/test`: whether a provider answers, and why it does not."""

import threading

import pytest
from flask.testing import FlaskClient

from downloads_app.models import User
from downloads_app.web import upstream
from tests.conftest import bearer
from tests.support.file_server import Fault, FileServer
from tests.web.api.calling import add_provider

PROVIDERS = "/api/providers"


def test_a_test_tells_that_a_provider_answers(client: FlaskClient, admin: User, file_server: FileServer) -> None:
    file_server.put("", b"<html><body><a href='org/'>org/</a></body></html>")
    file_server.fail("", Fault(headers={"Content-Type": "text/html"}))
    provider = add_provider(url=file_server.url, allow_private_network=True)
    answer = client.post(f"{PROVIDERS}/{provider.id}/test", headers=bearer(admin))
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_a_test_tells_why_a_provider_does_not(client: FlaskClient, admin: User, file_server: FileServer) -> None:
    provider = add_provider(url=file_server.url)  # loopback, and nobody has allowed it
    refused = client.post(f"{PROVIDERS}/{provider.id}/test", headers=bearer(admin))
    assert (refused.status_code, refused.json["status"]) == (424, "Failed Dependency")
    assert "private" in refused.json["message"]


def test_a_silent_provider_is_given_up_after_the_limit(
    client: FlaskClient, admin: User, file_server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "LIMIT_SECONDS", 0.3)
    release = threading.Event()
    file_server.fail("", Fault(before=lambda: release.wait(30) and None))
    provider = add_provider(url=file_server.url, allow_private_network=True)
    try:
        refused = client.post(f"{PROVIDERS}/{provider.id}/test", headers=bearer(admin))
    finally:
        release.set()
    assert refused.status_code == 424
    assert "did not answer" in refused.json["message"]
