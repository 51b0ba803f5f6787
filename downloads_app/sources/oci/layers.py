"""Decides which layers of a manifest are files, and names them.

A layer's own title is used (ORAS, the CNCF's and Docker's model formats). Without one, its media type decides.
"""

from collections import Counter
from collections.abc import Iterator

from downloads_app.sources.oci.manifests import EMPTY_TYPE, Descriptor, Manifest

_TITLES = ("org.opencontainers.image.title", "org.cncf.model.filepath")
_UNPACK = "io.deis.oras.content.unpack"
"""ORAS sets this on a packed folder. The layer's title is then the folder's name."""
_NAMES = {
    "application/vnd.ollama.image.model": "{label}.gguf",
    "application/vnd.ollama.image.projector": "{label}-projector.gguf",
    "application/vnd.ollama.image.adapter": "{label}-adapter.gguf",
    "application/vnd.ollama.image.draft": "{label}-draft.gguf",
    "application/vnd.ollama.image.template": "template",
    "application/vnd.ollama.image.system": "system",
    "application/vnd.ollama.image.license": "license",
    "application/vnd.ollama.image.params": "params.json",
    "application/vnd.ollama.image.messages": "messages.json",
    "application/vnd.docker.ai.gguf.v3": "{label}.gguf",
    "application/vnd.docker.ai.gguf.v3.lora": "{label}-adapter.gguf",
    "application/vnd.docker.ai.gguf.v3.mmproj": "{label}-mmproj.gguf",
    "application/vnd.docker.ai.mmproj": "{label}-mmproj.gguf",
    "application/vnd.docker.ai.safetensors": "{label}.safetensors",
    "application/vnd.docker.ai.dduf": "{label}.dduf",
    "application/vnd.docker.ai.license": "license",
    "application/vnd.docker.ai.chat.template.jinja": "template.jinja",
    "application/vnd.docker.ai.vllm.config.tar": "config.tar",
    "application/vnd.docker.ai.dir.tar": "{label}.tar",
}
_SUFFIXES = {"+gzip": ".tar.gz", ".gzip": ".tar.gz", "+zstd": ".tar.zst", ".tar": ".tar", "+json": ".json"}
_MODEL_SUFFIXES = ("gguf", "safetensors")
_SHORT_DIGITS = 12


def name_layers(manifest: Manifest, label: str) -> Iterator[tuple[str, Descriptor]]:
    """Yield each file's path, not yet checked, and its blob. `label` is the name for the model's own files.

    The parts of a model get the numbers that llama.cpp and transformers expect. The configuration comes last.
    """
    layers = list({(layer.sha256, _read_title(layer), layer.media_type): layer for layer in manifest.layers}.values())
    names = [_read_title(layer) or _name_by_type(layer, label) for layer in layers]
    untitled = Counter(name for name, layer in zip(names, layers, strict=True) if not _read_title(layer))
    used: Counter[str] = Counter()
    for name, layer in zip(names, layers, strict=True):
        if not _read_title(layer) and untitled[name] > 1:
            used[name] += 1
            name = _number(name, used[name], untitled[name])
        yield name, layer
    config = manifest.config
    if config is not None and config.media_type != EMPTY_TYPE and config.size_bytes:
        yield "oci-config.json" if "config.json" in names else "config.json", config


def _read_title(layer: Descriptor) -> str | None:
    title = next((layer.annotations[name] for name in _TITLES if layer.annotations.get(name)), None)
    is_packed = layer.annotations.get(_UNPACK) == "true"
    return f"{title.rstrip('/')}{_suffix_of(layer.media_type) or '.tar'}" if title and is_packed else title


def _name_by_type(layer: Descriptor, label: str) -> str:
    name = _NAMES.get(layer.media_type)
    return name.format(label=label) if name else layer.sha256[:_SHORT_DIGITS] + _suffix_of(layer.media_type)


def _suffix_of(media_type: str) -> str:
    return next((suffix for ending, suffix in _SUFFIXES.items() if media_type.endswith(ending)), "")


def _number(name: str, number: int, count: int) -> str:
    """Return the name of the `number`th of `count` files of a kind (from 1)."""
    stem, dot, suffix = name.rpartition(".")
    if suffix in _MODEL_SUFFIXES:
        return f"{stem}-{number:05}-of-{count:05}.{suffix}"
    if number == 1:
        return name
    return f"{stem}-{number}{dot}{suffix}" if stem else f"{name}-{number}"
