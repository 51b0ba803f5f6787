"""Names from a listing: what is refused, and that everything else is kept as it is."""

import ntpath
import os
import posixpath
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from downloads_app.errors import SourceError
from downloads_app.sources.paths import MAX_PATH_BYTES, check_path, check_paths

HOSTILE = {
    "": "empty",
    "/etc/passwd": "absolute",
    "//server/share": "absolute",
    "..": "'..' segment",
    "../x": "'..' segment",
    "a/../../x": "'..' segment",
    "a/..": "'..' segment",
    ".": "'.' segment",
    "./a": "'.' segment",
    "a/./b": "'.' segment",
    "a//b": "empty segment",
    "a/": "empty segment",
    "a\\b": "backslash",
    "..\\x": "backslash",
    "\\\\server\\share": "backslash",
    "C:": "drive letter",
    "c:x": "drive letter",
    "C:/windows": "drive letter",
    "a/z:b": "drive letter",
    "a\0b": "control character",
    "a\nb": "control character",
    "a\rb": "control character",
    "a\x7f": "control character",
    "a\x85b": "control character",
    "a\x9bb": "control character",
    "a\udcffb": "not valid Unicode",
    "x" * 256: "longer than 255 bytes",
    "a/" + "é" * 128: "longer than 255 bytes",
    "/".join(["x" * 200] * 20): f"longer than {MAX_PATH_BYTES} bytes",
}
KEPT = [
    "a",
    "a/b/c.bin",
    "what?.bin",
    "all*.txt",
    "100%.txt",
    "%2e%2e/x",
    "with space/ leading and trailing ",
    "#1.txt",
    "a;b&c=d'e\"f`g$h|i<j>k",
    "...",
    "..a",
    "a..",
    ".hidden",
    "größe/日本語/🤗.bin",
    "é" * 127,
    "1:2",
    "ab:c",
    "-rf",
    "~",
    "con",
    "a\u2028b",
    "e\u0301",
]


def refusal_of(path: str) -> str | None:
    try:
        check_path(path)
    except SourceError as error:
        return error.message
    return None


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_name_is_refused_with_its_reason(path: str) -> None:
    with pytest.raises(SourceError) as caught:
        check_path(path)
    assert caught.value.permanent
    assert HOSTILE[path] in caught.value.message


@pytest.mark.parametrize("path", KEPT)
def test_an_unusual_but_storable_name_is_kept_as_it_is(path: str) -> None:
    assert check_path(path) == path


@given(st.text().filter(lambda path: refusal_of(path) is not None))
def test_the_message_is_one_short_printable_line(path: str) -> None:
    message = refusal_of(path)
    assert message is not None
    assert message.isprintable()
    assert len(message) < 1500


segments = st.text(st.sampled_from("ab./\\:CZ%é\0 \n~*?"), max_size=12)


@given(segments)
def test_an_accepted_name_stays_below_its_folder_on_every_system(path: str) -> None:
    assume(refusal_of(path) is None)
    assert posixpath.normpath(posixpath.join("/root", path)) == "/root/" + path
    windows = PureWindowsPath("R:/root") / path
    assert windows.drive == "R:"
    assert ntpath.normpath(str(windows)) == "R:\\root\\" + path.replace("/", "\\")


@given(segments | st.text(max_size=40))
def test_an_accepted_name_can_be_stored_and_read_back(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    assume(refusal_of(path) is None)
    root = tmp_path_factory.mktemp("names")
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"x")
    stored = [Path(folder, name) for folder, _, names in os.walk(root) for name in names]
    assert [str(found.relative_to(root)) for found in stored] == [path]


def test_a_listing_with_a_name_twice_is_refused() -> None:
    with pytest.raises(SourceError, match="names 'a/b' twice"):
        check_paths(["a/b", "c", "a/b"])


def test_a_listing_with_a_file_that_is_also_a_folder_is_refused() -> None:
    with pytest.raises(SourceError, match="'a/b' as a file and as a folder"):
        check_paths(["a/b", "a/b/c/d"])


def test_a_listing_of_good_names_passes() -> None:
    check_paths(["a", "b/a", "b/c/a", "A"])
