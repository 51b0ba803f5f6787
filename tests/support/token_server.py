"""A registry's token server: short-lived signed tokens for those whom it knows, and for what is open to all."""

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.docker_registry import PASSWORD, USER, Who
from tests.support.loopback import LoopbackServer

SERVICE, ISSUER = "test-registry", "test-issuer"


@dataclass
class TokenServer(Who):
    """`open_names` are the repositories that anybody may pull."""

    url: str
    certificate: Path
    open_names: set[str] = field(default_factory=set)
    seconds: int = 60
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Query and `Authorization` of each."""
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __call__(self, name: str) -> dict[str, str]:
        """Return what lets somebody push to `name`."""
        return {"Authorization": f"Bearer {self.issue(name, ['pull', 'push'])}"}

    @property
    def auth(self) -> dict[str, Any]:
        """The registry's configuration."""
        options = {"realm": f"{self.url}/token", "service": SERVICE, "issuer": ISSUER}
        return {"token": options | {"rootcertbundle": str(self.certificate)}}

    def issue(self, name: str | None, actions: list[str]) -> str:
        """Return a token for `name`, or one that opens nothing but the door."""
        now = int(time.time())
        access = [{"type": "repository", "name": name, "actions": actions}] if name else []
        claims = {"iss": ISSUER, "aud": SERVICE, "sub": "", "iat": now, "nbf": now - 5, "exp": now + self.seconds}
        chain = [b64encode(self.make_certificate()).decode()]
        return jwt.encode(claims | {"access": access}, self._key, algorithm="ES256", headers={"x5c": chain})

    def make_certificate(self) -> bytes:
        """Return the key's certificate, made once, in DER."""
        if not self.certificate.exists():
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ISSUER)])
            now = datetime.now(UTC)
            made = (
                x509.CertificateBuilder(name, name, self._key.public_key(), x509.random_serial_number())
                .not_valid_before(now - timedelta(hours=1))
                .not_valid_after(now + timedelta(days=1))
                .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                .sign(self._key, hashes.SHA256())
            )
            self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).public_bytes(serialization.Encoding.DER)

    def answer(self, query: str, authorization: str | None) -> tuple[int, dict[str, object]]:
        """Return status and document for a request."""
        self.requests.append((query, authorization))
        asked = parse_qs(query)
        scope = asked.get("scope", [""])[0].split(":")
        name = scope[1] if len(scope) == 3 else None
        if authorization is not None:
            is_known = b64decode(authorization.removeprefix("Basic ")).decode() == f"{USER}:{PASSWORD}"
            if not is_known:
                return 401, {"details": "incorrect username or password"}
        elif name not in self.open_names:
            name = None
        return 200, {"token": self.issue(name, ["pull"]), "expires_in": self.seconds}


@contextmanager
def serve_tokens(folder: Path) -> Iterator[TokenServer]:
    """Serve tokens on a loopback port of their own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, document = tokens.answer(urlsplit(self.path).query, self.headers.get("Authorization"))
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with LoopbackServer(Handler) as server:
        tokens = TokenServer(f"http://{server.address}", folder / "tokens.pem")
        tokens.make_certificate()
        yield tokens
