"""Lists of addresses: what a line may say, and what is said of a line that cannot be read."""

import time
from contextlib import suppress

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.urls import address_list
from downloads_app.sources.urls.address_list import read_list

SUM = "AB" * 32
LIST = f"""\ufeff# what the lab uses
https://a.example/loose.bin

[llama/8b]
https://a.example/models/model%20one.gguf?download=1#part
  https://b.example:8443/x\tsize=12   sha256={SUM} path=deep/er/größe %.bin\r
http://[2001:db8::1]/y sha256={SUM} size=0
[other]
https://a.example/é
[llama/8b]
https://a.example/last path=last
"""


def refuse(text: str, base_url: str = "") -> str:
    with pytest.raises(SourceError) as caught:
        read_list(text, base_url)
    assert caught.value.permanent
    assert caught.value.message.isprintable()
    return caught.value.message


def test_each_line_is_a_file_of_the_repository_above_it() -> None:
    lower = SUM.lower()
    assert read_list(LIST, "") == {
        "files": [RemoteFile("loose.bin", "https://a.example/loose.bin")],
        "llama/8b": [
            RemoteFile("model one.gguf", "https://a.example/models/model%20one.gguf?download=1"),
            RemoteFile("deep/er/größe %.bin", "https://b.example:8443/x", 12, lower),
            RemoteFile("y", "http://[2001:db8::1]/y", 0, lower),
            RemoteFile("last", "https://a.example/last"),
        ],
        "other": [RemoteFile("é", "https://a.example/%C3%A9")],
    }


def test_an_address_without_a_host_lies_below_the_providers_own() -> None:
    files = read_list("a/b.bin\n/c\nhttps://other.example/d", "https://own.example/models")["files"]
    assert [file.url for file in files] == [
        "https://own.example/models/a/b.bin",
        "https://own.example/c",
        "https://other.example/d",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("secret", "does not begin with http"),
        ("ftp://secret/x", "does not begin with http"),
        ("file:///etc/secret", "does not begin with http"),
        ("https:///secret", "does not begin with http"),
        ("https://secret\\@other/x", "characters that no address has"),
        ("https://me:secret@h/x", "user name or password"),
        ("https://h:secret/x", "not an address"),
        ("https://[secret/x", "not an address"),
        ("https://h/" + "secret" * 1000, "too long"),
        ("https://h/", "cannot be a file's name: it is empty"),
        ("https://h/..", "cannot be a file's name"),
        ("https://h/a%2Fsecret/..%2F..%2Fx", "cannot be a file's name"),
        ("https://h/%FF", "not valid Unicode"),
        ("https://h/x path=../secret", "cannot be a file's name"),
        ("https://h/x path=/secret", "cannot be a file's name"),
        ("https://h/x size=-1", "size is not a whole number"),
        ("https://h/x size=1e3", "size is not a whole number"),
        ("https://h/x size=" + "9" * 19, "size is not a whole number"),
        ("https://h/x sha256=secret", "64 hexadecimal digits"),
        ("https://h/x secret", "may follow an address"),
        ("https://h/x md5=secret", "may follow an address"),
        ("[../secret]", "cannot be a repository's name"),
        ("[.secret]", "cannot be a repository's name"),
        ("[ ]", "cannot be a repository's name"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_by_its_number_and_not_repeated(line: str, fault: str) -> None:
    message = refuse(f"# first\n{line}\n")
    assert message.startswith("Line 2 of the list of addresses: ")
    assert fault in message
    assert "secret" not in message


@pytest.mark.parametrize("second", ["https://h/x", "https://other/x", "https://h/y path=x", "https://h/y path=x/z"])
def test_two_files_of_a_repository_cannot_have_one_place(second: str) -> None:
    assert "'x'" in refuse(f"https://h/x\n{second}")
    assert len(read_list(f"https://h/x\n[other]\n{second}", "")) == 2


def test_bytes_that_are_no_text_are_refused() -> None:
    assert "not UTF-8" in refuse(b"# \xff\nhttps://h/x".decode("utf-8", "surrogateescape"))


def test_a_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "characters" in refuse("#" * (address_list.MAX_LIST_CHARACTERS + 1))
    monkeypatch.setattr(address_list, "MAX_FILES", 3)
    assert "more than 3 addresses" in refuse("\n".join(f"https://h/{number}" for number in range(4)))


@pytest.mark.parametrize(
    "line", ["https://h/x " + " " * 500_000, "https://h/x " + "size=1 " * 100_000, "[" * 1_000_000]
)
def test_a_line_of_any_form_is_read_in_linear_time(line: str) -> None:
    begun_at = time.thread_time()
    with suppress(SourceError):
        read_list(f"{line}|", "")
    assert time.thread_time() - begun_at < 2
