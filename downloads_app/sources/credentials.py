"""The credentials for a provider's own origin, and for no other: headers, a signature, a client certificate."""

import base64
from dataclasses import dataclass, field

from downloads_app.sources import Access


@dataclass(frozen=True, slots=True)
class Credentials:
    """Header lines as they are sent, and what libcurl needs to sign requests and to use a client certificate."""

    headers: tuple[str, ...] = field(default=(), repr=False)
    signing: tuple[str, str, str] | None = field(default=None, repr=False)
    """The signature's form in libcurl's notation (CURLOPT_AWS_SIGV4), the key's id, the key."""
    certificate: bytes | None = field(default=None, repr=False)
    """PEM, the certificate and its key."""


NOTHING = Credentials()


def find_credentials(access: Access) -> Credentials:
    """Return the credentials of `access`. A signature covers all headers (also `Range`) and expires within minutes."""
    headers = []
    signing = None
    if access.token is not None:
        headers.append(f"Authorization: Bearer {access.token}")
    elif access.username is not None and access.signing_region is not None:
        signing = (f"aws:amz:{access.signing_region}:s3", access.username, access.password or "")
    elif access.username is not None:
        pair = base64.b64encode(f"{access.username}:{access.password or ''}".encode()).decode()
        headers.append(f"Authorization: Basic {pair}")
    if access.header_name and access.header_value is not None:
        headers.append(f"{access.header_name}: {access.header_value}")
    certificate = access.client_certificate.encode() if access.client_certificate else None
    return Credentials(tuple(headers), signing, certificate)
