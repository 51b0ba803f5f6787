"""Checks whether the first bytes of a file can be right: servers send pages, pointers and errors instead of files.

Used only if the listing has no sum of the content.
"""

import json
import re
import zlib
from collections.abc import Callable

from downloads_app.errors import SourceError

SNIFFED_BYTES = 512
"""Enough for all checks: a tar archive's first header has this size."""
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<!--.{0,400}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])")
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml\b|Error>)", re.IGNORECASE)
_XML_ERROR = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?<Error>\s*<Code>")
_STORE_ERROR = re.compile(_XML_ERROR.pattern + rb"[A-Za-z0-9.-]{1,80}</Code>\s*<(?:Message>|/Error>)")
"""How the errors of all stores begin (Amazon, Azure, Google, MinIO). An XML file with data has other elements."""
_JSON_ERROR = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"(?:error|errors|detail|message)\"\s*:")
_ERROR_KEYS = {"error", "errors", "error_description"}
_ERROR_CODES = {"code", "documentation_url", "status", "statusCode"}
_OTHER_KEYS = {"detail", "error_code", "message", "path", "request_id", "requestId", "success", "timestamp"}
"""The keys of the errors of web services. A JSON file that has only these is one of them."""
_GZIP_START = b"\x1f\x8b\x08"
_PAGE_SUFFIX = re.compile("html|htm|xhtml|shtml|mhtml|php|jsp|asp|aspx")
_TEXT_SUFFIX = re.compile(
    f"|{_PAGE_SUFFIX.pattern}|c|cc|cfg|cpp|css|csv|h|ini|ipynb|java|jinja|js|json|jsonl|log|md|py|rst|sh|svg|template"
    "|text|toml|ts|tsv|txt|vue|xml|yaml|yml"
)
"""Suffixes of text files. Names without a suffix are texts too: LICENSE, README."""
_BINARY_SUFFIX = re.compile(
    "7z|arrow|bin|bz2|ckpt|engine|ggml|gguf|gz|h5|hdf5|keras|mlmodel|msgpack|nemo|npy|npz|onnx|parquet|pb|pickle|pkl|pt"
    "|pth|safetensors|tar|tflite|tgz|whl|xz|zip|zst"
)


def refuse_first_bytes(path: str, first: bytes, total_bytes: int | None, content_type: str, encoding: str = "") -> None:
    """Raise a permanent SourceError if these cannot be the first bytes of `path`. It says what came instead."""
    suffix = suffix_of(path)
    found = _find_stranger(suffix, first, content_type, is_all=len(first) < SNIFFED_BYTES or len(first) == total_bytes)
    if found:
        raise SourceError(f"{path}: the server sent {found} instead of the file", permanent=True)
    if encoding.endswith("gzip") and _is_packed_twice(first):
        raise SourceError(f"{path}: the server sent it encoded ({encoding}), unasked", permanent=True)
    fits, form = _FORMS.get(suffix, (None, ""))
    if fits is not None and first and not fits(first, total_bytes):
        raise SourceError(f"{path}: it does not begin as {form} does", permanent=True)


def join_first_bytes(chunks: list[bytes]) -> bytes:
    """Return the first SNIFFED_BYTES bytes of all chunks."""
    return (chunks[0] if len(chunks[0]) >= SNIFFED_BYTES else b"".join(chunks))[:SNIFFED_BYTES]


def suffix_of(path: str) -> str:
    """Return the text after the last dot of a name, in lower case; "" if there is no dot."""
    stem, _, suffix = path.rpartition("/")[2].rpartition(".")
    return suffix.lower() if stem else ""


def is_page_type(content_type: str) -> bool:
    """Whether a `Content-Type` says that the body is an HTML page."""
    return content_type.lower().lstrip().startswith(("text/html", "application/xhtml"))


def _find_stranger(suffix: str, first: bytes, content_type: str, *, is_all: bool) -> str | None:
    """Name what came instead of the file, or return None.

    A text file may begin like an HTML page, unless the server itself says that it is a page.
    """
    if first.startswith(_LFS_POINTER):
        return "a Git LFS pointer"
    if _PAGE.match(first):
        is_welcome = _PAGE_SUFFIX.fullmatch(suffix) or (
            _TEXT_SUFFIX.fullmatch(suffix) and not is_page_type(content_type)
        )
        return None if is_welcome else "an HTML page"
    if (_STORE_ERROR if suffix == "xml" else _XML_ERROR).match(first):
        return "an XML document"
    if _TEXT_SUFFIX.fullmatch(suffix):
        if first.startswith(_GZIP_START):
            return "packed bytes"
        is_error = is_all and _is_error_object(first, suffix)
        return "a JSON document" if is_error else None
    if _BINARY_SUFFIX.fullmatch(suffix) and _XML.match(first):
        return "an XML document"
    if _JSON_ERROR.match(first) or (_BINARY_SUFFIX.fullmatch(suffix) and _JSON.match(first) and _is_text(first)):
        return "a JSON document"
    return None


def _is_packed_twice(first: bytes) -> bool:
    """Whether a gzip body holds a gzip file."""
    try:
        return zlib.decompressobj(wbits=31).decompress(first, len(_GZIP_START)) == _GZIP_START
    except zlib.error:
        return False


def _is_error_object(content: bytes, suffix: str) -> bool:
    """Whether a whole text is one JSON object that begins with `error`; of a JSON file, that only tells an error."""
    if suffix == "jsonl":
        return False
    try:
        found = json.loads(content) if content.lstrip()[:1] == b"{" else None
    except (ValueError, RecursionError):
        return False
    if not found or not isinstance(found, dict):
        return False
    if suffix == "json":
        tells_error = bool(_ERROR_KEYS & found.keys()) or ("message" in found and bool(_ERROR_CODES & found.keys()))
        return (tells_error and found.keys() <= _ERROR_KEYS | _ERROR_CODES | _OTHER_KEYS) or [*found] == ["detail"]
    return bool(_JSON_ERROR.match(content)) and next(iter(found)) == "error"


def is_never_empty(path: str) -> bool:
    """Whether a file of this name has some bytes, by its format."""
    return suffix_of(path) in _FORMS


def _is_text(first: bytes) -> bool:
    """Whether all bytes can be in a text."""
    return not any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in first)


def _is_safetensors(first: bytes, total_bytes: int | None) -> bool:
    """Whether they begin with the length of a JSON object, as 64 bits, and the object."""
    header_bytes = int.from_bytes(first[:8], "little")
    fits = 2 <= header_bytes <= 100_000_000 and (total_bytes is None or 8 + header_bytes <= total_bytes)
    return fits and first[8:9] == b"{"


def _is_onnx(first: bytes, _: int | None) -> bool:
    """Whether they begin with a field of ONNX's ModelProto: 1 to 8 or 14 in one byte, 20, 25 or 26 in two."""
    return first[0] in b"\x08\x12\x1a\x22\x28\x32\x3a\x42\x72" or first[:2] in (b"\xa2\x01", b"\xca\x01", b"\xd2\x01")


def _is_tar(first: bytes, _: int | None) -> bool:
    """Whether they begin with a header whose sum is right (its own field counts as spaces), or are all zeros."""
    if len(first) < 512 or first.startswith(b"\x1f\x8b"):
        return first.startswith(b"\x1f\x8b")  # many people name a packed archive .tar
    try:
        told = int(first[148:156].strip(b" \0") or b"0", 8)
    except ValueError:
        return False
    return told in (0, sum(first[:148]) + 8 * 0x20 + sum(first[156:512])) and (told > 0 or not any(first[:512]))


def _begins_with(*starts: bytes) -> Callable[[bytes, int | None], bool]:
    return lambda first, _: first.startswith(starts)


def _is_checkpoint(first: bytes, _: int | None) -> bool:
    """Whether they are a zip, a pickle or anything else that is no text."""
    return not _is_text(first)


_ZIP = _begins_with(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_GZIP = _begins_with(b"\x1f\x8b")
_FORMS: dict[str, tuple[Callable[[bytes, int | None], bool] | None, str]] = {
    "gguf": (_begins_with(b"GGUF"), "a GGUF file"),
    "safetensors": (_is_safetensors, "a safetensors file"),
    "onnx": (_is_onnx, "an ONNX model"),
    "tar": (_is_tar, "a tar archive"),
    **dict.fromkeys(("gz", "tgz"), (_GZIP, "a gzip file")),
    **dict.fromkeys(("zip", "npz", "keras"), (_ZIP, "a zip archive")),
    **dict.fromkeys(("pt", "pth", "ckpt"), (_is_checkpoint, "a checkpoint")),
}
