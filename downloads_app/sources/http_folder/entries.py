"""What one document tells of a folder: its entries, and where the list goes on."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, decoded and not yet checked."""

    name: str
    is_folder: bool | None
    """None where the listing does not tell: whoever needs to know has to ask the server."""
    size_bytes: int | None = None
    about_bytes: int | None = None
    """A size that may be rounded."""


@dataclass(frozen=True, slots=True)
class Index:
    """Entries in the order of the listing, each once."""

    entries: tuple[Entry, ...]
    onward_urls: tuple[str, ...] = ()
    """Addresses of the same folder under which more of it is listed."""

    @classmethod
    def of(cls, entries: Iterable[Entry], onward_urls: Iterable[str] = ()) -> "Index":
        """Return an index that has each name once as a file and once as a folder; the first one counts."""
        unique: dict[tuple[str, bool], Entry] = {}
        for entry in entries:
            unique.setdefault((entry.name, bool(entry.is_folder)), entry)
        return cls(tuple(unique.values()), tuple(dict.fromkeys(onward_urls)))
