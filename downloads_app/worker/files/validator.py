"""What names the content of an answer: its entity tag and its date (RFC 9110, section 8.8)."""

from typing import NamedTuple, Self

from downloads_app.sources.answers import AnswerHead

_STRONG, _DATED = "etag:", "modified:"
"""How a validator is written down; the latter is followed by the size and a colon."""


class Validator(NamedTuple):
    """What is known of a content's name. What one answer does not tell, another may."""

    etag: str = ""
    """As it was sent, with its quotes, without the mark of a weak one."""
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
            return cls(etag=text.removeprefix(_STRONG))
        if text.startswith(_DATED):
            return cls(modified=text.removeprefix(_DATED).partition(":")[2])
        return cls()

    def describe(self, total_bytes: int | None) -> str:
        """Write down what a later run may rely on: a strong entity tag, else the date; "" where there is neither."""
        if self.etag and not self.is_weak:
            return f"{_STRONG}{self.etag}"
        return f"{_DATED}{total_bytes}:{self.modified}" if self.modified else ""

    def contradicts(self, other: "Validator") -> bool:
        """Whether both name something, and not the same.

        Servers call one entity tag weak and strong in turn, where they pack some of their answers.
        """
        if self.etag and other.etag:
            return self.etag != other.etag
        return bool(self.modified and other.modified and self.modified != other.modified)

    def confirms(self, other: "Validator") -> bool:
        """Whether both have one strong entity tag."""
        return bool(self.etag) and self.etag == other.etag and not self.is_weak and not other.is_weak

    def join(self, other: "Validator") -> "Validator":
        """Add what `other` tells besides, of the same content."""
        if self == NO_VALIDATOR:
            return other
        strongest = min((one for one in (other, self) if one.etag), key=lambda one: one.is_weak, default=self)
        return Validator(strongest.etag, strongest.is_weak, self.modified or other.modified)


NO_VALIDATOR = Validator()
"""Of an answer that names its content not at all."""
