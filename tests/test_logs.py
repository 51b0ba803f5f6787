"""How log lines look."""

import json
import logging
import time
from datetime import UTC, datetime, timedelta

import pytest

from downloads_app.logs import dict_config


def test_a_json_line_tells_its_time_with_the_zone_as_nginx_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside nginx's lines a time without zone would be another clock, wherever the machine is not in UTC."""
    formatter = dict_config("json")["formatters"]["line"]["()"]()
    record = logging.makeLogRecord({"msg": "ready", "levelname": "INFO", "created": 1_800_000_000.25})
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        told = json.loads(formatter.format(record))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert told["asctime"] == "2027-01-15T13:30:00.250+05:30"
    at = datetime.fromisoformat(told["asctime"])
    assert at == datetime.fromtimestamp(1_800_000_000, UTC) + timedelta(milliseconds=250)
    assert told["message"] == "ready"
