"""Checks of a provider's secrets and allowed hosts. All raise InvalidInput, and never repeat a secret."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from downloads_app.errors import InvalidInput

MAX_SECRET_LENGTH = 8192
MAX_CERTIFICATE_LENGTH = 65_536
MAX_RSA_BITS = 4096
"""Each handshake signs with the key, and the time grows with the cube of its length."""
MAX_ALLOWED_HOSTS = 50
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
"""A `token` of RFC 9110."""
_OUR_HEADERS = {
    *("host", "range", "if-range", "content-length", "transfer-encoding", "te", "trailer", "connection"),
    *("keep-alive", "upgrade", "expect", "accept-encoding", "proxy-authorization", "proxy-connection"),
}
"""Headers that we set ourselves: another value could change which bytes arrive, or where a request ends."""


def check_token(token: str) -> str:
    """Return a token that can stand in a header, without the spaces around it."""
    token = token.strip()
    if not token.isascii() or not token.isprintable() or " " in token or len(token) > MAX_SECRET_LENGTH:
        raise InvalidInput("A token has only printable ASCII characters", {"token": "not a token"})
    return token


def check_username(username: str | None) -> str | None:
    """Return a name for Basic authentication, in which a colon would end it (RFC 7617); the empty one is none."""
    if username and (not username.isprintable() or ":" in username or len(username) > MAX_SECRET_LENGTH):
        raise InvalidInput("A user name has only printable characters and no colon", {"username": "not a user name"})
    return username or None


def check_password(password: str) -> str:
    """Return a password for Basic authentication, or the secret key that signs requests."""
    if not password.isprintable() or len(password) > MAX_SECRET_LENGTH:
        raise InvalidInput("A password has only printable characters", {"password": "not a password"})
    return password


def check_header_name(name: str | None) -> str | None:
    """Return the name of a header that we do not set ourselves; an empty name is None."""
    if not name:
        return None
    if not _HEADER_NAME.fullmatch(name):
        raise InvalidInput(f"{name[:100]!r} is not the name of a header", {"header_name": "not a header's name"})
    if name.lower() in _OUR_HEADERS:
        raise InvalidInput(f"The header {name} is set by each request itself", {"header_name": "not to be set"})
    return name


def check_header_value(value: str) -> str:
    """Return what can stand in one line of a request's head, without the spaces around it."""
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or len(value) > MAX_SECRET_LENGTH:
        raise InvalidInput("A header's value is printable ASCII in one line", {"header_value": "not a header's value"})
    return value


def check_client_certificate(pem: str) -> str:
    """Return PEM with a certificate and its own key. The key has no passphrase, because nobody could type it."""
    if len(pem) > MAX_CERTIFICATE_LENGTH:
        raise _unfit_certificate("it is too long")
    from cryptography import x509  # each command would wait for it, and hardly any judges a certificate
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    fault = None
    try:
        content = pem.encode()
        certificate = x509.load_pem_x509_certificates(content)[0]
        key = load_pem_private_key(content, None, unsafe_skip_rsa_key_validation=True)  # that takes seconds
    except TypeError:
        fault = "its key is encrypted; give it without a passphrase"
    except ValueError:
        fault = "it has no certificate and private key in PEM that can be read"
    else:
        if isinstance(key, RSAPrivateKey) and key.key_size > MAX_RSA_BITS:
            raise _unfit_certificate(f"its RSA key has more than {MAX_RSA_BITS} bits")
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
            fault = "its first certificate is not the one of its key"
    if fault:
        raise _unfit_certificate(fault)
    return pem


def _unfit_certificate(fault: str) -> InvalidInput:
    return InvalidInput(f"This cannot be a client certificate: {fault}", {"client_certificate": fault})


def check_allow_hosts(hosts: Sequence[str] | None) -> list[str]:
    """Return hosts as a URL names them: `host` or `host:port`."""
    if len(hosts or ()) > MAX_ALLOWED_HOSTS:
        raise InvalidInput(f"No more than {MAX_ALLOWED_HOSTS} hosts can be allowed", {"allow_hosts": "too many"})
    for host in hosts or ():
        if not _is_host(host):
            raise InvalidInput(f"{host[:100]!r} is not a host, or host:port", {"allow_hosts": "not a host"})
    return list(hosts or ())


def _is_host(host: str) -> bool:
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return False
    is_plain = host.isascii() and host.isprintable() and not set(host) & set(" \\/?#@*")
    return is_plain and bool(parts.hostname) and len(host) <= 300 and not host.endswith(":")
