"""`/api/auth/oidc`: an answer in another form than it should have is the provider's fault, and signs nobody in."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from downloads_app.extensions import db
from downloads_app.models import Identity
from tests.support.identity_provider import CrookedProvider
from tests.web.api.signing_on import LOGIN, come_back, who

MALFORMED: tuple[Any, ...] = ([], [{}], {}, "text", 5, None, True)
one_kind_of_database = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    "subject", ["", "a\0b", "\ud800", "a\nb", "a" * 256, 4711, True, ["4711"], {"id": "4711"}], ids=repr
)
def test_a_subject_that_names_nobody_signs_nobody_in(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], subject: object
) -> None:
    client = make_client(crooked.issuer)
    crooked.claims["sub"] = subject
    assert come_back(client, crooked).status_code == 401
    assert who(client).status_code == 401
    assert db.session.scalars(select(Identity)).all() == []


@pytest.mark.parametrize("path", ["/token", "/jwks", "/me"])
@one_kind_of_database
def test_an_answer_of_another_form_is_the_providers_fault_and_is_not_remembered(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    crooked.userinfo = {"sub": "4711", "preferred_username": "carol"}
    crooked.claims["preferred_username"] = None  # so that it is asked at `/me`
    answer = crooked.answer
    for found in MALFORMED:
        client = make_client(crooked.issuer)
        with monkeypatch.context() as changed:
            changed.setattr(crooked, "answer", lambda asked, found=found: found if asked == path else answer(asked))
            assert come_back(client, crooked).status_code in (401, 424), found
        assert come_back(client, crooked).status_code == 302, found


@one_kind_of_database
def test_a_description_of_another_form_is_the_providers_fault(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(crooked.issuer)
    for found in MALFORMED:
        with monkeypatch.context() as changed:
            changed.setattr(crooked, "answer", lambda asked, found=found: found)
            assert client.get(LOGIN).status_code == 424, found
    assert client.get(LOGIN).status_code == 302


@pytest.mark.parametrize(
    "name", ["authorization_endpoint", "jwks_uri", "id_token_signing_alg_values_supported", "scopes_supported"]
)
@one_kind_of_database
def test_a_description_with_a_malformed_field_is_no_fault_of_ours(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], name: str
) -> None:
    for found in (5, [5], {"a": 1}, "http://[", ""):
        client = make_client(crooked.issuer, oidc_admin_claim="groups", oidc_admin_value="operators")
        crooked.configuration[name] = found
        assert client.get(LOGIN).status_code in (302, 424), found
        assert client.get("/api/auth/me").status_code == 401


@pytest.mark.parametrize("offered", [["HS256"], ["none"], ["HS256", "none"]])
@one_kind_of_database
def test_a_provider_that_signs_with_no_private_key_is_not_asked(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], offered: list[str]
) -> None:
    crooked.configuration["id_token_signing_alg_values_supported"] = offered
    assert make_client(crooked.issuer).get(LOGIN).status_code == 424
