"""How log lines look: text for people, or JSON for machines (LOG_FORMAT)."""

import logging.config
from datetime import datetime
from typing import Any

from downloads_app import request_ids

TEXT = "[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s"
MAX_SHOWN = 300
JSON_FIELDS = "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"


class TextFormatter(logging.Formatter):
    """Writes lines of TEXT, with the id of the request before the message where there is one."""

    def __init__(self) -> None:
        super().__init__(TEXT)
        self._with_id = logging.Formatter(TEXT.replace("%(message)s", "[%(request_id)s] %(message)s"))

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and its traceback below."""
        return self._with_id.format(record) if hasattr(record, "request_id") else super().format(record)


def make_json_formatter() -> logging.Formatter:
    """Return what writes a line as JSON, its time as nginx writes it: ISO 8601 with the zone."""
    from pythonjsonlogger.json import JsonFormatter

    class JsonLines(JsonFormatter):
        def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
            super().add_fields(log_data, record, message_dict)
            at = datetime.fromtimestamp(record.created).astimezone()
            log_data["asctime"] = at.isoformat(timespec="milliseconds")

    return JsonLines(JSON_FIELDS)


def dict_config(log_format: str) -> dict[str, Any]:
    """Return a configuration for the whole process, gunicorn's loggers included: everything to stderr."""
    formatter = {"()": make_json_formatter if log_format == "json" else TextFormatter}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "filters": {"request_id": {"()": lambda: request_ids.add_to}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "downloads_app": {"level": "INFO"},
            "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
            "gunicorn.access": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
        },
    }


def one_line(text: str) -> str:
    """Return a text from outside in a form for the log: one line, at most MAX_SHOWN characters, controls escaped."""
    cut = text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def configure(log_format: str) -> None:
    """Configure the logging of a process that is not gunicorn's."""
    logging.config.dictConfig(dict_config(log_format))
