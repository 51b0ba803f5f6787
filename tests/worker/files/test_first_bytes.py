"""What servers send in place of files is known by its first bytes, and what they call it is a hint at most."""

import io
import struct
import tarfile
import zipfile

import pytest

from downloads_app.errors import SourceError
from downloads_app.worker.files.first_bytes import refuse_first_bytes
from tests.worker.transfer.transferring import noise

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 435852734\n"
PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"
COMMENTED_PAGE = b"<!-- made by a wizard -->\n<HTML><body>Sign in</body>"
JSON_ERROR = b'{"error":"Invalid username or password."}'
XML_ERROR = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'


def refuse(path: str, first: bytes, content_type: str = "application/octet-stream") -> None:
    refuse_first_bytes(path, first[:512], len(first), content_type)


def archive() -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    return kept.getvalue()


def zipped() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as written:
        written.writestr("model/data.pkl", b"x")
    return kept.getvalue()


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("model.gguf", b"GGUF" + noise(600)),
        ("model.safetensors", struct.pack("<Q", 40) + b'{"__metadata__":{"format":"pt"}' + noise(600)),
        ("model.onnx", b"\x08\x07\x12\x07pytorch" + noise(600)),
        ("model.pt", zipped()),
        ("model.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + noise(600)),
        ("arrays.npz", zipped()),
        ("data.tar", archive()),
        ("data.tar", bytes(1024)),
        ("data.tar.gz", b"\x1f\x8b\x08" + noise(600)),
        ("data.tgz", b"\x1f\x8b\x08" + noise(600)),
        ("pytorch_model.bin", noise(600)),
        ("config.json", b'{"model_type": "bert"}'),
        ("index.html", PAGE),
        ("README.md", b"<!-- a comment -->\n# A model\n"),
        ("notes.md", PAGE),
        ("feed.xml", b'<?xml version="1.0"?>\n<errors><Error><Code>AccessDenied</Code></Error></errors>'),
        ("codes.xml", b"<Error><Code>17</Code><Text>No paper</Text></Error>"),
        ("codes.xml", b"<Error><Code>No paper</Code><Message>Add some</Message></Error>"),
        ("answers.json", b'{"error": null, "answers": [1]}'),
        ("words.json", b'{"message": "Hello", "title": "Greeting"}'),
        ("answers.jsonl", JSON_ERROR),
        ("events.log", JSON_ERROR + b"\n" + JSON_ERROR),
        ("notes.md", JSON_ERROR + b" is what the server says"),
        ("drawing.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>'),
        ("empty.safetensors", b""),
    ],
)
def test_a_file_begins_as_its_form_wants_it(path: str, first: bytes) -> None:
    refuse(path, first)


@pytest.mark.parametrize(
    ("path", "first", "reason"),
    [
        ("model.safetensors", POINTER, "a Git LFS pointer"),
        ("config.json", POINTER, "a Git LFS pointer"),
        ("model.bin", PAGE, "an HTML page"),
        ("model.gguf", COMMENTED_PAGE, "an HTML page"),
        ("weights.unheard-of", PAGE, "an HTML page"),
        ("model.bin", JSON_ERROR, "a JSON document"),
        ("model.unheard-of", JSON_ERROR, "a JSON document"),
        ("model.safetensors", XML_ERROR, "an XML document"),
        ("model.unheard-of", XML_ERROR, "an XML document"),
        ("README.md", XML_ERROR, "an XML document"),
        ("config.json", XML_ERROR, "an XML document"),
        ("openvino_model.xml", XML_ERROR, "an XML document"),
        ("feed.xml", b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.", "an XML document"),
        ("LICENSE", XML_ERROR, "an XML document"),
        ("README.md", JSON_ERROR, "a JSON document"),
        ("config.json", JSON_ERROR, "a JSON document"),
        ("config.json", b'{"timestamp": 1, "status": 404, "error": "Not Found", "path": "/x"}', "a JSON document"),
        ("config.json", b'{"message": "Bad credentials", "documentation_url": "https://x"}', "a JSON document"),
        ("config.json", b'{"detail": "Not Found"}', "a JSON document"),
        ("config.json", b"\x1f\x8b\x08" + noise(600), "packed bytes"),
        ("README.md", b"\x1f\x8b\x08" + noise(600), "packed bytes"),
        ("LICENSE", b'{"error": {"code": 403}}\n', "a JSON document"),
        ("model.gguf", noise(600), "a GGUF file"),
        ("model.safetensors", noise(600), "a safetensors file"),
        ("model.safetensors", struct.pack("<Q", 10_000) + b"{" + noise(600), "a safetensors file"),
        ("model.onnx", b"nothing of the kind", "an ONNX model"),
        ("model.pt", b"Not Found", "a checkpoint"),
        ("arrays.npz", noise(600), "a zip archive"),
        ("data.tar", noise(1024), "a tar archive"),
        ("data.tar.gz", archive(), "a gzip file"),
    ],
)
def test_what_is_sent_in_place_of_a_file_is_named(path: str, first: bytes, reason: str) -> None:
    with pytest.raises(SourceError, match=reason) as error:
        refuse(path, first)
    assert error.value.permanent


def test_a_text_that_begins_as_a_page_is_one_where_the_server_says_so() -> None:
    with pytest.raises(SourceError, match="an HTML page"):
        refuse("notes.md", PAGE, "text/html; charset=utf-8")
