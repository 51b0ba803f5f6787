"""The demo's providers: a hub that can be searched, and a web server that is not always well."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.file_server import Fault, FileServer
from tests.support.hub import Hub

MEBIBYTE = 1 << 20
BYTES_PER_SECOND = 4 * MEBIBYTE
REPOSITORIES: dict[str, list[tuple[str, int]]] = {
    "nimbus/nimbus-7b-instruct-GGUF": [(f"nimbus-7b-instruct-Q{q}_K_M.gguf", 9 * q) for q in (2, 4, 5, 8)],
    "nimbus/nimbus-1b-GGUF": [("nimbus-1b-Q4_K_M.gguf", 16), ("nimbus-1b-Q8_0.gguf", 30)],
    "atelier/sketch-diffusion": [
        ("unet/diffusion_model.safetensors", 60),
        ("vae/vae.safetensors", 20),
        ("text_encoder/model.safetensors", 30),
        *[(f"samples/sample {number:02}.png", 1) for number in range(1, 13)],
    ],
    "papers/tiny-embeddings": [(f"shards/embeddings-{number:03}.safetensors", 2) for number in range(1, 31)],
    "lumen/dictation-medium": [("model.safetensors", 50), ("tokenizer.json", 1)],
    "lumen/dictation-private": [("model.safetensors", 8)],
}
"""The sizes of the hub's files in MiB."""
GATED = {"lumen/dictation-private"}
MIRRORED = {"lumen/dictation-large": 8, "archive/old-bert": 18}
"""What the web server has, in MiB."""
DAMAGED = "lumen/dictation-large/model.safetensors"


@dataclass
class Samples:
    """Both servers, and what the demo does to the second one."""

    hub: Hub
    mirror: FileServer
    _whole: bytes = b""

    def damage(self) -> None:
        """Let a file be other than its listing says."""
        self._whole = self._whole or self.mirror.files[DAMAGED]
        self.mirror.files[DAMAGED] = bytes(len(self._whole))

    def mend(self) -> None:
        """Let it be what its listing says."""
        self.mirror.files[DAMAGED] = self._whole or self.mirror.files[DAMAGED]

    def take_down(self) -> None:
        """Answer every request with 503."""
        self.mirror.refusal, self.mirror.most_allowed_at_once = Fault(status=503), 0

    def bring_up(self) -> None:
        """Answer again."""
        self.mirror.most_allowed_at_once = None

    def forget(self) -> None:
        """Forget what was asked: the demo may be left open for days."""
        for seen in (self.hub.requests, self.hub.cdn_requests, self.mirror.requests, self.mirror.connections):
            seen.clear()


@contextmanager
def serving(folder: Path, faster: float = 1.0) -> Iterator[Samples]:
    """Make the sample files below `folder`, `faster` times as small, and serve them slowly."""
    block_bytes = int(MEBIBYTE / faster)
    with Hub() as hub, FileServer() as mirror:
        for name, files in REPOSITORIES.items():
            for path, size in files:
                target = folder / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(_content(path, f"{name}/{path}", size * block_bytes))
            (folder / name / "README.md").write_text(f"# {name}\n\nA sample.\n")
            hub.add(name, folder / name, gated=name in GATED)
        for name, size in MIRRORED.items():
            remote = mirror.put(f"{name}/model.safetensors", _content("model.safetensors", name, size * block_bytes))
            listed = [{"path": "model.safetensors", "size": remote.size_bytes, "sha256": remote.sha256}]
            mirror.put(f"{name}/manifest.json", json.dumps({"files": listed}).encode())
        hub.bytes_per_second = mirror.bytes_per_second = BYTES_PER_SECOND
        yield Samples(hub, mirror)


def _content(path: str, seed: str, size: int) -> bytes:
    """Return about so many bytes that no other file has (equal files would be linked, not fetched)."""
    start, block = b"GGUF" if path.endswith(".gguf") else b"", random.Random(seed).randbytes(min(size, MEBIBYTE))
    return start + block * (size // len(block))
