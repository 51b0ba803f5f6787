"""The live stream and the health checks in the description: flask-smorest knows only resources."""

from typing import Any

from downloads_app.web.description.examples import EXAMPLES

SCHEMAS: dict[str, Any] = {
    "UpdateEvent": {
        "type": "object",
        "description": "`event: update`: all active downloads that the caller may see, each time whole.",
        "required": ["type", "downloads"],
        "properties": {
            "type": {"const": "update"},
            "downloads": {"type": "array", "items": {"$ref": "#/components/schemas/StreamedDownload"}},
        },
    },
    "CompleteEvent": {
        "type": "object",
        "description": "`event: complete`: nothing is active; the server closes. Not sent because of an error.",
        "required": ["type", "message"],
        "properties": {"type": {"const": "complete"}, "message": {"type": "string"}},
    },
    "ErrorEvent": {
        "type": "object",
        "description": "`event: error`: this time there is no data; or the token is no longer good, and the end.",
        "required": ["type", "error"],
        "properties": {"type": {"const": "error"}, "error": {"type": "string"}},
    },
    "Health": {
        "type": "object",
        "description": "Whether the service answers.",
        "required": ["status"],
        "properties": {
            "status": {"const": "ok"},
            "worker_alive": {"type": "boolean", "description": "whether a worker spoke within a lease"},
        },
    },
}
_EVENTS = {"update": "UpdateEvent", "complete": "CompleteEvent", "error": "ErrorEvent"}


def _event(name: str, schema: str) -> dict[str, Any]:
    """Return the schema of an event as a client reads it: its fields by name (OpenAPI 3.2 says how)."""
    content = {"contentMediaType": "application/json", "contentSchema": {"$ref": f"#/components/schemas/{schema}"}}
    return {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"const": name},
            "id": {"type": "string"},
            "retry": {"type": "integer", "description": "milliseconds after which to come back"},
            "data": {"type": "string", **content},
        },
    }


_SAMPLE = {
    "event": "complete",
    "id": "complete-1",
    "data": '{"type":"complete","message":"All downloads completed"}',
}


def streamed_schema(download: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Return the schema of a download as the stream shows it: some keys of the resource's."""
    shown = {key: download["properties"][key] for key in keys}
    return {
        "type": "object",
        "description": "A download as the stream shows it; times are UTC to the second.",
        "required": list(keys),
        "properties": shown,
    }


def _subscribe() -> dict[str, Any]:
    return {
        "operationId": "subscribeToDownloads",
        "tags": ["downloads"],
        "summary": "Follow the active downloads live.",
        "description": "Server-Sent Events: one at once, then one every two seconds, until nothing is active. The "
        "`data` of each is a JSON document of one of three types. A comment comes every 15 s where events are rarer. A "
        "browser that comes back with the `Last-Event-ID` of a `complete` while nothing is active gets 204 and stops.",
        "parameters": [
            {
                "in": "header",
                "name": "Last-Event-ID",
                "description": "the id of the last event that was seen; browsers send it when they come back",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {
                "description": "The stream. Its first event is sent at once.",
                "content": {
                    "text/event-stream": {
                        "schema": {"oneOf": [_event(*one) for one in _EVENTS.items()]},
                        "example": _SAMPLE,
                    }
                },
            },
            "204": {"description": "Still nothing is active: do not come back."},
        },
    }


def _check(name: str, summary: str, description: str, example: str) -> dict[str, Any]:
    answer = {
        "description": "It is well.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Health"}, "example": EXAMPLES[example]}
        },
    }
    return {
        "operationId": name,
        "tags": ["status"],
        "summary": summary,
        "description": description,
        "responses": {"200": answer},
    }


def further_paths() -> dict[str, dict[str, Any]]:
    """Return the operations, by path and method."""
    alive = _check("checkAlive", "Say that the process answers.", "Needs no database.", "Health")
    ready = _check(
        "checkReady",
        "Say whether the database answers.",
        "503 too where migrations are not current. Whether a worker lives is told, and is no reason for 503.",
        "Ready",
    )
    return {
        "/api/downloads/subscribe": {"get": _subscribe()},
        "/healthz": {"get": alive},
        "/readyz": {"get": ready | {"responses": ready["responses"] | {"503": {}}}},
    }
