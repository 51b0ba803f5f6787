"""Reads a list of addresses: one a line, with its size, sum and name if they are known, below `[repository]`."""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.documents import MAX_FILES, MAX_SIZE_BYTES
from downloads_app.sources.paths import check_paths, find_fault
from downloads_app.sources.route import AMBIGUOUS, find_origin

MAX_LIST_CHARACTERS = 4 * 1024 * 1024
MAX_ADDRESS_LENGTH = 4000
DEFAULT_REPOSITORY = "files"
"""The repository of the addresses above the first heading."""
_HEADING = re.compile(r"\[(.+)\]")
_FIELDS = re.compile(
    r"(?:\s+(?P<known>(?:size|sha256)=\S*))?(?:\s+(?P<other>(?:size|sha256)=\S*))?(?:\s+path=(?P<path>.*))?"
)
_MARK, _SURROGATE = "\ufeff", re.compile(r"[\ud800-\udfff]")
"""The byte order mark that some editors put first; the characters that replace bytes which are not UTF-8."""
_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
_KEPT = "%/:=&?~+!$,;'@()*[]"


def read_list(text: str, base_url: str) -> dict[str, list[RemoteFile]]:
    """Return the files of each repository, in the order of the list. An address without a host is below `base_url`.

    Empty lines, and lines that begin with `#`, are ignored. Raises a permanent SourceError for the first line that
    cannot be read. It names the line's number, never its address: that may contain a secret.
    """
    if len(text) > MAX_LIST_CHARACTERS:
        raise SourceError(f"The list of addresses has more than {MAX_LIST_CHARACTERS:,} characters", permanent=True)
    if _SURROGATE.search(text):
        raise SourceError("The list of addresses is not UTF-8", permanent=True)
    repositories: dict[str, list[RemoteFile]] = {}
    repository, count = DEFAULT_REPOSITORY, 0
    for number, line in enumerate(map(str.strip, text.removeprefix(_MARK).split("\n")), 1):
        heading = _HEADING.fullmatch(line)
        try:
            if heading:
                repository = _read_name(heading[1].strip())
            elif line and not line.startswith("#"):
                count += 1
                if count > MAX_FILES:
                    raise ValueError(f"there are more than {MAX_FILES:,} addresses")
                repositories.setdefault(repository, []).append(_read_line(line, base_url))
        except ValueError as exc:
            raise SourceError(f"Line {number} of the list of addresses: {exc}", permanent=True) from None
    for files in repositories.values():
        check_paths(file.path for file in files)
    return repositories


def _read_name(name: str) -> str:
    fault = find_fault(name)
    if fault is None and any(segment.startswith(".") for segment in name.split("/")):
        fault = "a segment begins with a dot"
    if fault:
        raise ValueError(f"this cannot be a repository's name: {fault}")
    return name


def _read_line(line: str, base_url: str) -> RemoteFile:
    address = line.split(maxsplit=1)[0]
    fields = _FIELDS.fullmatch(line, len(address))
    if fields is None:
        raise ValueError("only size=, sha256= and, as the last, path= may follow an address")
    known = dict(word.split("=", 1) for word in fields.group("known", "other") if word)
    url = _read_address(address, base_url)
    path = fields["path"] or unquote(urlsplit(url).path.rpartition("/")[2], errors="surrogateescape")
    fault = find_fault(path)
    if fault:
        raise ValueError(f"this cannot be a file's name: {fault}")
    return RemoteFile(path, url, _read_size(known.get("size")), _read_sha256(known.get("sha256")))


def _read_address(address: str, base_url: str) -> str:
    """Return an absolute address. Raises ValueError if it is no address, or if it contains a password."""
    try:
        if base_url:
            address = urljoin(f"{base_url.rstrip('/')}/", address)
        scheme, host, _ = find_origin(address)
    except ValueError:
        raise ValueError("it is not an address") from None  # Python's own message repeats the address
    if len(address) > MAX_ADDRESS_LENGTH or AMBIGUOUS.search(address):
        raise ValueError("its address is too long, or has characters that no address has")
    if scheme not in ("http", "https") or not host:
        raise ValueError("it does not begin with http:// or https:// and a host")
    if "@" in urlsplit(address).netloc:
        raise ValueError("its address holds a user name or password; give them to the provider instead")
    return quote(address.partition("#")[0], safe=_KEPT)


def _read_size(word: str | None) -> int | None:
    if word is None:
        return None
    if not (word.isascii() and word.isdecimal() and len(word) < 20 and int(word) <= MAX_SIZE_BYTES):
        raise ValueError("its size is not a whole number of bytes")
    return int(word)


def _read_sha256(word: str | None) -> str | None:
    if word is not None and not _SHA256.fullmatch(word):
        raise ValueError("its sha256 is not 64 hexadecimal digits")
    return word.lower() if word else None
