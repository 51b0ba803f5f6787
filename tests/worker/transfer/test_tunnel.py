"""Behind a firewall: HTTPS through an outgoing proxy, with a certificate that a private authority has signed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, RemoteFile
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.certificates import HOST, make_authority
from tests.support.file_server import Fault, FileServer
from tests.support.publishing import publish
from tests.support.tunnel import Tunnel
from tests.worker.transfer.transferring import Run, noise

FILES = {"config.json": b"{}", "model.bin": noise(3_000_000)}
TOKEN, PASSWORD = "hf_secret", "let me out"
URL = f"https://{HOST}/"


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileServer, Path]]:
    """Serve a repository over TLS, where only the proxy finds it."""
    ca_file, context = make_authority(tmp_path_factory.mktemp("authority"))
    with FileServer(context) as server:
        publish(server, "org/model", FILES)
        yield server, ca_file


@pytest.fixture
def tunnel(inside: tuple[FileServer, Path]) -> Iterator[Tunnel]:
    with Tunnel(inside[0].port, f"alice:{PASSWORD}") as running:
        yield running


@pytest.fixture
def access(inside: tuple[FileServer, Path], tunnel: Tunnel) -> Access:
    proxy_url = f"http://alice:{PASSWORD.replace(' ', '%20')}@{tunnel.address}"
    return Access(URL, token=TOKEN, proxy_url=proxy_url, ca_file=str(inside[1]))


def test_a_repository_arrives_through_the_tunnel_and_the_proxy_never_sees_the_token(
    access: Access, tunnel: Tunnel, folder: Path, inside: tuple[FileServer, Path]
) -> None:
    server, _ = inside
    server.requests.clear()
    listing = HttpSource(access).list_files("org/model", None)
    Run(server, listing.files, folder, access=access, limits=Limits(4, 4)).finish()
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {TOKEN}"}
    assert not any("proxy-authorization" in seen.headers for seen in server.requests)
    assert {target for target, _ in tunnel.heads} == {f"{HOST}:443"}
    assert not any("authorization" in headers for _, headers in tunnel.heads)


def test_a_range_that_breaks_off_inside_the_tunnel_goes_on_where_it_ended(
    access: Access, folder: Path, inside: tuple[FileServer, Path]
) -> None:
    server, _ = inside
    content = server.files["org/model/model.bin"]
    file = RemoteFile("model.bin", f"{URL}org/model/model.bin", len(content))
    server.fail("org/model/model.bin", Fault(drop_after=1_000_000))
    sent_before = server.count_sent()
    Run(server, [file], folder, access=access, limits=Limits(1, 1)).finish()
    assert (folder / "model.bin").read_bytes() == content
    assert server.count_sent() - sent_before < len(content) + 500_000


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_proxy_and_authority_are_taken_from_the_usual_variables(
    access: Access, tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for other in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "curl_ca_bundle"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.upper(), raising=False)
    monkeypatch.setenv(variable, str(access.proxy_url))
    monkeypatch.setenv("SSL_CERT_FILE", str(access.ca_file))
    assert fetch_text(Access(URL), f"{URL}org/model/config.json", limit_bytes=100).body == b"{}"
    assert tunnel.opened == 1


def test_a_certificate_that_nobody_vouches_for_is_refused_inside_the_tunnel_too(access: Access, tunnel: Tunnel) -> None:
    stranger = Access(URL, token=TOKEN, proxy_url=access.proxy_url)
    with pytest.raises(SourceError, match="certificate") as error:
        fetch_text(stranger, f"{URL}org/model/config.json", limit_bytes=100)
    assert error.value.permanent
    assert tunnel.opened == 1


def test_a_wrong_password_of_the_proxy_is_said_without_showing_it(tunnel: Tunnel, access: Access) -> None:
    wrong = Access(URL, token=TOKEN, proxy_url=f"http://alice:wrong-guess@{tunnel.address}", ca_file=access.ca_file)
    with pytest.raises(SourceError, match="407") as error:
        fetch_text(wrong, f"{URL}org/model/config.json", limit_bytes=100)
    assert "wrong-guess" not in error.value.message
    assert tunnel.opened == 0


def test_no_tunnel_is_asked_for_to_a_private_address(access: Access, tunnel: Tunnel) -> None:
    with pytest.raises(SourceError, match="private address"):
        fetch_text(access, "https://127.0.0.1/x", limit_bytes=100)
    assert tunnel.heads == []
