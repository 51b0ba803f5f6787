"""Real web servers: each lists every name of a folder, and each address leads to that file's bytes."""

import functools
import http.server
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from downloads_app.sources import Access, Listing
from downloads_app.sources.http_folder.indexes import read_index
from downloads_app.sources.http_folder.source import HttpSource
from tests.support import nginx
from tests.support.loopback import LoopbackServer
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository, make_content
from tests.support.web_servers import serve_apache, serve_caddy, serve_lighttpd, serve_npm

REPOSITORY = "org/model 1%"
LINKED = "org/linked"
"""A repository with symbolic links in it: to a file, to a folder, and to nothing."""
LINKED_SIZES_BYTES = {"a.bin": 20_000, "inner/b.bin": 50}
SIZES_BYTES = SMALL_SIZES_BYTES | {"v1.0/LICENSE": 400, "n" * 120 + ".bin": 200, "tilde~x+y@z,$.bin": 60}


@contextmanager
def serve_python(root: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with LoopbackServer(functools.partial(Handler, directory=str(root))) as server:
        yield f"http://{server.address}"


SERVERS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "nginx html": functools.partial(nginx.serve, index="html"),
    "nginx json": functools.partial(nginx.serve, index="json"),
    "apache": serve_apache,
    "lighttpd": serve_lighttpd,
    "caddy": serve_caddy,
    "python": serve_python,
    "serve": functools.partial(serve_npm, "serve"),
    "http-server": functools.partial(serve_npm, "http-server"),
}
PROVIDERS = {
    "apache plain": ("apache", "/plain"),
    "apache fancy": ("apache", "/fancy"),
    "apache table": ("apache", "/table"),
} | {name: (name, "") for name in SERVERS if name != "apache"}
EXACT = {"nginx json", "caddy"}
"""Those that tell exact sizes."""
WITHOUT_SIZES = {"apache plain", "python"}


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder that servers may read which do not serve as the user who starts them."""
    with tempfile.TemporaryDirectory(prefix="web-root-") as folder:
        root = Path(folder)
        build_repository(root / REPOSITORY, SIZES_BYTES)
        (root / "org" / "nothing").mkdir()
        build_repository(root / LINKED, LINKED_SIZES_BYTES)
        for name, target in {"alias.bin": "a.bin", "to-inner": "inner", "broken.bin": "nowhere"}.items():
            (root / LINKED / name).symlink_to(target)
        for path, _, _ in os.walk(root):
            Path(path).chmod(0o755)
        yield root


@pytest.fixture(scope="module")
def url_of(root: Path) -> Iterator[Callable[[str], str]]:
    """Start each server when it is first asked for."""
    started: dict[str, str] = {}
    with ExitStack() as stack:

        def find(provider: str) -> str:
            name, path = PROVIDERS[provider]
            if name not in started:
                started[name] = stack.enter_context(SERVERS[name](root))
            return started[name] + path

        yield find


def list_files(url: str, repository: str) -> Listing:
    return HttpSource(Access(url, allow_private_network=True)).list_files(repository, None)


def fetch_all(listing: Listing) -> dict[str, bytes]:
    return {file.path: urllib.request.urlopen(file.url).read() for file in listing.files}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_name_is_listed_and_its_address_leads_to_its_bytes(provider: str, url_of: Callable[[str], str]) -> None:
    expected = {path: make_content(path, size) for path, size in SIZES_BYTES.items()}
    assert fetch_all(list_files(url_of(provider), REPOSITORY)) == expected


@pytest.mark.parametrize("provider", PROVIDERS)
def test_sizes_are_exact_or_said_to_be_rounded(provider: str, url_of: Callable[[str], str]) -> None:
    for file in list_files(url_of(provider), REPOSITORY).files:
        size_bytes = SIZES_BYTES[file.path]
        assert file.size_bytes == (size_bytes if provider in EXACT else None)
        if provider in EXACT | WITHOUT_SIZES:
            assert file.about_bytes is None
        else:
            assert file.about_bytes is not None
            assert abs(file.about_bytes - size_bytes) <= max(110, 0.2 * size_bytes), file.path


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_folder_that_is_empty_is_an_empty_listing(provider: str, url_of: Callable[[str], str]) -> None:
    assert list_files(url_of(provider), "org/nothing") == Listing(())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_servers_own_root_is_a_repository(provider: str, url_of: Callable[[str], str]) -> None:
    paths = {file.path for file in list_files(url_of(provider), ".").files}
    assert {path for path in paths if not path.startswith(f"{LINKED}/")} == {
        f"{REPOSITORY}/{path}" for path in SIZES_BYTES
    }


@pytest.mark.parametrize("provider", [name for name in PROVIDERS if name != "serve"])
def test_symbolic_links_are_what_they_lead_to(provider: str, url_of: Callable[[str], str]) -> None:
    """A link to nothing is left out, or it is named when it cannot be fetched. npm's `serve` sends no link's target."""
    listing = list_files(url_of(provider), LINKED)
    files = {file.path: file for file in listing.files}
    if (broken := files.pop("broken.bin", None)) is not None:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(broken.url)
    a, b = (make_content(path, size) for path, size in LINKED_SIZES_BYTES.items())
    expected = {"a.bin": a, "alias.bin": a, "inner/b.bin": b, "to-inner/b.bin": b}
    assert {path: urllib.request.urlopen(file.url).read() for path, file in files.items()} == expected
    told = {path: file.size_bytes for path, file in files.items() if file.size_bytes is not None}
    assert told == {path: len(expected[path]) for path in told}


def test_caddys_page_lists_what_its_json_does(url_of: Callable[[str], str]) -> None:
    folder = f"{url_of('caddy')}/{quote(REPOSITORY)}/"
    index = read_index(urllib.request.urlopen(folder).read(), "text/html", folder)
    assert index is not None
    assert {entry.name for entry in index.entries} == {path.partition("/")[0] for path in SIZES_BYTES}
    assert {entry.name for entry in index.entries if entry.is_folder} == {
        path.partition("/")[0] for path in SIZES_BYTES if "/" in path
    }
