"""The certificate: who it is for, until when it is good; HTTP/2; the header that keeps browsers on HTTPS."""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from downloads_app.cli.doctor.address import FAILURES, TIMEOUT_SECONDS, Address, ask
from downloads_app.cli.doctor.finding import Finding, fine, note, wrong

SOON_DAYS = 14


def check_encryption(address: Address) -> Iterator[Finding]:
    """Check the certificate as a browser does."""
    if not address.is_encrypted:
        if address.is_loopback:
            yield note("certificate", "plain HTTP on this machine's own address: nothing to check")
        else:
            text = "plain HTTP: whoever is between reads passwords and tokens"
            yield wrong("certificate", text, "let nginx end TLS (deploy/nginx.conf), and open the page by https://")
        return
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    try:
        with (
            socket.create_connection((address.host, address.port), TIMEOUT_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as encrypted,
        ):
            ends_at, protocol = _end_of(encrypted), encrypted.selected_alpn_protocol()
    except ssl.SSLCertVerificationError as exc:
        advice = "renew it, or get one for this name; SSL_CERT_FILE names a private authority's certificate"
        yield wrong("certificate", f"no browser takes the certificate: {exc.verify_message}", advice)
        return
    except OSError as exc:
        yield wrong(
            "certificate",
            f"no TLS at {address.host}:{address.port}: {exc.strerror or exc}",
            "start nginx; open the port",
        )
        return
    yield _judge_end(ends_at)
    yield _judge_protocol(protocol)
    yield from _check_stay(address)


def _judge_end(ends_at: datetime) -> Finding:
    days = (ends_at - datetime.now(UTC)).days
    text = f"the certificate is good until {ends_at:%Y-%m-%d}, for {days} days"
    if days < SOON_DAYS:
        return wrong("certificate", text, "renew it now, and see why that has not happened by itself")
    return fine("certificate", text)


def _judge_protocol(protocol: str | None) -> Finding:
    if protocol == "h2":
        return fine("http", "HTTP/2: a browser may hold any number of streams")
    text = "only HTTP/1.1: a browser's seventh tab hangs, for it opens six connections to a server"
    return note("http", text, "listen … ssl http2 in nginx")


def _check_stay(address: Address) -> Iterator[Finding]:
    try:
        stays = ask(address, "GET", "/healthz").headers.get("Strict-Transport-Security")
    except FAILURES:
        return  # told by the check of the proxy
    if not stays:
        text = "no Strict-Transport-Security: a first visit by http:// can be led astray"
        yield note("certificate", text, "add the header in nginx, as deploy/nginx.conf has it")


def _end_of(encrypted: ssl.SSLSocket) -> datetime:
    certificate = encrypted.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
