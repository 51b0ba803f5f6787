"""A whole download from a registry, through the service's own worker."""

import logging

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import Status, User
from downloads_app.services.providers import catalog
from tests.sources.oci.conftest import ARTIFACT, OLLAMA, OLLAMA_CONFIG, Tokens
from tests.support.docker_registry import PASSWORD, USER
from tests.support.downloading import folder_of, reload
from tests.support.publishing import queue_download
from tests.worker.job.test_secrets import everything_stored
from tests.worker.running import arrived, run


def test_an_ollama_model_comes_as_a_gguf_with_its_template_and_parameters(
    app: Flask, alice: User, with_tokens: Tokens
) -> None:
    provider = catalog.add_provider(
        current_settings(), "ollama", "oci", with_tokens.registry.url, allow_private_network=True
    )
    row = queue_download(alice, provider, "tiny", revision="1b")
    run(app)
    row = reload(row)
    assert (row.status, row.error_message) == (Status.COMPLETED, None)
    assert row.commit == with_tokens.digests["tiny"].removeprefix("sha256:")
    names = ["tiny-1b.gguf", "template", "params.json", "license", "license-2", "config.json"]
    contents = [layer.content for layer in (*OLLAMA, OLLAMA_CONFIG)]
    assert arrived(folder_of(row)) == dict(zip(names, contents, strict=True))


def test_a_closed_artifact_comes_with_the_providers_password_that_nothing_tells(
    app: Flask, alice: User, with_tokens: Tokens, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "downloads_app")
    provider = catalog.add_provider(
        current_settings(),
        "registry",
        "oci",
        with_tokens.registry.url,
        allow_private_network=True,
        username=USER,
        password=PASSWORD,
        allow_hosts=[with_tokens.tokens.url.removeprefix("http://")],
    )
    row = queue_download(alice, provider, "closed/artifact", revision="v1")
    run(app)
    row = reload(row)
    assert (row.status, row.error_message) == (Status.COMPLETED, None)
    assert arrived(folder_of(row)) == {layer.title: layer.content for layer in ARTIFACT}
    seen = caplog.text + everything_stored()
    assert PASSWORD not in seen
    assert "Bearer" not in seen
