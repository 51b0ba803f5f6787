"""Providers' secrets under several keys, and how they are encrypted anew."""

from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.config import SETTINGS
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.models import Provider
from downloads_app.services.providers import catalog, vault
from tests.cli.conftest import Run, fail, run  # noqa: F401 - pytest finds fixtures by their names

OLD, NEW = "old key", "new key"


@pytest.fixture
def make_app(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    """The application after a rotation."""
    return lambda **_: make_app(provider_token_key=NEW, previous_provider_token_keys=("another", OLD))


def add(app: Flask, key: str, name: str) -> Provider:
    """Add a provider while `key` is the present one."""
    settings = SETTINGS.of(app).model_copy(update={"provider_token_key": key, "previous_provider_token_keys": ()})
    url, proxy_url = "http://127.0.0.1:9/", "http://user:pass@127.0.0.1:9"
    return catalog.add_provider(settings, name, "http", url, token=f"token-of-{name}", proxy_url=proxy_url)


def test_a_previous_key_decrypts_and_the_present_one_encrypts(app: Flask) -> None:
    settings = SETTINGS.of(app)
    assert catalog.access_of(settings, add(app, OLD, "old")).token == "token-of-old"
    without_old = settings.model_copy(update={"previous_provider_token_keys": ()})
    assert vault.decrypt(without_old, vault.encrypt(settings, "x")) == "x"
    with pytest.raises(Conflict):
        catalog.access_of(without_old, catalog.find_provider("old"))


def test_all_secrets_are_encrypted_anew_and_the_old_key_is_needed_no_more(app: Flask, run: Run) -> None:  # noqa: F811 - a fixture
    for name in ("a", "b"):
        add(app, OLD, name)
    kept = add(app, NEW, "c").token_encrypted
    assert run("providers", "reencrypt") == "Encrypted 4 secrets anew; 2 secrets had the present key already\n"
    db.session.expire_all()
    without_old = SETTINGS.of(app).model_copy(update={"previous_provider_token_keys": ()})
    for name in ("a", "b", "c"):
        assert catalog.access_of(without_old, catalog.find_provider(name)).token == f"token-of-{name}"
    assert catalog.find_provider("c").token_encrypted == kept
    assert run("providers", "reencrypt") == "Encrypted 0 secrets anew; 6 secrets had the present key already\n"
    assert '"providers_reencrypted"' in run("audit", "--json")


def test_what_no_key_reads_is_named_and_stays(app: Flask, run: Run, runner: object) -> None:  # noqa: F811 - a fixture
    lost = add(app, "forgotten", "lost")
    before = lost.token_encrypted
    add(app, OLD, "found")
    result = app.test_cli_runner().invoke(args=["providers", "reencrypt"])
    assert (result.exit_code, result.stdout) == (1, "Encrypted 2 secrets anew; 0 secrets had the present key already\n")
    assert result.stderr == "error: stored under another key, set them again: lost: token, lost: proxy_url\n"
    db.session.expire_all()
    assert lost.token_encrypted == before
