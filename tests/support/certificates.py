"""Certificates: of an authority of our own for loopback and `hub.invalid`, of its clients, and self-signed ones."""

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "hub.invalid"
"""A name that nobody here can resolve: what answers to it was reached through a proxy."""


def make_authority(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return the authority's PEM file, and a server's context with a certificate for 127.0.0.1 and HOST."""
    authority_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _name("Test authority")
    ca = _sign(authority, authority, authority_key.public_key(), authority_key, is_authority=True)
    certificate = _sign(_name("127.0.0.1"), authority, server_key.public_key(), authority_key, is_authority=False)
    ca_file, server_file = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    (folder / "ca.key").write_bytes(_dump(authority_key))
    server_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + _dump(server_key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    return ca_file, context


def make_client_certificate(folder: Path) -> str:
    """Return, as PEM, a client's certificate that the authority of `folder` has signed, and its key."""
    authority_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = _name("Test authority")
    certificate = _sign(_name("a client"), issuer, key.public_key(), authority_key, is_authority=False)
    return (certificate.public_bytes(serialization.Encoding.PEM) + _dump(key)).decode()


def write_certificate(folder: Path, host: str = "127.0.0.1", days: int = 30) -> None:
    """Write a self-signed certificate for an address or a name, and its key.

    It is good for so many days; below 0: it ended so many days ago.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    served = x509.DNSName(host) if host[-1].isalpha() else x509.IPAddress(ipaddress.ip_address(host))
    certificate = (
        x509.CertificateBuilder(_name(host), _name(host), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=9))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([served]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(_dump(key))


def _dump(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _sign(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = x509.SubjectAlternativeName([loopback, x509.DNSName(HOST)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(signer, hashes.SHA256())
    )
