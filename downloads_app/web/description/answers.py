"""The errors that an operation can answer, found by what kind of operation it is."""

from typing import Any

ERROR = {
    "type": "object",
    "description": "What every error looks like.",
    "required": ["code", "status", "message", "errors", "request_id"],
    "properties": {
        "code": {"type": "integer", "description": "the HTTP status"},
        "status": {"type": "string", "description": "its name"},
        "message": {"type": "string", "description": "the cause, in a sentence"},
        "errors": {"type": "object", "description": "what is wrong, by field"},
        "request_id": {"type": ["string", "null"], "description": "stands in the log of the service"},
    },
}
RETRY_AFTER = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_BY_CODE: dict[int, tuple[str, str, str, dict[str, Any]]] = {
    # status: its name, when, an example of its message, headers
    400: ("Bad Request", "No HTTP, no JSON, or a value that is out of range.", "Invalid JSON body.", {}),
    401: (
        "Unauthorized",
        "No token, or one that is not good (any more).",
        "Missing token",
        {"WWW-Authenticate": {"$ref": "#/components/headers/WWW-Authenticate"}},
    ),
    403: (
        "Forbidden",
        "The caller may not do this, or has to change the password first.",
        "Only an admin may do this",
        {},
    ),
    404: ("Not Found", "There is no such thing, or not for this caller.", "There is no download 4f3a", {}),
    408: ("Request Timeout", "The body did not arrive in time.", "The request's body is not here after 20 s", {}),
    409: (
        "Conflict",
        "The present state does not allow it, or a number of things is reached.",
        "Download 4f3a is completed; it cannot be paused",
        {},
    ),
    413: ("Request Entity Too Large", "The body is larger than 64 KiB.", "The data value is too large.", {}),
    415: (
        "Unsupported Media Type",
        "The body is not JSON.",
        "Send JSON, with Content-Type: application/json",
        {},
    ),
    416: ("Requested Range Not Satisfiable", "The file is shorter than the range.", "The range is not there", {}),
    422: ("Unprocessable Entity", "A field or an argument is wrong or unknown.", "priority: Not a valid integer.", {}),
    424: ("Failed Dependency", "The provider fails, and why.", "The provider did not answer within 30 s", {}),
    429: ("Too Many Requests", "Too many at once, or too often.", "Too many wrong passwords", RETRY_AFTER),
    503: ("Service Unavailable", "The database or this process cannot at the moment.", "Too many sign-ins at once", {}),
}


def name_of(code: int) -> str:
    """Return the name of an error's component."""
    return _BY_CODE[code][0].replace(" ", "")


def error_answers() -> dict[str, Any]:
    """Return the components of all errors."""
    return {name_of(code): _describe(code) for code in _BY_CODE}


def _describe(code: int) -> dict[str, Any]:
    status, description, message, headers = _BY_CODE[code]
    example = {"code": code, "status": status, "message": message, "errors": {}, "request_id": "5f0c4b8e2d6a4e9f"}
    return {
        "description": description,
        "headers": {"X-Request-Id": {"$ref": "#/components/headers/X-Request-Id"}, **headers},
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}, "example": example}},
    }


def codes_of(operation: dict[str, Any], method: str, access: str | None) -> set[int]:
    """Return the errors that an operation can answer, beside those that it names itself."""
    codes = {503} if access or "requestBody" in operation else {400}  # a request that is no HTTP
    if access is not None:
        codes |= {401, 429} if access != "ended" else {401, 415, 422}  # it wants no body and no argument
    if access in ("user", "admin"):
        codes.add(403)
    if access in ("user", "admin") and method in ("post", "put", "patch", "delete"):
        codes |= {400, 408, 409, 413, 415, 422}  # of the body and of Idempotency-Key
    places = {parameter.get("in") for parameter in operation.get("parameters", ())}
    if "path" in places:
        codes.add(404)
    if "query" in places:
        codes.add(422)
    if any(parameter.get("name") == "user_id" for parameter in operation.get("parameters", ())):
        codes.add(404)
    if "requestBody" in operation:
        codes |= {400, 408, 413, 415, 422}
        if access in ("user", "admin"):
            codes.add(404)  # what a body names
    return codes
