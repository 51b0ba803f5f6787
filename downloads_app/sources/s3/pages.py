"""Reads a page of a bucket's listing: the XML of S3's ListObjects (both versions), with the additions of stores."""

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import unquote_plus
from xml.etree.ElementTree import ParseError, XMLParser

from downloads_app.errors import SourceError

PAGE_OBJECTS = 1000
"""The most objects that stores send in one page."""
MAX_PAGE_OBJECTS = 10_000
"""Stores send 1,000 objects a page. A page with more than this is not a real one."""
_MAX_DEPTH = 8
_STEP_BYTES = 65_536
_MAX_FIELD_CHARACTERS = 16_384
_ROOT = "ListBucketResult"
_FOLDER = ["CommonPrefixes", "Prefix"]
"""In a listing by folders, for which we never ask: it lacks what lies in them."""
_BEGINNING = re.compile(rb"\s*(?:\xef\xbb\xbf)?(?:<\?xml[^<>]*\?>\s*)?<(?:\w+:)?ListBucketResult\b")
_CODE = re.compile(r"[A-Za-z0-9.-]{1,80}")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a bucket. Its key is decoded and not yet checked."""

    key: str
    size_bytes: int | None
    """None if it is malformed."""
    etag: str = ""
    checksum_algorithm: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a bucket, and whether there are more."""

    objects: tuple[StoredObject, ...]
    is_last: bool
    next_token: str = ""
    """The token of the next page; empty from a store that has only the first version of ListObjects."""


def read_page(body: bytes) -> Page:
    """Read a page. Raises a permanent SourceError for another document, and for an object without a key."""
    document = _read(body)
    if document.root != _ROOT:
        raise SourceError("The store does not answer with a listing of a bucket", permanent=True)
    if document.lists_folders:
        raise SourceError("The store lists folders, not what lies in them", permanent=True)
    is_encoded = document.fields.get("EncodingType", "").lower() == "url"
    return Page(
        objects=tuple(_read_object(fields, is_encoded) for fields in document.objects),
        is_last=_is_last(document),
        next_token=document.fields.get("NextContinuationToken", ""),
    )


def _is_last(document: "_Document") -> bool:
    """Whether a page is the last. One that does not say so is the last if it is not full and names no next one."""
    told = document.fields.get("IsTruncated", "").strip().lower()
    if told:
        return told == "false"
    names_next = any(document.fields.get(name) for name in ("NextContinuationToken", "NextMarker"))
    return not names_next and len(document.objects) < PAGE_OBJECTS


def is_listing(body: bytes) -> bool:
    """Whether the beginning of a document shows that it is the listing of a bucket."""
    return bool(_BEGINNING.match(body))


def read_error(body: bytes) -> dict[str, str]:
    """Return the fields of a store's error (`Code`, `Region`, …) that are plain words; empty for other documents."""
    try:
        document = _read(body)
    except SourceError:
        return {}
    fields = document.fields if document.root == "Error" else {}
    return {name: value for name, value in fields.items() if _CODE.fullmatch(value) or name == "Endpoint"}


def _read_object(fields: dict[str, str], is_encoded: bool) -> StoredObject:
    key, size = fields.get("Key", ""), fields.get("Size", "").strip()
    if is_encoded:
        key = unquote_plus(key, errors="surrogateescape")
    if not key:
        raise SourceError("The store lists an object without a name", permanent=True)
    is_size = size.isascii() and size.isdecimal() and len(size) < 19
    return StoredObject(
        key, int(size) if is_size else None, fields.get("ETag", "").strip(), fields.get("ChecksumAlgorithm", "").strip()
    )


class _Document:
    """The parser's target: it keeps the texts of a known depth, and no more than a page can hold.

    It refuses a document type at once: stores send none, and it could define entities that grow without limit.
    """

    def __init__(self) -> None:
        self.root = ""
        self.fields: dict[str, str] = {}
        self.objects: list[dict[str, str]] = []
        self.lists_folders = False
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0

    def doctype(self, name: str, public: str | None, system: str | None) -> NoReturn:
        raise _Refused

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag.rpartition("}")[2])
        self._text, self._length = [], 0
        if len(self._path) == 1:
            self.root = self._path[0]
        elif self._path[1:] == ["Contents"]:
            self.objects.append({})
        if len(self._path) > _MAX_DEPTH or len(self.objects) > MAX_PAGE_OBJECTS:
            raise _Refused

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > _MAX_FIELD_CHARACTERS:
            raise _Refused
        self._text.append(text)

    def end(self, tag: str) -> None:
        if self._path[1:2] == ["Contents"] and len(self._path) == 3:
            self.objects[-1][self._path[2]] = "".join(self._text)
        elif self._path[1:] == _FOLDER and "".join(self._text):  # an empty element names none
            self.lists_folders = True
        elif len(self._path) == 2 and len(self.fields) < 100:
            self.fields[self._path[1]] = "".join(self._text)
        self._path.pop()
        self._text, self._length = [], 0

    def close(self) -> "_Document":
        return self


class _Refused(Exception):
    """The document does not have the form of a store's document."""


def _read(body: bytes) -> _Document:
    document = _Document()
    # The rule warns of entities that grow, or name a file. Only a document type can declare one; expat, which is below,
    # fetches nothing by itself.
    parser = XMLParser(target=document)  # noqa: S314 - `_Document.doctype` refuses every document type
    try:
        for at in range(0, len(body), _STEP_BYTES):  # a refusal ends the parser only after a step
            parser.feed(body[at : at + _STEP_BYTES])
        parser.close()
    except (ParseError, _Refused, ValueError, LookupError):
        raise SourceError("The store's answer is no XML that can be read", permanent=True) from None
    return document
