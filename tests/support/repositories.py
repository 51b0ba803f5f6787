"""Builds repositories on disk whose every byte follows from a seed: odd names, folders, 0 bytes to 64 MB."""

import hashlib
import json
import random
from pathlib import Path

MEBIBYTE = 1024 * 1024

ODD_SIZES_BYTES: dict[str, int] = {
    "config.json": 713,
    "empty.bin": 0,
    "one byte.bin": 1,
    "model-00001-of-00002.safetensors": 64 * MEBIBYTE,
    "model-00002-of-00002.safetensors": 17 * MEBIBYTE + 12_345,
    "README.md": 4_097,
    "100%.txt": 333,
    "100%25.txt": 334,
    "%2e%2e/percent.txt": 21,
    "what?.txt": 50,
    "star*.txt": 51,
    "hash#1.txt": 52,
    "semi;colon&and=equals+plus.txt": 53,
    "quote'\"<b>.txt": 54,
    "ümläut/größe.bin": 65_536,
    "日本語/模型.bin": 65_537,
    "emoji 🤗.bin": 1_000_003,
    "e\u0301 decomposed.txt": 55,
    "deep/er/and/deeper/still/leaf.bin": 3 * MEBIBYTE + 1,
    "deep/er/sibling.bin": MEBIBYTE - 1,
    "deep/empty too.bin": 0,
    " leading space.txt": 56,
    "tokenizer/vocab.txt": 262_144,
    "tokenizer/merges.txt": 262_143,
    "index.html.bin": 59,
}
"""Path → size of the repository that has one of everything (25 files, some 88 MB)."""

SMALL_SIZES_BYTES: dict[str, int] = {path: min(size, 70_000) for path, size in ODD_SIZES_BYTES.items()}
"""The same names with little in them, for tests that care about names alone."""


def build_repository(folder: Path, sizes: dict[str, int] | None = None, *, seed: int = 1) -> dict[str, str]:
    """Write the files below `folder` and return path → SHA-256 (lowercase hex)."""
    digests = {}
    for path, size_bytes in (ODD_SIZES_BYTES if sizes is None else sizes).items():
        content = make_content(path, size_bytes, seed=seed)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digests[path] = hashlib.sha256(content).hexdigest()
    return digests


def make_content(path: str, size_bytes: int, *, seed: int = 1) -> bytes:
    """Bytes that differ from file to file and are the same on every run."""
    return random.Random(f"{seed}/{path}").randbytes(size_bytes)


def write_manifest(folder: Path, digests: dict[str, str]) -> None:
    """Put a `manifest.json` beside the files of `digests`."""
    files = [
        {"path": path, "size": (folder / path).stat().st_size, "sha256": digest} for path, digest in digests.items()
    ]
    (folder / "manifest.json").write_text(json.dumps({"files": files}, ensure_ascii=False))
