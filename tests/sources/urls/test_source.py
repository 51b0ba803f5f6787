"""Kind `urls`: what is listed, whole downloads through the real worker, and who is shown the secret."""

from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import SourceError
from downloads_app.models import Provider, Status, User
from downloads_app.services.downloads import lifecycle
from downloads_app.services.providers import catalog
from downloads_app.sources import Access
from downloads_app.sources.selection import Selection
from downloads_app.sources.urls.source import UrlsSource
from tests.support.downloading import folder_of, reload
from tests.support.file_server import FileServer
from tests.support.pages import Page, serve_pages
from tests.worker.running import FILES, arrived, run, run_to_failure

TOKEN = "hf_secretsecretsecret"


def open_list(text: str, url: str = "") -> UrlsSource:
    return UrlsSource(Access(url, address_list=text, allow_hosts=("127.0.0.1",)))


def provide_list(text: str, url: str = "", **options: Any) -> Provider:
    return catalog.add_provider(
        current_settings(), "list", "urls", url, address_list=text, allow_hosts=["127.0.0.1"], **options
    )


def describe(server: FileServer, *names: str) -> str:
    """Serve files of odd names, and return the lines that list them."""
    files = {name: server.put(name, FILES[name]) for name in names}
    return "\n".join(
        f"{server.url}{quote(name)} size={file.size_bytes} sha256={file.sha256} path={name}"
        for name, file in files.items()
    )


def test_a_repository_is_what_stands_below_its_heading() -> None:
    source = open_list("[a]\nhttps://h/x\nhttps://h/y\n[b/c]\nhttps://h/z")
    listing = source.list_files("a", None, Selection(exclude=("y",)))
    assert ([file.path for file in listing.files], listing.unwanted_files) == (["x"], 1)
    assert [file.path for file in source.list_files("b/c", "main").files] == ["z"]
    for repository, revision in (("nothing", None), ("a", "v1")):
        with pytest.raises(SourceError) as caught:
            source.list_files(repository, revision)
        assert caught.value.permanent


def test_a_repository_is_found_by_a_part_of_its_heading() -> None:
    source = open_list("https://h/x\n[Llama/8b]\nhttps://h/x\n[other]\nhttps://h/x\n[llama/70b]\nhttps://h/x")
    assert [found.name for found in source.search("LLAMA", 20)] == ["Llama/8b", "llama/70b"]
    assert [found.name for found in source.search("l", 2)] == ["files", "Llama/8b"]
    assert source.search("nothing", 20) == []


def test_files_of_several_servers_arrive_and_each_sees_only_its_own_secret(
    app: Flask, alice: User, server: FileServer, other: FileServer
) -> None:
    names = list(FILES)
    text = f"[lab/model]\n{describe(server, *names[:2])}\n{describe(other, *names[2:])}"
    row = lifecycle.create(current_settings(), alice, provide_list(text, server.url, token=TOKEN), "lab/model")
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == FILES
    assert {request.headers.get("authorization") for request in server.requests} == {f"Bearer {TOKEN}"}
    assert {request.headers.get("authorization") for request in other.requests} == {None}


def test_what_the_list_does_not_tell_is_found_out(app: Flask, alice: User, server: FileServer) -> None:
    server.put("model.bin", FILES["model.bin"])
    row = lifecycle.create(current_settings(), alice, provide_list("model.bin", server.url), "files")
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == {"model.bin": FILES["model.bin"]}
    assert row.total_bytes == row.current_bytes == len(FILES["model.bin"])


def test_a_file_of_another_sum_or_size_than_listed_never_completes(app: Flask, alice: User, server: FileServer) -> None:
    server.put("x.bin", b"the bytes that are there")
    provider = provide_list(f"[sum]\nx.bin sha256={'0' * 64}\n[size]\nx.bin size=3", server.url)
    for repository in ("sum", "size"):
        row = lifecycle.create(current_settings(), alice, provider, repository)
        assert "x.bin" in run_to_failure(app)
        assert not arrived(folder_of(row)).get("x.bin")


def test_a_private_address_that_nobody_has_allowed_is_not_reached(app: Flask, alice: User, server: FileServer) -> None:
    text = f"[a]\n{server.url}x"
    lifecycle.create(
        current_settings(), alice, catalog.add_provider(current_settings(), "list", "urls", address_list=text), "a"
    )
    assert "private address" in run_to_failure(app)
    assert server.requests == []


def test_each_server_is_asked_for_its_first_file_by_the_check() -> None:
    answers = {"/x": Page(b"x"), "/no-heads": Page(status=405), "/gone": Page(status=404)}
    with serve_pages(answers) as pages, serve_pages(answers) as others:
        open_list(f"{pages.url}/x\n{pages.url}/gone\n[b]\n{others.url}/no-heads").check()
        assert (pages.paths, others.paths) == (["/x"], ["/no-heads"])
        with pytest.raises(SourceError, match="gone: the server answered 404"):
            open_list(f"{pages.url}/x\n{others.url}/gone").check()
    with pytest.raises(SourceError, match="has no list"):
        UrlsSource(Access("https://h/")).check()
