"""Translates a repository and a revision for a registry: into a name, and a tag or a digest."""

import re
from dataclasses import dataclass

from downloads_app.errors import SourceError

DEFAULT_TAG = "latest"
_NAME = re.compile(r"[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*(?:/[A-Za-z0-9]+(?:[._-]+[A-Za-z0-9]+)*)*")
"""The distribution specification's form, plus capital letters: Ollama's registry has them."""
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_SHORT_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Reference:
    """A name and a tag or digest at a registry. `asked` is the tag, or `sha256:` and 64 hex digits."""

    name: str
    asked: str

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the reference; None for a tag."""
        return self.asked.removeprefix("sha256:") if self.asked.startswith("sha256:") else None

    @property
    def label(self) -> str:
        """The name for its files: `llama3.2-1b` for the tag `1b` of `library/llama3.2`."""
        tag = self.digest[:_SHORT_DIGITS] if self.digest else self.asked
        return f"{self.name.rpartition('/')[2]}-{tag}"


def read_reference(repository: str, revision: str | None) -> Reference:
    """Read `name` and a revision, or `name:tag` or `name@sha256:…` alone. Raises a permanent SourceError."""
    name, sign, tag = _split(repository)
    if sign and revision:
        raise SourceError(f"{repository[:120]!a} names a revision already, so no {revision[:120]!a}", permanent=True)
    asked = revision or tag or DEFAULT_TAG
    digest = _DIGEST.fullmatch(asked)
    if not _NAME.fullmatch(name):
        raise SourceError(f"{repository[:120]!a} is no name that a registry knows", permanent=True)
    if digest:
        return Reference(name, f"sha256:{digest[1]}")
    if not _TAG.fullmatch(asked):
        raise SourceError(f"{asked[:120]!a} is neither a tag nor a sha256 digest", permanent=True)
    return Reference(name, asked)


def _split(repository: str) -> tuple[str, str, str]:
    """Split a tag or a digest off, as in `docker pull`."""
    name, sign, digest = repository.partition("@")
    return (name, sign, digest) if sign else repository.partition(":")
