"""What one document says of a folder: its entries, and the addresses of further pages."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, decoded and not yet checked."""

    name: str
    is_folder: bool | None
    """None if the listing does not say it: then only a request shows it."""
    size_bytes: int | None = None
    about_bytes: int | None = None
    """A size that may be rounded."""
    fault: str = ""
    """What is wrong with the entry, if its size is malformed."""


@dataclass(frozen=True, slots=True)
class Index:
    """Entries in the order of the listing, each once."""

    entries: tuple[Entry, ...]
    onward_urls: tuple[str, ...] = ()
    """Addresses of further pages of the same folder."""

    @classmethod
    def of(cls, entries: Iterable[Entry], onward_urls: Iterable[str] = ()) -> "Index":
        """Return an index that has each name once as a file and once as a folder; the first one counts."""
        unique: dict[tuple[str, bool], Entry] = {}
        for entry in entries:
            unique.setdefault((entry.name, bool(entry.is_folder)), entry)
        return cls(tuple(unique.values()), tuple(dict.fromkeys(onward_urls)))
