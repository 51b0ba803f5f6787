"""Lists of addresses, checked when an admin writes them."""

from downloads_app.errors import InvalidInput, SourceError
from downloads_app.sources.urls.address_list import MAX_LIST_CHARACTERS as MAX_LIST_CHARACTERS
from downloads_app.sources.urls.address_list import read_list


class AddressList(str):
    """A list that has been read from its first line to its last, and can be."""

    __slots__ = ()


def check_address_list(text: str, base_url: str = "") -> AddressList:
    """Return `text` as a list whose addresses without a host lie below `base_url`; raises InvalidInput.

    A list of the largest size takes a second of CPU time, a checked one none: check it where it holds up nobody.
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
