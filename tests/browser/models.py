"""A hub that can be searched, and a registry with tags, as further providers of the stack."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Download
from downloads_app.services.providers import catalog
from tests.browser.stack import Stack
from tests.support.docker_registry import DockerRegistry, Layer, Who
from tests.support.hub import Hub

QUANTIZED = {
    "model-Q4_K_M.gguf": 300,
    "model-Q8_0.gguf": 600,
    "mmproj-F16.gguf": 50,
    "README.md": 10,
    "config.json": 2,
}
SHARDED = {
    **{f"model-0000{number}-of-00003.safetensors": 100 for number in (1, 2, 3)},
    "config.json": 2,
    "tokenizer.json": 20,
    "README.md": 10,
    "pytorch_model.bin": 300,
}
"""Sizes in thousands of bytes."""
CLOSED = ("lumen/gated", "lumen/private")


def write_files(folder: Path, sizes: dict[str, int]) -> Path:
    """Write files of these sizes; return their folder."""
    folder.mkdir()
    for path, kilobytes in sizes.items():
        content = (b"GGUF" if path.endswith(".gguf") else b"") + f"{folder.name}/{path}".encode() * 1000
        (folder / path).write_bytes(content[:1000] * kilobytes)
    return folder


@contextmanager
def models_hub(stack: Stack, folder: Path) -> Iterator[Hub]:
    """Serve models, some of them closed, as the provider `models`."""
    quantized, sharded = write_files(folder / "quantized", QUANTIZED), write_files(folder / "sharded", SHARDED)
    with Hub() as hub:
        hub.add("nimbus/nimbus-7b-GGUF", quantized).commit(write_files(folder / "v2", {"model-Q6_K.gguf": 40}), "v2")
        hub.add("lumen/other", quantized)
        hub.add("lumen/sharded", sharded)
        hub.add("lumen/gated", sharded, gated=True)
        hub.add("lumen/private", sharded, private=True)
        with provided(stack, "models", "huggingface", hub.url):
            yield hub


@contextmanager
def tagged_registry(stack: Stack, folder: Path) -> Iterator[DockerRegistry]:
    """Serve a model as `library/tiny:1b`, as Ollama's registry does, as the provider `registry`."""
    model = Layer("application/vnd.ollama.image.model", b"GGUF" + bytes(20_000))
    config = Layer("application/vnd.docker.container.image.v1+json", b'{"model_format":"gguf"}')
    with DockerRegistry(folder) as registry:
        registry.push("library/tiny", "1b", [model], config, Who())
        with provided(stack, "registry", "oci", registry.url):
            yield registry


@contextmanager
def provided(stack: Stack, name: str, kind: str, url: str) -> Iterator[None]:
    """Have a provider; it goes at the end, with the rows of its downloads."""
    with stack.app.app_context():
        catalog.add_provider(current_settings(), name, kind, url, allow_private_network=True)
        db.session.remove()
    try:
        yield
    finally:
        with stack.app.app_context():
            for download in db.session.query(Download).where(Download.provider.has(name=name)):
                db.session.delete(download)
            db.session.commit()
            catalog.remove_provider(catalog.find_provider(name))
