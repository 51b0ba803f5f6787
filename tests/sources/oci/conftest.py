"""A registry with a token server and a CDN of its own, and one with a password, filled once for all tests here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from downloads_app.sources import Access
from tests.support.docker_registry import HTPASSWD, PASSWORD, USER, DockerRegistry, Layer, Named
from tests.support.file_server import FileServer
from tests.support.token_server import TokenServer, serve_tokens
from tests.worker.transfer.transferring import noise

GGUF = b"GGUF" + noise(400_000, 7)
CONFIG = Layer("application/vnd.oci.empty.v1+json", b"{}")
OLLAMA = [
    Layer("application/vnd.ollama.image.model", GGUF),
    Layer("application/vnd.ollama.image.template", b"{{ .Prompt }}"),
    Layer("application/vnd.ollama.image.params", b'{"stop":["<|end|>"]}'),
    Layer("application/vnd.ollama.image.license", b"The first licence"),
    Layer("application/vnd.ollama.image.license", b"The second licence"),
]
OLLAMA_CONFIG = Layer("application/vnd.docker.container.image.v1+json", b'{"model_format":"gguf"}')
ARTIFACT = [
    Layer("application/octet-stream", noise(300_000, 8), "weights/model one.bin"),
    Layer("text/markdown", b"# About", "README.md"),
]


@dataclass
class Tokens:
    """A registry that wants tokens, its token server, and the CDN to which it sends for its blobs."""

    registry: DockerRegistry
    tokens: TokenServer
    cdn: FileServer
    digests: dict[str, str]

    def open(self, **options: object) -> Access:
        """Return access to it as nobody, or with what `options` say."""
        return Access(self.registry.url, allow_private_network=True, **options)  # type: ignore[arg-type]  # as given


@pytest.fixture(scope="session")
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tokens]:
    """`library/tiny` and `open/artifact` are anybody's, `closed/artifact` is not."""
    folder = tmp_path_factory.mktemp("registry")
    with serve_tokens(folder) as tokens, FileServer() as cdn:
        tokens.open_names |= {"library/tiny", "open/artifact", "open/images"}
        with DockerRegistry(folder, auth=tokens.auth, redirect_to=cdn.url) as registry:
            digests = {
                "tiny": registry.push("library/tiny", "1b", OLLAMA, OLLAMA_CONFIG, tokens),
                "open": registry.push("open/artifact", "latest", ARTIFACT, CONFIG, tokens),
                "closed": registry.push("closed/artifact", "v1", ARTIFACT, CONFIG, tokens),
            }
            _publish(registry, cdn)
            yield Tokens(registry, tokens, cdn, digests)


@pytest.fixture(scope="session")
def with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    """A registry that opens to one name and password; it holds `org/artifact`."""
    folder = tmp_path_factory.mktemp("registry")
    (folder / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    with DockerRegistry(folder, auth=auth) as registry:
        registry.push("org/artifact", "latest", ARTIFACT, CONFIG, Named())
        yield registry


@pytest.fixture
def password_access(with_password: DockerRegistry) -> Access:
    """Return access with the right password."""
    return Access(with_password.url, username=USER, password=PASSWORD, allow_private_network=True)


def _publish(registry: DockerRegistry, cdn: FileServer) -> None:
    """Put at the CDN what the registry has stored: its addresses are paths of the storage."""
    for path in Path(registry.data).rglob("data"):
        cdn.put(str(path.relative_to(registry.data)), path.read_bytes())
