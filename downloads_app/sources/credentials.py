"""The credentials for a provider's own origin, and for no other: headers, a signature, a client certificate."""

import base64
from dataclasses import dataclass, field

import pycurl

from downloads_app.sources import Access


@dataclass(frozen=True, slots=True)
class Credentials:
    """Header lines as they are sent, and what libcurl needs to sign requests and to use a client certificate."""

    headers: tuple[str, ...] = field(default=(), repr=False)
    signing: tuple[str, str, str] | None = field(default=None, repr=False)
    """The signature's form in libcurl's notation (CURLOPT_AWS_SIGV4), the key's id, the key."""
    certificate: bytes | None = field(default=None, repr=False)
    """PEM, the certificate and its key."""

    def hand_to(self, curl: pycurl.Curl) -> None:
        """Make a handle's next requests carry these credentials, and no earlier ones."""
        for option in (pycurl.USERNAME, pycurl.PASSWORD, pycurl.SSLCERT_BLOB, pycurl.SSLKEY_BLOB):
            curl.unsetopt(option)
        curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_BASIC)  # ends signing: the signing option itself cannot be unset
        if self.signing is not None:
            for option, value in zip((pycurl.AWS_SIGV4, pycurl.USERNAME, pycurl.PASSWORD), self.signing, strict=True):
                curl.setopt(option, value)
        if self.certificate is not None:
            curl.setopt(pycurl.SSLCERT_BLOB, self.certificate)
            curl.setopt(pycurl.SSLKEY_BLOB, self.certificate)


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
