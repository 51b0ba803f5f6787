"""The kinds of providers there are, and the source that speaks each."""

from collections.abc import Callable

from downloads_app.errors import InvalidInput
from downloads_app.sources import Access, Source
from downloads_app.sources.http import HttpSource
from downloads_app.sources.huggingface import HuggingFaceSource

_KINDS: dict[str, Callable[[Access], Source]] = {
    "http": HttpSource,
    "huggingface": HuggingFaceSource,
}


def open_source(kind: str, access: Access) -> Source:
    """Return the source for a provider of `kind`; nothing is asked of the provider yet."""
    try:
        return _KINDS[kind](access)
    except KeyError:
        raise InvalidInput(f"There is no kind of provider {kind!r}; there are {', '.join(sorted(_KINDS))}") from None
