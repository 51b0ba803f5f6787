"""Providers: what is accepted, how tokens are kept, what may be removed."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, delete, select, text

from downloads_app.config import current_settings
from downloads_app.errors import Conflict, InvalidInput, NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, AuditEntry, Provider, User
from downloads_app.services import removal
from downloads_app.services.providers import catalog
from downloads_app.services.queue import pauses
from tests.support.downloading import add_downloads, add_provider

TOKEN = "hf_secretsecretsecret"


def test_a_provider_is_found_by_name_and_by_id(app: Flask) -> None:
    added = catalog.add_provider(current_settings(), "hub", "huggingface", "https://hub.example/", max_connections=4)
    assert catalog.find_provider("hub").id == added.id
    assert catalog.find_provider(added.id).name == "hub"
    with pytest.raises(NotFound, match="nobody"):
        catalog.find_provider("nobody")


def test_a_name_is_taken_once(app: Flask) -> None:
    add_provider("hub")
    with pytest.raises(Conflict, match="hub"):
        add_provider("hub")


@pytest.mark.parametrize("name", ["", "..", ".hub", "a/b", "a\\b", "a b", "x" * 81, "hüb", "a\n", "-x"])
def test_a_name_that_is_no_folders_name_is_refused(app: Flask, name: str) -> None:
    with pytest.raises(InvalidInput):
        add_provider(name)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hub.example",
        "ftp://hub.example/",
        "file:///etc/passwd",
        "https://user:secret@hub.example/",
        "https://hub.example/?token=secret",
        "https://hub.example/#x",
        "https://hub.example:99999/",
        "https://hub.example/a b",
        "http://[::1",
    ],
)
def test_what_is_no_plain_web_address_is_refused_without_repeating_it(app: Flask, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        catalog.add_provider(current_settings(), "hub", "http", url)
    assert "secret" not in caught.value.message


def test_a_kind_that_nobody_knows_is_refused(app: Flask) -> None:
    with pytest.raises(InvalidInput):
        catalog.add_provider(current_settings(), "hub", "gopher", "https://hub.example/")


def test_a_token_is_encrypted_at_rest_and_readable_for_a_transfer(app: Flask) -> None:
    added = add_provider(token=TOKEN, proxy_url=f"http://u:{TOKEN}@proxy:3128")
    rows = db.session.execute(text("SELECT token_encrypted, proxy_url_encrypted FROM providers")).all()
    assert TOKEN not in str(rows)
    access = catalog.access_of(current_settings(), added)
    assert access.token == TOKEN
    assert access.proxy_url == f"http://u:{TOKEN}@proxy:3128"
    assert TOKEN not in repr(access)


def test_an_empty_token_means_none(app: Flask) -> None:
    added = add_provider(token="")
    assert added.token_encrypted is None
    assert catalog.access_of(current_settings(), added).token is None


@pytest.mark.parametrize("token", ["a b", "line\nbreak", "ümlaut"])
def test_a_token_that_cannot_stand_in_a_header_is_refused(app: Flask, token: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add_provider(token=token)
    assert token not in caught.value.message


def test_a_token_stored_under_another_key_is_named_as_such(make_app: Callable[..., Flask]) -> None:
    with make_app(provider_token_key="one key of some length").app_context():
        add_provider(token=TOKEN)
    with make_app(provider_token_key="another key").app_context():
        stored = catalog.find_provider("hub")
        with pytest.raises(Conflict, match="PROVIDER_TOKEN_KEY"):
            catalog.access_of(current_settings(), stored)


def test_the_generated_key_is_private(app: Flask) -> None:
    add_provider(token=TOKEN)
    assert (current_settings().instance_dir / "provider-key").stat().st_mode & 0o777 == 0o600


def test_a_provider_can_be_changed_but_for_its_name_and_kind(app: Flask) -> None:
    added = add_provider(token=TOKEN)
    catalog.change_provider(
        current_settings(), added, {"url": "https://new.example/", "token": None, "max_connections": 2}
    )
    assert (added.url, added.token_encrypted, added.max_connections) == ("https://new.example/", None, 2)
    for name in ("name", "kind", "id"):
        with pytest.raises(InvalidInput):
            catalog.change_provider(current_settings(), added, {name: "other"})


def test_a_provider_in_use_is_not_removed(alice: User) -> None:
    provider = add_provider()
    row = add_downloads(alice, provider, "one", status="paused")[0]
    with pytest.raises(Conflict, match="active or paused"):
        catalog.remove_provider(provider)
    row.status = "failed"
    db.session.commit()
    catalog.remove_provider(provider)
    assert catalog.list_providers() == []


def test_a_provider_that_is_used_again_at_the_last_moment_stays(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = add_provider()
    calls = iter([False, True])

    def remove_slowly(*which: ColumnElement[bool]) -> None:
        removal.remove_rows(*which)
        if next(calls):
            add_downloads(alice, provider, "one")

    monkeypatch.setattr(catalog, "remove_rows", remove_slowly)
    with pytest.raises(Conflict, match="active or paused"):
        catalog.remove_provider(provider)
    assert [row.name for row in catalog.list_providers()] == ["hub"]


@pytest.mark.parametrize(
    "change",
    [catalog.remove_provider, lambda provider: pauses.set_provider_paused(provider, True)],
    ids=["remove", "pause"],
)
def test_what_somebody_else_has_just_removed_is_not_there(app: Flask, change: Callable[[Provider], None]) -> None:
    provider = add_provider()
    assert provider.name == "hub"  # the row has been read
    with db.engine.begin() as elsewhere:
        elsewhere.execute(delete(Provider))
    with pytest.raises(NotFound):
        change(provider)
    assert db.session.scalars(select(AuditEntry.action)).all() == [Act.PROVIDER_ADDED]


def test_a_repository_is_made_once(app: Flask) -> None:
    provider = add_provider()
    first = catalog.find_or_create_repository(provider, "org/model")
    db.session.commit()
    assert catalog.find_or_create_repository(provider, "org/model").id == first.id
