"""Lists of addresses, checked when an admin writes them."""

from downloads_app.errors import InvalidInput, SourceError
from downloads_app.sources.urls.address_list import MAX_LIST_CHARACTERS as MAX_LIST_CHARACTERS
from downloads_app.sources.urls.address_list import read_list


class AddressList(str):
    """A list of which every line has been read and is valid."""

    __slots__ = ()


def check_address_list(text: str, base_url: str = "") -> AddressList:
    """Return `text` as a list whose addresses without a host lie below `base_url`; raises InvalidInput.

    A list of the largest size takes a second of CPU time, an AddressList none: check it outside of the event loop.
    """
    if isinstance(text, AddressList):
        return text
    try:
        files = read_list(text, base_url)
    except SourceError as exc:
        raise InvalidInput(exc.message, {"address_list": exc.message}) from None
    if not files:
        raise InvalidInput("The list has no addresses", {"address_list": "empty"})
    return AddressList(text)
