"""Listings in the forms of servers that are not run here: every name, and which of them are folders."""

import pytest

from downloads_app.sources import Access
from downloads_app.sources.http_folder.rounded_sizes import find_rounded_size
from downloads_app.sources.http_folder.source import HttpSource
from tests.sources.http_folder.forms import FORMS, Names
from tests.support.pages import Page, Pages, serve_pages

FILES = {"LICENSE": 360, "a b.json": 3_008, "100%25.txt": 2_222, "naïve ☃.bin": 5_000}
FOLDER: Names = {"v1.0": None, "sub dir": None, **FILES}
INNER = {"x+y&z.bin": 700, "plain": 12}
EXPECTED = FILES | {f"{folder}/{name}": size for folder in ("v1.0", "sub dir") for name, size in INNER.items()}


def serve(form: str, root: str = "/r/") -> dict[str, Page]:
    write = FORMS[form]
    folders: dict[str, Names] = {root: FOLDER, f"{root}v1.0/": {**INNER}, f"{root}sub%20dir/": {**INNER}}
    return {path: Page(write(path.replace("%20", " "), names).encode()) for path, names in folders.items()}


def list_sizes(pages: Pages, repository: str = "r") -> dict[str, int | None]:
    files = HttpSource(Access(pages.url, allow_private_network=True)).list_files(repository, None).files
    assert all(file.size_bytes is None for file in files)
    return {file.path: file.about_bytes for file in files}


@pytest.mark.parametrize("form", FORMS)
def test_every_name_is_listed_and_folders_are_told_from_files(form: str) -> None:
    with serve_pages(serve(form)) as pages:
        found = list_sizes(pages)
        assert [path for path in pages.paths if path.endswith("/")] == ["/r/", "/r/v1.0/", "/r/sub%20dir/"]
    assert found.keys() == EXPECTED.keys()


@pytest.mark.parametrize("form", ["iis", "miniserve", "darkhttpd", "express"])
def test_sizes_are_read_as_rounded_ones(form: str) -> None:
    with serve_pages(serve(form)) as pages:
        for path, about_bytes in list_sizes(pages).items():
            assert about_bytes is not None, path
            assert abs(about_bytes - EXPECTED[path]) <= 6, path


@pytest.mark.parametrize("form", ["iis", "go", "darkhttpd", "express", "aiohttp"])
def test_a_servers_root_is_known_as_a_listing_too(form: str) -> None:
    with serve_pages(serve(form, "/")) as pages:
        assert list_sizes(pages, ".").keys() == EXPECTED.keys()


@pytest.mark.parametrize("form", ["go", "old go", "iis", "darkhttpd", "express", "aiohttp"])
def test_an_empty_folder_is_an_empty_listing(form: str) -> None:
    with serve_pages({"/r/": Page(FORMS[form]("/r/", {}).encode())}) as pages:
        assert list_sizes(pages) == {}


@pytest.mark.parametrize(
    ("text", "about_bytes"),
    [
        ("01-Jan-2026 00:00  1.9M", 1_992_294),
        ("2026-01-01 00:00    -", None),
        ("2026-01-01 00:00  512 ", 512),
        ("2026-Jan-01 00:00:00 0.3K application/octet-stream", 307),
        ("2.9 KiB 11/26/2026 01:26:59 AM +00:00", 2_969),
        ("1,9 MB", 1_992_294),
        ("1,234 KB", 1_263_616),
        ("12,345", 12_345),
        ("1.5G archive of 3 parts", 1_610_612_736),
        ("(360 bytes)", 360),
        ("Jan 12 2026", None),
        ("1/2/2026 1:02 PM", None),
        ("1/2/2026 1:02 PM 3008", 3_008),
        ("", None),
        ("version 3", 3),
    ],
)
def test_a_rounded_size_is_found_in_a_row(text: str, about_bytes: int | None) -> None:
    assert find_rounded_size(text) == about_bytes
