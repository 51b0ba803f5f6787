"""The validators of an answer's content: its entity tag and its date (RFC 9110, section 8.8)."""

from typing import NamedTuple, Self

from downloads_app.sources.answers import AnswerHead

_STRONG, _DATED = "etag:", "modified:"
_AND_DATED = " modified:"
"""The prefixes of a stored validator. After `modified:` come the size, a colon and the date."""


class Validator(NamedTuple):
    """The known validators of a content. Different answers may give different ones."""

    etag: str = ""
    """The entity tag as it was sent, with its quotes, but without `W/`."""
    is_weak: bool = False
    modified: str = ""

    @classmethod
    def of(cls, head: AnswerHead) -> Self:
        """Read it from the head of an answer."""
        etag = head.headers.get("etag", "")
        is_weak = etag[:2].upper() == "W/"
        etag = etag[2:] if is_weak else etag
        return cls(etag if etag.startswith('"') else "", is_weak, head.headers.get("last-modified", ""))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `describe` wrote."""
        if text.startswith(_STRONG):
            etag, _, modified = text.removeprefix(_STRONG).partition(_AND_DATED)
            return cls(etag=etag, modified=modified)
        if text.startswith(_DATED):
            return cls(modified=text.removeprefix(_DATED).partition(":")[2])
        return cls()

    def describe(self, total_bytes: int | None) -> str:
        """Return the text that a later run may rely on: a strong entity tag, else the date; "" if there is neither."""
        if self.etag and not self.is_weak:
            return f"{_STRONG}{self.etag}{_AND_DATED}{self.modified}" if self.modified else f"{_STRONG}{self.etag}"
        return f"{_DATED}{total_bytes}:{self.modified}" if self.modified else ""

    def contradicts(self, other: "Validator") -> bool:
        """Whether the entity tags differ; if one of the two has none, whether the dates differ.

        `W/` is ignored: servers that pack some of their answers send the same entity tag as weak and as strong.
        """
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.modified and other.modified and self.modified != other.modified)

    def shares(self, other: "Validator") -> bool:
        """Whether both have the same entity tag (maybe weak) or the same date."""
        return bool(self.etag and self.etag == other.etag) or bool(self.modified and self.modified == other.modified)

    def confirms(self, other: "Validator") -> bool:
        """Whether both have the same strong entity tag."""
        return bool(self.etag) and self.etag == other.etag and not self.is_weak and not other.is_weak

    def join(self, other: "Validator") -> "Validator":
        """Return this validator plus what only `other` has. Both are of the same content."""
        if self == NO_VALIDATOR:
            return other
        strongest = min((one for one in (other, self) if one.etag), key=lambda one: one.is_weak, default=self)
        return Validator(strongest.etag, strongest.is_weak, self.modified or other.modified)


NO_VALIDATOR = Validator()
"""The validator of an answer that has none."""
