"""Which hosts besides the provider's own origin may get its credentials, and in which form."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import urlsplit

from downloads_app.sources import Access
from downloads_app.sources.address_guard import is_named
from downloads_app.sources.route import find_origin, is_same_origin

STAND_IN_NAME = "oauth2"
"""The user name when a token is sent as a password: servers that accept this ignore the name or expect this one."""


def is_trusted(access: Access, url: str) -> bool:
    """Whether `url` has the provider's own origin or a host that its admin allowed (`allow_hosts`)."""
    try:
        scheme, host, port = find_origin(url)
    except ValueError:
        return False
    if is_same_origin(url, access.url):
        return True
    is_as_safe = scheme == "https" or urlsplit(access.url).scheme == "http"
    return is_as_safe and any(is_named(host, port, allowed) for allowed in access.allow_hosts)


def token_header(access: Access) -> str | None:
    """Return the header with the token, or else with name and password; None if there is neither."""
    return f"Authorization: Bearer {access.token}" if access.token is not None else basic_header(access)


def basic_header(access: Access) -> str | None:
    """Return the header with name and password, or with the token as a password; None if there is neither."""
    name, password = access.username, access.password
    if name is None and access.token is not None:
        name, password = STAND_IN_NAME, access.token
    if name is None:
        return None
    pair = b64encode(f"{name}:{password or ''}".encode()).decode()
    return f"Authorization: Basic {pair}"


def without_credentials(access: Access) -> Access:
    """Return `access` without token, name and password: libcurl would send them with every request."""
    return replace(access, token=None, username=None, password=None)
