"""A plain nginx before the application, HTTP/1.1 in the clear; and a certificate for those that speak TLS."""

import os
import subprocess
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support import nginx
from tests.support.server import free_port, wait_until

_CONFIGURATION = """
{user}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {extra}
        location / {{
            proxy_pass http://127.0.0.1:{app_port};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_buffering off;
            proxy_read_timeout 60s;
        }}
    }}
}}
"""


class Proxy:
    """nginx on an ephemeral port; use it as a context manager. `extra` is put into the `server` block."""

    def __init__(self, app_port: int, extra: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._app_port, self._extra = app_port, extra

    def __enter__(self) -> "Proxy":
        self._folder = tempfile.TemporaryDirectory(prefix="proxy-")
        folder = Path(self._folder.name)
        user = "user root;" if os.geteuid() == 0 else ""
        ports = {"port": self.port, "app_port": self._app_port}
        (folder / "nginx.conf").write_text(_CONFIGURATION.format(folder=folder, user=user, extra=self._extra, **ports))
        command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        wait_until((folder / "nginx.pid").exists, what="nginx")
        return self

    def __exit__(self, *_: object) -> None:
        nginx.stop(self._process)
        self._folder.cleanup()


def write_certificate(folder: Path, host: str = "127.0.0.1", days: int = 30) -> None:
    """Write a self-signed certificate for an address or a name, and its key.

    It is good for so many days; below 0: it ended so many days ago.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    served = x509.DNSName(host) if host[-1].isalpha() else x509.IPAddress(ip_address(host))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=9))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([served]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
