"""The kinds of providers there are, and the source that speaks each."""

import importlib
from collections.abc import Callable

from downloads_app.errors import InvalidInput
from downloads_app.sources import Access, Source
from downloads_app.sources.http import HttpSource


def _open_huggingface(access: Access) -> Source:
    """Load huggingface_hub only where a hub is asked: it takes longer than the rest of the sources together."""
    from downloads_app.sources.huggingface import HuggingFaceSource

    return HuggingFaceSource(access)


_KINDS: dict[str, Callable[[Access], Source]] = {"http": HttpSource, "huggingface": _open_huggingface}


_MODULES = {"huggingface": "downloads_app.sources.huggingface"}
"""What `open_source` would load of a kind only when asked for it."""


def load(kind: str) -> None:
    """Load the libraries of a kind ahead of the threads that will use them."""
    if kind in _MODULES:
        importlib.import_module(_MODULES[kind])


def open_source(kind: str, access: Access) -> Source:
    """Return the source for a provider of `kind`; nothing is asked of the provider yet."""
    try:
        return _KINDS[kind](access)
    except KeyError:
        raise InvalidInput(f"There is no kind of provider {kind!r}; there are {', '.join(sorted(_KINDS))}") from None
