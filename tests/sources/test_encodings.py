"""A name means the same file in each percent-encoding, at each kind of provider. `s3/test_encodings` has the stores."""

import json
import re
from collections.abc import Callable
from html import escape, unescape
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest

from downloads_app.sources import RemoteFile
from downloads_app.sources.documents import quote_path
from downloads_app.sources.http_folder.indexes import read_index
from downloads_app.sources.http_folder.manifest import read_manifest
from downloads_app.sources.hub.tree import read_row
from downloads_app.sources.lfs.api import Api, Entry, read_entry
from downloads_app.sources.lfs.gitea import Gitea
from downloads_app.sources.lfs.github import GitHub
from downloads_app.sources.oci.layers import name_layers
from downloads_app.sources.oci.manifests import Descriptor, Manifest
from downloads_app.sources.paths import check_path
from downloads_app.sources.urls.address_list import read_list
from tests.sources.http_folder.forms import FORMS, Names

NAMES = [
    "a b.bin",
    "a+b.bin",
    "a%20b.bin",
    "a%2Bb.bin",
    "100%.bin",
    "naïve ☃.bin",
    "gro\u0308ße",
    "c#d?e=1&f.bin",
    "q'u;o,te",
]
FOLDER = "sub dir+100%"
URL = "http://host/r/"


def in_capitals(name: str) -> str:
    return quote(name, safe="")


def in_small_letters(name: str) -> str:
    first, *encoded = quote(name, safe="").split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in encoded)])


def every_byte(name: str) -> str:
    return "".join(f"%{byte:02X}" for byte in name.encode())


def only_what_must_be(name: str) -> str:
    return re.sub(r"[%?#]", lambda match: quote(match[0]), name)


ENCODINGS = [in_capitals, in_small_letters, every_byte, only_what_must_be]
Encoding = Callable[[str], str]


def encode_links(page: str, encode: Encoding) -> str:
    """Write the links to NAMES and FOLDER anew; others stay."""

    def again(match: re.Match[str]) -> str:
        place, slash, below = unquote(unescape(match[1])).rpartition("/r/")
        name = below.removeprefix("./").removesuffix("/")
        if name not in (*NAMES, FOLDER):
            return match[0]
        return f'href="{escape(place + slash + encode(name))}{"/" if below.endswith("/") else ""}"'

    return re.sub(r'href="([^"]*)"', again, page, flags=re.IGNORECASE)


@pytest.mark.parametrize("encode", ENCODINGS)
@pytest.mark.parametrize("form", FORMS)
def test_each_link_of_each_form_of_a_page_is_its_name(form: str, encode: Encoding) -> None:
    names: Names = dict.fromkeys(NAMES, 5) | {FOLDER: None}
    page = encode_links(FORMS[form]("/r/", names), encode)
    assert page.count(escape(encode("100%.bin"))) >= 1
    index = read_index(page.encode(), "text/html", URL)
    assert index is not None
    assert {(entry.name, bool(entry.is_folder)) for entry in index.entries} == {
        *((name, False) for name in NAMES),
        (FOLDER, True),
    }


@pytest.mark.parametrize("encode", [in_capitals, in_small_letters, every_byte])
def test_an_address_of_a_list_is_its_name(encode: Encoding) -> None:
    files = read_list("".join(f"https://host/{encode(name)}\n" for name in NAMES), "")["files"]
    assert [file.path for file in files] == NAMES
    assert [unquote(urlsplit(file.url).path) for file in files] == [f"/{name}" for name in NAMES]


def of_json(name: str) -> tuple[str, str]:
    index = read_index(json.dumps([{"name": name, "type": "file", "size": 1}]).encode(), "application/json", URL)
    assert index is not None
    return index.entries[0].name, URL + quote_path(index.entries[0].name)


def of_manifest(name: str) -> tuple[str, str]:
    files = read_manifest(json.dumps({"files": [{"path": name, "size": 1}]}).encode(), "application/json", URL)
    assert files is not None
    (file,) = files
    assert isinstance(file, RemoteFile)
    return file.path, file.url


def of_hub(name: str) -> tuple[str, str]:
    file = read_row({"path": name, "type": "file", "size": 1}, URL)
    assert isinstance(file, RemoteFile)
    return file.path, file.url


def of_forge(forge: Callable[[Api], GitHub | Gitea]) -> Callable[[str], tuple[str, str]]:
    def find(name: str) -> tuple[str, str]:
        entry = read_entry({"path": name, "type": "blob", "sha": "a" * 40, "size": 1}, "it")
        assert isinstance(entry, Entry)
        unused: Any = None
        return entry.path, forge(unused).locate("o/r", "c" * 40, entry)

    return find


def of_registry(name: str) -> tuple[str, str]:
    """A blob's address names its digest, not its file."""
    layer = Descriptor("text/plain", "a" * 64, 1, {"org.opencontainers.image.title": name})
    ((path, _),) = name_layers(Manifest("0" * 64, (layer,), None), "label")
    return path, quote_path(path)


@pytest.mark.parametrize(
    "find",
    [
        of_json,
        of_manifest,
        of_hub,
        of_forge(lambda api: GitHub(api, "http://api", "http://web", "http://raw")),
        of_forge(lambda api: Gitea(api, "http://web")),
        of_registry,
    ],
    ids=["json", "manifest", "hub", "github", "gitea", "registry"],
)
@pytest.mark.parametrize("name", [*NAMES, f"{FOLDER}/{NAMES[2]}"])
def test_a_name_that_comes_as_text_is_no_address_and_is_asked_for_in_full(
    name: str, find: Callable[[str], tuple[str, str]]
) -> None:
    path, url = find(name)
    assert path == check_path(name)
    assert unquote(urlsplit(url).path).endswith(name)
    assert not urlsplit(url).fragment
