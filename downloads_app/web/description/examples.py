"""Examples of what comes in and goes out, made from the schemas: a property's own, or by its name, or by its type."""

from typing import Any

_ID = "4f3a9c1e-6c1b-4f0e-9a53-0b1f4f7c2d11"
_TIME = "2024-01-01T00:00:00Z"
EXAMPLES: dict[str, Any] = {
    "Login": {"username": "alice", "password": "correct horse battery"},
    "Tokens": {"access_token": "eyJhbGciOi…", "refresh_token": "eyJhbGciOi…", "token_type": "Bearer"},
    "Refresh": {},
    "NewUser": {"username": "alice", "password": "correct horse battery", "role": "user"},
    "UserChange": {"quota_bytes": 500_000_000_000},
    "NewProvider": {"name": "hub", "kind": "huggingface", "url": "https://huggingface.co", "token": "hf_…"},
    "ProviderChange": {"max_connections": 8},
    "NewDownload": {"provider": "hub", "repository": "org/name", "include": ["*.safetensors"], "priority": 5},
    "Wanted": {"provider": "hub", "repository": "org/name", "include": ["*.safetensors"]},
    "Health": {"status": "ok"},
    "Ready": {"status": "ok", "worker_alive": True},
}
"""Examples that no rule finds: of bodies where not everything goes together, and of what has no schema."""
_BY_NAME: dict[str, Any] = {
    "username": "alice",
    "by": "alice",
    "role": "user",
    "name": "org/name",
    "repository": "org/name",
    "provider": "hub",
    "revision": "main",
    "commit": "9f8491a0c7d64f3a9c1e6c1b4f0e9a530b1f4f7c",
    "path": "model.safetensors",
    "current_file": "model.safetensors",
    "status": "downloading",
    "url": "https://huggingface.co",
    "host": "worker-1",
    "address": "203.0.113.7",
    "client": "Mozilla/5.0",
    "licence": "apache-2.0",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "message": "All downloads completed",
    "error": "Failed to get downloads: Database error",
    "version": "0.1.0",
    "code": 404,
    "errors": {},
    "size_bytes": 10240000,
    "total_bytes": 10240000,
    "current_bytes": 1024000,
    "eta_seconds": 9,
    "download_speed": 1048576,
}
_BY_TYPE: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": False, "string": "text", "object": {}, "null": None}
_BY_FORMAT = {"date-time": _TIME, "uuid": _ID, "binary": "…"}


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "") -> Any:
    """Return an example of a schema; `schemas` are the components that it may refer to."""
    reference = schema.get("$ref")
    if reference is not None:
        component = reference.rpartition("/")[2]
        return EXAMPLES[component] if component in EXAMPLES else example_of(schemas[component], schemas, name)
    for key in ("example", "default", "const"):
        if schema.get(key) is not None:
            return schema[key]
    if "properties" in schema:
        return {key: example_of(inner, schemas, key) for key, inner in schema["properties"].items()}
    kinds = [schema["type"]] if isinstance(schema.get("type"), str) else schema.get("type", [])
    if "array" in kinds:
        return [example_of(schema["items"], schemas, name.removesuffix("s"))]
    return _example_of_value(schema, kinds, name)


def _example_of_value(schema: dict[str, Any], kinds: list[str], name: str) -> Any:
    if schema.get("format") in _BY_FORMAT and "null" not in kinds:
        return _BY_FORMAT[schema["format"]]
    choices = schema.get("enum")
    known = _ID if name == "id" or name.endswith("_id") else _BY_NAME.get(name)
    if known is not None and (not choices or known in choices):
        return known
    if choices:
        return choices[0]
    if "null" in kinds:
        return None
    return _BY_TYPE[next(iter(kinds), "null")]
