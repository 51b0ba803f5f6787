"""Certificates: the system's authorities by default, a private one where it is named."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from tests.support.certificates import make_authority
from tests.support.file_server import Fault, FileServer


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileServer, Path]]:
    """Serve over TLS with a certificate that only `ca.pem` vouches for."""
    ca_file, context = make_authority(tmp_path_factory.mktemp("authority"))
    with FileServer(context) as server:
        server.put("x", b"secret")
        yield server, ca_file


def test_an_unknown_authority_is_a_permanent_error(authority: tuple[FileServer, Path]) -> None:
    server, _ = authority
    with pytest.raises(SourceError, match="certificate") as error:
        fetch_text(Access(server.url, allow_private_network=True), server.url + "x", limit_bytes=100)
    assert error.value.permanent


def test_the_providers_own_authority_is_trusted(authority: tuple[FileServer, Path]) -> None:
    server, ca_file = authority
    access = Access(server.url, allow_private_network=True, ca_file=str(ca_file))
    assert fetch_text(access, server.url + "x", limit_bytes=100).body == b"secret"


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_the_usual_variables_are_read(
    authority: tuple[FileServer, Path], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    server, ca_file = authority
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    monkeypatch.setenv(variable, str(ca_file))
    access = Access(server.url, allow_private_network=True)
    assert fetch_text(access, server.url + "x", limit_bytes=100).body == b"secret"
    elsewhere = dataclasses.replace(access, ca_file="/etc/ssl/certs/ca-certificates.crt")
    with pytest.raises(SourceError, match="certificate"):
        fetch_text(elsewhere, server.url + "x", limit_bytes=100)


def test_an_authority_file_that_is_missing_is_a_permanent_error(authority: tuple[FileServer, Path]) -> None:
    server, _ = authority
    access = Access(server.url, allow_private_network=True, ca_file="/does/not/exist.pem")
    with pytest.raises(SourceError) as error:
        fetch_text(access, server.url + "x", limit_bytes=100)
    assert error.value.permanent


def test_a_provider_over_https_leads_nowhere_over_http(authority: tuple[FileServer, Path]) -> None:
    server, ca_file = authority
    access = Access(server.url, token="hf_secret", allow_private_network=True, ca_file=str(ca_file))
    with FileServer() as plain:
        plain.put("y", b"plain")
        server.fail("x", Fault(redirect=plain.url + "y?signature=abc"))
        for url in (server.url + "x", plain.url + "y?signature=abc"):  # by a redirect, by a listing
            with pytest.raises(SourceError, match="is not encrypted") as error:
                fetch_text(access, url, limit_bytes=100)
            assert error.value.permanent
            assert "signature" not in error.value.message
        assert plain.requests == []


def test_a_provider_over_http_may_lead_to_https(authority: tuple[FileServer, Path]) -> None:
    server, ca_file = authority
    with FileServer() as plain:
        plain.fail("y", Fault(redirect=server.url + "x"))
        access = Access(plain.url, token="hf_secret", allow_private_network=True, ca_file=str(ca_file))
        assert fetch_text(access, plain.url + "y", limit_bytes=100).body == b"secret"
    assert "authorization" not in server.requests[-1].headers
