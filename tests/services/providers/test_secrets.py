"""What a provider is shown: what is accepted, how it is kept, when it is forgotten."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateNumbers, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from sqlalchemy import text

from downloads_app.config import current_settings
from downloads_app.errors import InvalidInput
from downloads_app.extensions import db
from downloads_app.services.providers import catalog
from tests.support.certificates import make_authority, make_client_certificate
from tests.support.downloading import add_provider


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """PEM: a certificate and its key."""
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder)
    return make_client_certificate(folder)


def test_every_secret_is_encrypted_at_rest_and_readable_for_a_transfer(app: Flask, certificate: str) -> None:
    added = add_provider(
        username="me", password="pass word", header_name="X-Key", header_value="one two", client_certificate=certificate
    )
    (row,) = db.session.execute(text("SELECT * FROM providers")).all()
    for secret in ("pass word", "one two", "PRIVATE KEY"):
        assert secret not in str(row)
    access = catalog.access_of(current_settings(), added)
    assert (access.username, access.password) == ("me", "pass word")
    assert (access.header_name, access.header_value) == ("X-Key", "one two")
    assert access.client_certificate == certificate


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "a:b"),
        ("username", "a\nb"),
        ("password", "secret\r\nHost: elsewhere"),
        ("header_value", "secret\r\nHost: elsewhere"),
        ("header_value", "sécret"),
        ("client_certificate", "secret"),
    ],
)
def test_what_cannot_be_sent_is_refused_by_field_and_not_repeated(app: Flask, field: str, value: str) -> None:
    others = {"username": "me", "header_name": "X-Key", "header_value": "v", "password": "p"}
    with pytest.raises(InvalidInput) as caught:
        add_provider(**{**others, field: value})
    assert field in caught.value.errors
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "name", ["Host", "range", "If-Range", "Content-Length", "a b", "a:b", "a\r\nb", "ü", "x" * 101]
)
def test_a_header_that_is_not_ones_own_to_set_is_refused(app: Flask, name: str) -> None:
    with pytest.raises(InvalidInput):
        add_provider(header_name=name, header_value="v")


@pytest.mark.parametrize(
    "fields",
    [
        {"token": "t", "username": "u"},
        {"token": "t", "header_name": "authorization", "header_value": "v"},
        {"username": "u", "header_name": "Authorization", "header_value": "v"},
        {"password": "p"},
        {"header_name": "X-Key"},
        {"header_value": "v"},
    ],
)
def test_fields_that_contradict_each_other_are_refused(app: Flask, fields: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        add_provider(**fields)


def test_a_certificate_needs_its_own_key_without_a_passphrase(app: Flask, certificate: str, tmp_path: Path) -> None:
    make_authority(tmp_path)
    other = make_client_certificate(tmp_path)
    end = "-----END CERTIFICATE-----\n"
    only, mixed = certificate.partition(end)[0] + end, certificate.partition(end)[0] + end + other.partition(end)[2]
    for pem, fault in ((only, "no certificate and private key"), (mixed, "not the one of its key")):
        with pytest.raises(InvalidInput, match=fault):
            add_provider(client_certificate=pem)


def test_a_key_that_would_take_seconds_is_refused_at_once(app: Flask, certificate: str) -> None:
    """Its numbers need no primes: whoever checked them would not say that the key is too long."""
    p, q = (1 << 4096) - 1, (1 << 4096) - 3
    huge = RSAPrivateNumbers(p, q, 5, 5, 5, 5, RSAPublicNumbers(65537, p * q))
    key = huge.private_key(unsafe_skip_rsa_key_validation=True)
    dumped = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    end = "-----END CERTIFICATE-----\n"
    with pytest.raises(InvalidInput, match="more than 4096 bits"):
        add_provider(client_certificate=certificate.partition(end)[0] + end + dumped)
    with pytest.raises(InvalidInput, match="too long"):
        add_provider(client_certificate=certificate * 100)


@pytest.mark.parametrize("host", ["h", "h.example:8443", "10.0.0.1", "[fd00::1]:9000", "[fd00::1]"])
def test_a_host_may_be_allowed_by_name_with_or_without_a_port(app: Flask, host: str) -> None:
    assert catalog.access_of(current_settings(), add_provider(allow_hosts=[host])).allow_hosts == (host,)


@pytest.mark.parametrize("host", ["", ":80", "http://h", "h/x", "h:", "h:99999", "u@h", "*.h", "[::1", "a b", "hü"])
def test_what_names_no_host_is_refused(app: Flask, host: str) -> None:
    with pytest.raises(InvalidInput):
        add_provider(allow_hosts=[host])


def test_a_new_origin_forgets_all_that_the_old_one_was_shown(app: Flask, certificate: str) -> None:
    added = add_provider(
        username="me", password="p", header_name="X-Key", header_value="v", client_certificate=certificate
    )
    catalog.change_provider(current_settings(), added, {"url": "http://127.0.0.1:9/other/path/"})
    assert catalog.access_of(current_settings(), added).password == "p"
    catalog.change_provider(
        current_settings(), added, {"url": "http://127.0.0.1:91/", "header_name": "X-Key", "header_value": "new"}
    )
    access = catalog.access_of(current_settings(), added)
    assert (access.username, access.password, access.client_certificate) == (None, None, None)
    assert (access.header_name, access.header_value) == ("X-Key", "new")


@pytest.mark.parametrize(("kind", "is_kept"), [("http", True), ("oci", False), ("lfs", False)])
def test_a_further_host_that_may_see_secrets_forgets_them(app: Flask, kind: str, is_kept: bool) -> None:
    added = catalog.add_provider(
        current_settings(), "hub", kind, "https://hub.example/", token="t", allow_hosts=["a.lan", "b.lan"]
    )
    catalog.change_provider(current_settings(), added, {"allow_hosts": ["a.lan"]})
    assert catalog.access_of(current_settings(), added).token == "t"
    catalog.change_provider(current_settings(), added, {"allow_hosts": ["a.lan", "c.lan"]})
    assert (catalog.access_of(current_settings(), added).token == "t") is is_kept


@pytest.mark.parametrize("region", ["eu central", "x\r\ny", "ü", "-x", "x" * 64])
def test_a_region_that_cannot_stand_in_a_signature_is_refused(app: Flask, region: str) -> None:
    with pytest.raises(InvalidInput):
        catalog.add_provider(current_settings(), "store", "s3", "https://s3.example/", region=region)


@pytest.mark.parametrize(
    ("url", "region", "expected"),
    [
        ("https://models.s3.eu-west-1.amazonaws.com/", None, "eu-west-1"),
        ("https://s3.dualstack.us-west-2.amazonaws.com/models", None, "us-west-2"),
        ("https://s3.us-west-004.backblazeb2.com/models", None, "us-west-004"),
        ("https://s3.our-lab.example/models", None, "us-east-1"),
        ("https://s3.our-lab.example/models", "garage", "garage"),
    ],
)
def test_the_region_to_sign_for_is_given_or_found_in_the_address(
    app: Flask, url: str, region: str | None, expected: str
) -> None:
    added = catalog.add_provider(
        current_settings(), "store", "s3", url, region=region, username="key", password="secret"
    )
    assert catalog.access_of(current_settings(), added).signing_region == expected


def test_a_region_or_half_a_key_is_refused_where_it_makes_no_sense(app: Flask) -> None:
    with pytest.raises(InvalidInput, match="has no regions"):
        add_provider(region="eu-west-1")
    with pytest.raises(InvalidInput, match="secret key"):
        catalog.add_provider(current_settings(), "store", "s3", "https://s3.example/", username="key")
