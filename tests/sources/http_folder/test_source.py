"""Kind `http` against real servers: every name arrives, whatever way the server lists it."""

import functools
import http.server
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.http_folder.source import HttpSource
from tests.support import nginx
from tests.support.loopback import LoopbackServer
from tests.support.pages import Page, serve_pages
from tests.support.repositories import SMALL_SIZES_BYTES, build_repository, make_content, write_manifest


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("web root")
    build_repository(root / "org" / "model 1%", SMALL_SIZES_BYTES)
    (root / "org" / "nothing").mkdir()
    listed = root / "with manifest"
    write_manifest(listed, build_repository(listed, SMALL_SIZES_BYTES))
    (listed / "not in the manifest").write_bytes(b"x")
    return root


@pytest.fixture(scope="module")
def json_server(root: Path) -> Iterator[str]:
    with nginx.serve(root, index="json") as url:
        yield url


@pytest.fixture(scope="module")
def html_server(root: Path) -> Iterator[str]:
    with nginx.serve(root, index="html") as url:
        yield url


@pytest.fixture(scope="module")
def python_server(root: Path) -> Iterator[str]:
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with LoopbackServer(functools.partial(Handler, directory=str(root))) as server:
        yield f"http://{server.address}"


def open_http(url: str, token: str | None = None) -> HttpSource:
    return HttpSource(Access(url, token=token, allow_private_network=True))


def refuse(url: str, repository: str = "r", revision: str | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        open_http(url).list_files(repository, revision)
    assert caught.value.message.isprintable()
    return caught.value


def fetch_all(listing: Listing) -> dict[str, bytes]:
    return {file.path: urllib.request.urlopen(file.url).read() for file in listing.files}


@pytest.mark.parametrize("server", ["json_server", "html_server", "python_server"])
def test_every_name_is_listed_and_its_address_leads_to_its_bytes(server: str, request: pytest.FixtureRequest) -> None:
    listing = open_http(request.getfixturevalue(server)).list_files("org/model 1%", None)
    expected = {path: make_content(path, size) for path, size in SMALL_SIZES_BYTES.items()}
    assert fetch_all(listing) == expected
    assert listing.commit is None


def test_a_json_index_tells_exact_sizes(json_server: str) -> None:
    listing = open_http(json_server).list_files("org/model 1%", "main")
    assert {file.path: file.size_bytes for file in listing.files} == SMALL_SIZES_BYTES


@pytest.mark.parametrize("server", ["html_server", "python_server"])
def test_sizes_of_an_html_index_are_unknown_not_rounded(server: str, request: pytest.FixtureRequest) -> None:
    listing = open_http(request.getfixturevalue(server)).list_files("org/model 1%", None)
    assert {file.size_bytes for file in listing.files} == {None}


@pytest.mark.parametrize("server", ["json_server", "html_server"])
def test_a_manifest_is_believed_before_any_index(server: str, request: pytest.FixtureRequest, root: Path) -> None:
    listing = open_http(request.getfixturevalue(server)).list_files("with manifest", None)
    assert {file.path: file.size_bytes for file in listing.files} == SMALL_SIZES_BYTES
    assert all(file.sha256 and len(file.sha256) == 64 for file in listing.files)
    assert set(fetch_all(listing)) == set(SMALL_SIZES_BYTES)


def test_an_empty_folder_is_an_empty_listing(json_server: str, html_server: str, python_server: str) -> None:
    for url in (json_server, html_server, python_server):
        assert open_http(url).list_files("org/nothing", None) == Listing(())


def test_a_folder_that_is_not_there_is_not_found(json_server: str) -> None:
    error = refuse(json_server, "org/missing")
    assert error.permanent
    assert error.message == "Repository 'org/missing' is not found"


def test_a_revision_is_refused_because_there_are_none(json_server: str) -> None:
    error = refuse(json_server, "org/model 1%", "v1.0")
    assert error.permanent
    assert "has no revisions, so no 'v1.0'" in error.message


@pytest.mark.parametrize("repository", ["", "../etc", "a/../../etc", "a//b", "a\nb"])
def test_a_repository_name_that_leaves_the_root_is_refused_unasked(repository: str) -> None:
    with serve_pages({}) as pages:
        assert refuse(pages.url, repository).permanent
    assert pages.requests == []


@pytest.mark.parametrize(
    ("status", "permanent", "retry_after_seconds"),
    [(401, True, None), (403, True, None), (410, True, None), (429, False, 7.0), (500, False, None), (503, False, 7.0)],
)
def test_a_status_says_whether_to_try_again(status: int, permanent: bool, retry_after_seconds: float | None) -> None:
    headers = {"Retry-After": "7"} if retry_after_seconds else {}
    with serve_pages({"/r/": Page(status=status, headers=headers)}) as pages:
        error = refuse(pages.url)
    assert (error.permanent, error.retry_after_seconds) == (permanent, retry_after_seconds)


def test_an_unreachable_server_is_tried_again() -> None:
    with serve_pages({}) as pages:
        pass
    assert not refuse(pages.url).permanent


def test_a_private_address_is_refused_where_its_admin_did_not_allow_it(json_server: str) -> None:
    with pytest.raises(SourceError) as caught:
        HttpSource(Access(json_server)).list_files("org/model 1%", None)
    assert caught.value.permanent


def test_the_token_goes_to_the_provider() -> None:
    with serve_pages({"/r/": Page(b"[]", "application/json")}) as pages:
        open_http(pages.url, token="secret").list_files("r", None)
    assert {headers.get("authorization") for _, headers in pages.requests} == {"Bearer secret"}


def test_a_repository_may_lie_below_a_path_of_the_providers_address() -> None:
    listed = b'[{"name":"f","type":"file","size":1}]'
    with serve_pages({"/a/b/r/": Page(listed, "application/json")}) as pages:
        (file,) = open_http(f"{pages.url}/a/b/?x=1").list_files("/r/", None).files
    assert file.url == f"{pages.url}/a/b/r/f"


def test_a_listing_that_moved_lists_what_lies_there() -> None:
    answers = {
        "/r/": Page(status=302, headers={"Location": "/moved/here/"}),
        "/moved/here/": Page(b'<title>Index of /moved/here/</title><a href="f">f</a>'),
    }
    with serve_pages(answers) as pages:
        (file,) = open_http(pages.url).list_files("r", None).files
    assert file.url == f"{pages.url}/moved/here/f"


@pytest.mark.parametrize("status", [200, 403, 404])
def test_a_server_that_answers_passes_the_check(status: int) -> None:
    with serve_pages({"/": Page(b"hello", status=status)}) as pages:
        open_http(pages.url).check()


@pytest.mark.parametrize("status", [401, 500])
def test_a_server_that_refuses_or_fails_does_not_pass_the_check(status: int) -> None:
    with serve_pages({"/": Page(b"hello", status=status)}) as pages, pytest.raises(SourceError):
        open_http(pages.url).check()


def test_an_address_that_is_none_is_a_permanent_error() -> None:
    with pytest.raises(SourceError) as caught:
        open_http("http://[oops").check()
    assert caught.value.permanent


def test_all_folders_of_a_listing_ride_one_connection() -> None:
    rows = b'[{"name":"a","type":"directory"},{"name":"b","type":"directory"}]'
    empty = Page(b"[]", "application/json")
    answers = {"/r/": Page(rows, "application/json"), "/r/a/": empty, "/r/b/": empty}
    with serve_pages(answers) as pages:
        open_http(pages.url).list_files("r", None)
    assert len(pages.requests) == 4
    assert len(pages.client_ports) == 1
